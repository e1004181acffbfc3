"""The Resend backend, made safe to repeat.

https://resend.com/docs/dashboard/emails/idempotency-keys: a request that comes a
second time with the same key within 24 hours is answered, but sends nothing.
"""

from typing import Any

from anymail.backends.resend import EmailBackend as ResendBackend
from django.core.mail import EmailMessage


class Resend(ResendBackend):  # type: ignore[misc]  # anymail has no types
    """Send each mail under a key of its own, which its Message-ID serves as."""

    def build_message_payload(self, message: EmailMessage, defaults: Any) -> Any:
        payload = super().build_message_payload(message, defaults)
        if message_id := message.extra_headers.get("Message-ID"):
            payload.headers["Idempotency-Key"] = message_id.strip("<>")
        return payload

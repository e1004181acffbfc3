"""Turn an outbox message into a mail and hand it to the mail server.

Delivered at least once: a process that dies between the server's "accepted" and our
note of it sends again. The Message-ID is made from the outbox message, so mailboxes
that drop repeats do, and Resend gets it as its idempotency key.
"""

import smtplib
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from anymail.exceptions import AnymailAPIError, AnymailRecipientsRefused
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, mailers

from apps.jobs.errors import GiveUpError
from apps.mail.kept import keep
from apps.mail.sealed import unseal

# Too early, too much, or the same mail is under way: the next try may pass.
PASSING: Final = frozenset({401, 403, 408, 409, 425, 429})


class RefusedError(GiveUpError):
    """Raised when the mail server refuses a mail for good."""


def deliver(payload: Mapping[str, Any], *, message_id: UUID) -> None:
    """Send one mail; raises RefusedError when trying again cannot help."""
    message = compose(payload, message_id=message_id)
    if settings.DEBUG:
        keep(message)
    backend = mailers.default
    try:
        backend.send_messages([message])
    except (smtplib.SMTPException, AnymailAPIError, AnymailRecipientsRefused) as error:
        if is_final(error):
            raise RefusedError(reason_of(error)) from error
        raise
    finally:
        # The SMTP backend leaves its connection open when STARTTLS fails.
        backend.close()


def compose(payload: Mapping[str, Any], *, message_id: UUID) -> EmailMultiAlternatives:
    """The mail of an outbox message, with text and HTML."""
    content = unseal(payload["sealed"])
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    headers = {
        "Message-ID": f"<{message_id}@{host}>",
        # Keeps holiday notices from answering (RFC 3834).
        "Auto-Submitted": "auto-generated",
    }
    if url := content["unsubscribe_url"]:
        headers["List-Unsubscribe"] = f"<{url}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message = EmailMultiAlternatives(
        content["subject"], content["text"], to=[payload["to"]], headers=headers
    )
    message.attach_alternative(content["html"], "text/html")
    return message


def is_final(error: Exception) -> bool:
    """Whether the server said no for good, rather than not now.

    A wrong password or key is no verdict on the mail: it waits until that is mended.
    """
    if isinstance(error, AnymailRecipientsRefused):
        return True
    if isinstance(error, AnymailAPIError):
        status = error.status_code
        return status is not None and 400 <= status < 500 and status not in PASSING
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return False
    return any(500 <= code < 600 for code, _ in _answers(error))


def reason_of(error: Exception) -> str:
    """The server's own words."""
    said = [f"{code} {text}" for code, text in _answers(error)]
    return "; ".join(said) or str(error)


def _answers(error: Exception) -> list[tuple[int, str]]:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return [(code, _text(said)) for code, said in error.recipients.values()]
    if isinstance(error, smtplib.SMTPResponseException):
        return [(error.smtp_code, _text(error.smtp_error))]
    return []


def _text(said: bytes | str) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else said

"""Send mail: render it now, in the caller's transaction; the outbox delivers it.

A mail that is posted leaves if and only if the transaction commits, and it leaves
even when the mail server is away at that moment. Nothing else in the product talks
to a mail server.
"""

from collections.abc import Mapping, Sequence
from unicodedata import category
from uuid import UUID

from django.conf import settings
from django.template.loader import render_to_string

from apps.jobs import outbox
from apps.kit.ids import uuid7
from apps.mail.deliver import deliver
from apps.mail.kinds import Kind
from apps.mail.sealed import seal
from apps.mail.unsubscribe import link_for, wants

TOPIC = "mail.send"


class HeaderError(ValueError):
    """Raised for a subject or an address that would smuggle in another header."""


def send(
    template: str,
    *,
    to: str | Sequence[str],
    context: Mapping[str, object],
    org_id: UUID | None = None,
    unsubscribe_url: str | None = None,
) -> None:
    """Post `templates/emails/<template>/`, one mail to each address.

    `unsubscribe_url` is for notifications only: it adds the headers of RFC 8058.
    Raises HeaderError for line breaks in the subject or an address.
    """
    for address in [to] if isinstance(to, str) else to:
        payload = {
            "template": template,
            "to": one_line(address),
            "sealed": seal(render(template, context, unsubscribe_url=unsubscribe_url)),
        }
        _post(payload, org_id)


def _post(payload: Mapping[str, object], org_id: UUID | None) -> None:
    if settings.MAIL_DELIVERY == "now":
        deliver(payload, message_id=uuid7())
        return
    outbox.post(TOPIC, payload, org_id=org_id)


def notify(
    template: str,
    *,
    kind: Kind,
    people: Mapping[UUID, str],
    context: Mapping[str, object],
    org_id: UUID | None = None,
) -> None:
    """Post a notification to those of `people` (id → address) who want its kind."""
    for user_id in wants(kind, people):
        send(
            template,
            to=people[user_id],
            context=context,
            org_id=org_id,
            unsubscribe_url=link_for(user_id, kind),
        )


def render(
    template: str,
    context: Mapping[str, object],
    *,
    unsubscribe_url: str | None = None,
) -> dict[str, str]:
    """The mail's subject, text and HTML, and its address to unsubscribe at."""
    values = {
        **context,
        "site_url": settings.SITE_URL,
        "unsubscribe_url": unsubscribe_url,
    }
    folder = f"emails/{template}"
    subject = one_line(render_to_string(f"{folder}/subject.txt", values).strip())
    values["subject"] = subject
    return {
        "subject": subject,
        "text": render_to_string(f"{folder}/body.txt", values).strip() + "\n",
        "html": render_to_string(f"{folder}/body.html", values),
        "unsubscribe_url": unsubscribe_url or "",
    }


def one_line(text: str) -> str:
    """The text as it is, unless it holds what could end a header line."""
    # Control characters, line and paragraph separators, halves of a surrogate pair.
    if any(category(sign) in {"Cc", "Zl", "Zp", "Cs"} for sign in text):
        raise HeaderError("A mail header has a line break or a control character.")
    return text

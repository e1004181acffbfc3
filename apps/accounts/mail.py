"""Mail where no mail server is set: to the console, and kept for `/dev/mail/`.

Kept mails hold sign-in links, so only this user can read the files, and only a
development installation (DEBUG) keeps any.
"""

import email
import email.policy
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage as ParsedMessage
from pathlib import Path
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from apps.kit.ids import uuid7

MOST_KEPT: Final = 100


@dataclass(frozen=True)
class KeptMessage:
    """A mail as the page shows it."""

    sent_at: datetime
    to: str
    subject: str
    text: str


class KeptMail(BaseEmailBackend):
    """Print every mail, and keep the latest in the data folder under DEBUG."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            text = message.message().as_bytes()
            sys.stdout.write(f"\n{text.decode(errors='replace')}\n")
            if settings.DEBUG:
                _keep(text)
        sys.stdout.flush()
        return len(email_messages)


def kept_messages() -> list[KeptMessage]:
    """What was sent, newest first."""
    files = sorted(_folder().glob("*.eml"), reverse=True)
    return [_read(path) for path in files]


def _folder() -> Path:
    return Path(settings.DATA_DIR) / "mail"


def _keep(text: bytes) -> None:
    folder = _folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Time-ordered names, so the order of the files is that of the mails.
    path = folder / f"{uuid7()}.eml"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(text)
    for old in sorted(folder.glob("*.eml"))[:-MOST_KEPT]:
        old.unlink(missing_ok=True)


def _read(path: Path) -> KeptMessage:
    parsed = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    body = parsed.get_body(("plain",)) if isinstance(parsed, ParsedMessage) else None
    return KeptMessage(
        sent_at=parsed["date"].datetime,
        to=str(parsed["to"]),
        subject=str(parsed["subject"]),
        text=body.get_content() if body else "",
    )

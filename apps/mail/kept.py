"""What a development installation has sent, for the page at `/dev/mail/`.

Kept mails hold sign-in links, so only this user can read the files, and only a
development installation (DEBUG) keeps any.
"""

import email
import email.policy
import os
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage as ParsedMessage
from pathlib import Path
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage

from apps.kit.ids import uuid7

MOST_KEPT: Final = 100


@dataclass(frozen=True)
class KeptMessage:
    """A mail as the page shows it."""

    name: str
    sent_at: datetime
    to: str
    subject: str
    headers: tuple[tuple[str, str], ...]
    text: str
    html: str


def keep(message: EmailMessage) -> None:
    """Write the mail into the data folder; the oldest beyond a hundred go."""
    folder = _folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Time-ordered names, so the order of the files is that of the mails.
    path = folder / f"{uuid7()}.eml"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(message.message().as_bytes())
    for old in sorted(folder.glob("*.eml"))[:-MOST_KEPT]:
        old.unlink(missing_ok=True)


def kept_messages() -> list[KeptMessage]:
    """What was sent, newest first."""
    files = sorted(_folder().glob("*.eml"), reverse=True)
    return [_read(path) for path in files]


def kept_message(name: str) -> KeptMessage | None:
    # Looked up among the files there are, so that no name leads out of the folder.
    return next((kept for kept in kept_messages() if kept.name == name), None)


def _folder() -> Path:
    return Path(settings.DATA_DIR) / "mail"


def _read(path: Path) -> KeptMessage:
    parsed = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    return KeptMessage(
        name=path.stem,
        sent_at=parsed["date"].datetime,
        to=str(parsed["to"]),
        subject=str(parsed["subject"]),
        headers=tuple((name, str(value)) for name, value in parsed.items()),
        text=_body(parsed, "plain"),
        html=_body(parsed, "html"),
    )


def _body(parsed: object, kind: str) -> str:
    body = parsed.get_body((kind,)) if isinstance(parsed, ParsedMessage) else None
    return str(body.get_content()) if body else ""

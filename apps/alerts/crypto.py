"""Seal and open what a channel keeps to itself: its address, and what signs.

Bound to the organization and the row, so that it opens nowhere else.
"""

import json
from dataclasses import asdict, dataclass, field

from django.conf import settings

from apps.alerts.models import Channel
from apps.kit.sealing import Keyring, Secret


@dataclass(frozen=True, slots=True)
class Contents:
    """What a channel keeps to itself."""

    url: str = field(repr=False)
    # Signs; empty for chats.
    key: str = field(default="", repr=False)
    # Signed before the last rotation.
    previous: str = field(default="", repr=False)


def seal_into(row: Channel, contents: Contents) -> None:
    """Put it into a row that is not saved yet."""
    text = Secret(json.dumps(asdict(contents)))
    row.sealed = _keyring().seal(text, bound_to=place_of(row))
    row.kek_version = _keyring().newest


def opened(row: Channel) -> Contents:
    """What is in clear; raises SealError when the row is damaged or was moved."""
    text = _keyring().open(bytes(row.sealed), bound_to=place_of(row))
    return Contents(**json.loads(text.reveal()))


def place_of(row: Channel) -> str:
    return f"{row.org_id}|alerts|{row.id}"


def _keyring() -> Keyring:
    ring: Keyring = settings.KEY_ENCRYPTION_KEYS
    return ring

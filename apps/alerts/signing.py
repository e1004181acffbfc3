"""Sign what goes to a webhook, and check it as its receiver does; pure.

    X-ModelOptix-Signature: t=1732190400,v1=<hex>[,v1=<hex>]

Each `v1` is HMAC-SHA256 over `<t>.<body>`; there are two while a secret is being
replaced. Whoever checks refuses a `t` that is more than five minutes off, so that a
recorded message cannot be played again later.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from typing import Final

HEADER: Final = "X-ModelOptix-Signature"
WINDOW_S: Final = 300
PREFIX: Final = "whsec_"


def new_secret() -> str:
    return PREFIX + urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=")


def sign(body: bytes, keys: Iterable[str], *, at: int) -> str:
    """The header's value."""
    parts = [f"v1={_digest(key, body, at)}" for key in keys]
    return ",".join([f"t={at}", *parts])


def is_genuine(header: str, body: bytes, key: str, *, now: int) -> bool:
    """Whether a message was signed with this key, within the window."""
    pairs = [part.partition("=")[::2] for part in header.split(",")]
    stamps = [value for name, value in pairs if name == "t"]
    if len(stamps) != 1 or not stamps[0].isascii() or not stamps[0].isdecimal():
        return False
    at = int(stamps[0])
    if abs(now - at) > WINDOW_S:
        return False
    wanted = _digest(key, body, at).encode()
    given = [value.encode() for name, value in pairs if name == "v1"]
    return any(hmac.compare_digest(wanted, value) for value in given)


def _digest(key: str, body: bytes, at: int) -> str:
    signed = str(at).encode() + b"." + body
    return hmac.new(key.encode(), signed, hashlib.sha256).hexdigest()

"""API keys: how they are written, checked without a query, and resolved.

`mx_live_` or `mx_test_`, 32 random base62 characters (190 bits) and their CRC32 in
six more. A random key needs no slow hash: the table holds an HMAC-SHA-256 under a
pepper that the database never sees.
"""

import hashlib
import secrets
import string
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Final, Self
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from apps.accounts.networks import Network, contains, network

ALPHABET: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
PREFIXES: Final = ("mx_live_", "mx_test_")
RANDOM_LENGTH: Final = 32
CHECKSUM_LENGTH: Final = 6
SHOWN_LENGTH: Final = len("mx_live_AbCd")
_LENGTH: Final = len("mx_live_") + RANDOM_LENGTH + CHECKSUM_LENGTH
_LETTERS: Final = frozenset(ALPHABET)
_BLOCK: Final = 64  # bytes of a SHA-256 block

# Every scope there is; docs/keys.md says which address asks for which.
SCOPES: Final = {
    "chat": "Send requests to models",
    "models:read": "List models",
    "usage:read": "Read usage and cost",
    "keys:manage": "Create, change and revoke API keys",
    "members:manage": "Manage members and invitations",
    "audit:read": "Read and export the audit log",
    "provider_keys:manage": "Add, test and remove provider keys",
    "budgets:manage": "Read and change budgets and limits",
    "aliases:manage": "Read and change aliases and the routing policy",
    "privacy:manage": "Change what is kept of prompts, and ask for exports",
    "portfolio:manage": "Read and change the portfolio and its opportunities",
    "checks:run": "Run sanity checks and read their results",
    "switches:manage": "Switch models, undo, and read savings",
    "alerts:manage": "Read alerts; change channels and rules",
}
DEFAULT_SCOPES: Final = ("chat", "usage:read", "models:read")

# Every push names the digest of a key that changed.
CHANNEL: Final = "modeloptix_keys"
RESOLVE_SQL: Final = (
    "SELECT key_id, org_id, is_test, expires_at, scopes, allowed_models, allowed_ips,"
    " requests_per_minute, tokens_per_minute, tags FROM resolve_key(%s)"
)
TOUCH_SQL: Final = "SELECT touch_keys(%s::uuid[])"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: a key of an organization, or a signed-in member without one."""

    key_id: UUID | None
    org_id: UUID
    is_test: bool = False
    expires_at: datetime | None = None
    scopes: frozenset[str] = field(default_factory=frozenset)
    # Ids and globs of models; empty allows all.
    allowed_models: tuple[str, ...] = ()
    # Where the key may be used from; empty is anywhere.
    networks: tuple[Network, ...] = ()
    # The key's own limits; None leaves the installation's.
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    # Such as "team:search", in order; usage can be grouped by them.
    tags: tuple[str, ...] = ()

    @classmethod
    def of_member(cls, org_id: UUID) -> Self:
        return cls(key_id=None, org_id=org_id, scopes=frozenset(SCOPES))

    def may_come_from(self, address: str) -> bool:
        return not self.networks or contains(self.networks, address)


def new_token(*, is_test: bool = False) -> str:
    """A new key in clear; whoever makes it shows it once and stores its digest."""
    letters = (secrets.choice(ALPHABET) for _ in range(RANDOM_LENGTH))
    start = PREFIXES[is_test] + "".join(letters)
    return start + _checksum(start)


def is_well_formed(token: str) -> bool:
    """Whether this can be a key at all: a typo or a fake costs no lookup."""
    if len(token) != _LENGTH or not token.startswith(PREFIXES):
        return False
    if not _LETTERS.issuperset(token[len("mx_live_") :]):
        return False
    return _checksum(token[:-CHECKSUM_LENGTH]) == token[-CHECKSUM_LENGTH:]


def _checksum(text: str) -> str:
    rest, letters = zlib.crc32(text.encode()), ""
    for _ in range(CHECKSUM_LENGTH):
        rest, index = divmod(rest, len(ALPHABET))
        letters = ALPHABET[index] + letters
    return letters


def digest(token: str) -> bytes:
    """What is stored of a key, under the pepper in force."""
    return _digest(token, peppers(settings.KEY_PEPPER)[0][1])


def pepper_version() -> int:
    return peppers(settings.KEY_PEPPER)[0][0]


def earlier_digests(token: str) -> list[bytes]:
    """The digests of a key made under peppers that are being rotated out."""
    return [_digest(token, pepper) for _, pepper in peppers(settings.KEY_PEPPER)[1:]]


def _digest(token: str, pepper: bytes) -> bytes:
    """HMAC-SHA-256 (RFC 2104) from prepared states: half the time of `hmac.digest`."""
    prepared_inner, prepared_outer = _states(pepper)
    inner, outer = prepared_inner.copy(), prepared_outer.copy()
    inner.update(token.encode())
    outer.update(inner.digest())
    return bytes(outer.digest())


@cache
def _states(pepper: bytes) -> tuple[Any, Any]:
    key = pepper if len(pepper) <= _BLOCK else hashlib.sha256(pepper).digest()
    key = key.ljust(_BLOCK, b"\0")
    inner, outer = (bytes(byte ^ pad for byte in key) for pad in (0x36, 0x5C))
    return hashlib.sha256(inner), hashlib.sha256(outer)


@cache
def peppers(setting: str) -> Sequence[tuple[int, bytes]]:
    """The peppers by version, the one in force first: `2:new,1:old`, or just one."""
    if ":" not in setting:
        return [(1, setting.encode())]
    pairs = [part.strip().partition(":") for part in setting.split(",")]
    if not all(number.isdecimal() and pepper for number, _, pepper in pairs):
        raise ImproperlyConfigured("KEY_PEPPER must look like 2:new,1:old.")
    return [(int(number), pepper.encode()) for number, _, pepper in pairs]


def resolve(key_digest: bytes) -> Caller | None:
    """The caller of a live key, by one query that needs no scope."""
    with connection.cursor() as cursor:
        cursor.execute(RESOLVE_SQL, [key_digest])
        row = cursor.fetchone()
    return caller_of_row(row) if row else None


def caller_of_row(row: Sequence[Any]) -> Caller:
    """A row of `resolve_key`, read by whichever client asked."""
    key_id, org_id, is_test, expires_at, scopes, models, ips, *limits, tags = row
    requests, tokens = limits
    return Caller(
        key_id=key_id,
        org_id=org_id,
        is_test=is_test,
        expires_at=expires_at,
        scopes=frozenset(scopes),
        allowed_models=tuple(models),
        networks=tuple(map(network, ips)),
        requests_per_minute=requests,
        tokens_per_minute=tokens,
        tags=tuple(tags),
    )


def touch_keys(ids: Sequence[UUID]) -> None:
    """Note that these keys were used; a key is written at most once a minute."""
    with connection.cursor() as cursor:
        cursor.execute(TOUCH_SQL, [list(ids)])

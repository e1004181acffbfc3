"""Claims and first answers in Postgres, asked by the web processes without blocking.

A claim is one row, so that of any number of processes one runs the request. Its lease
is renewed while it runs; when its process dies, the lease ends by itself. What is kept
of an answer is sealed: it may hold a prompt's echo, and rows of this table outlive the
request by a day.
"""

import asyncio
from dataclasses import dataclass
from typing import Any, Final, Literal
from uuid import UUID

import msgspec
from django.conf import settings

from apps.kit.ids import uuid7
from apps.kit.sealing import Keyring, SealError, Secret
from apps.router.pool import Database

KEPT_FOR_S: Final = 24 * 3600
# A dead process's claim is free after this; a living one renews it in time.
LEASE_S: Final = 15
# Sealing this much takes about a millisecond; more is done in a thread.
LARGE_BYTES: Final = 256_000

_CLAIM: Final = """
    INSERT INTO router_idempotentanswer AS a (
        id, org_id, key_id, name, digest, state, holder, request_id,
        lease_until, created_at, expires_at)
    VALUES (%(id)s, %(org)s, %(key)s, %(name)s, %(digest)s, 'running', %(holder)s,
        %(request)s, now() + %(lease)s * interval '1 second', now(),
        now() + %(kept)s * interval '1 second')
    ON CONFLICT (org_id, key_id, name) DO UPDATE SET
        digest = EXCLUDED.digest, state = 'running', holder = EXCLUDED.holder,
        request_id = EXCLUDED.request_id, lease_until = EXCLUDED.lease_until,
        created_at = EXCLUDED.created_at, expires_at = EXCLUDED.expires_at,
        sealed = NULL
    WHERE a.expires_at <= now() OR (
        a.state = 'running' AND a.lease_until <= now() AND a.digest = EXCLUDED.digest)
    RETURNING a.id
"""
_READ: Final = """
    SELECT id, digest, state, request_id, sealed FROM router_idempotentanswer
    WHERE org_id = %s AND key_id = %s AND name = %s
"""
_RENEW: Final = """
    UPDATE router_idempotentanswer SET lease_until = now() + %s * interval '1 second'
    WHERE org_id = %s AND id = %s AND holder = %s AND state = 'running'
"""
_KEEP: Final = """
    UPDATE router_idempotentanswer SET state = %s, sealed = %s,
        expires_at = now() + %s * interval '1 second'
    WHERE org_id = %s AND id = %s AND holder = %s AND state = 'running'
"""
_RELEASE: Final = """
    DELETE FROM router_idempotentanswer
    WHERE org_id = %s AND id = %s AND holder = %s AND state = 'running'
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Which key of whom, and what it stands for."""

    org_id: UUID
    key_id: UUID
    name: str
    digest: bytes


class Kept(msgspec.Struct, array_like=True, frozen=True):
    """An answer as it goes into the table: text, because almost all of them are."""

    status: int
    headers: list[tuple[str, str]]
    text: str
    encoding: Literal["utf-8", "latin-1"] = "utf-8"

    @property
    def body(self) -> bytes:
        return self.text.encode(self.encoding)


@dataclass(frozen=True, slots=True)
class Claim:
    """This process may run it: the row, and the name of this run."""

    place: Place
    row_id: UUID
    holder: UUID


@dataclass(frozen=True, slots=True)
class Found:
    """Somebody else was first."""

    row_id: UUID
    digest: bytes
    state: str
    request_id: UUID | None
    sealed: bytes | None


def kept(status: int, headers: list[tuple[str, str]], body: bytes) -> Kept:
    try:
        return Kept(status, headers, body.decode())
    except UnicodeDecodeError:
        return Kept(status, headers, body.decode("latin-1"), "latin-1")


@dataclass(slots=True)
class Store:
    """The table of claims; each method raises DatabaseAwayError without Postgres."""

    database: Database

    async def claim(self, place: Place, request_id: UUID) -> Claim | Found:
        """Claim a key, or find out what is known of it."""
        holder = uuid7()
        values = {
            "id": holder,
            "org": place.org_id,
            "key": place.key_id,
            "name": place.name,
            "digest": place.digest,
            "holder": holder,
            "request": request_id,
            "lease": LEASE_S,
            "kept": KEPT_FOR_S,
        }
        where = [place.org_id, place.key_id, place.name]
        while True:
            async with self.database.transaction(place.org_id) as connection:
                mine = await (await connection.execute(_CLAIM, values)).fetchone()
                if mine is not None:
                    return Claim(place, mine[0], holder)
                row = await (await connection.execute(_READ, where)).fetchone()
            if row is not None:
                return Found(*row)
            # Released between the two statements: it is anybody's again.

    async def renew(self, claim: Claim) -> bool:
        """Hold on to a claim; False when it was taken over meanwhile."""
        org_id = claim.place.org_id
        return await self._change(
            org_id, _RENEW, [LEASE_S, org_id, claim.row_id, claim.holder]
        )

    async def keep(self, claim: Claim, answer: Kept | None) -> bool:
        """Keep the first answer; None is one too large to be kept."""
        org_id = claim.place.org_id
        sealed = None if answer is None else await _sealed(claim, answer)
        state = "too_large" if answer is None else "answered"
        values = [state, sealed, KEPT_FOR_S, org_id, claim.row_id, claim.holder]
        return await self._change(org_id, _KEEP, values)

    async def release(self, claim: Claim) -> bool:
        """Forget a claim: a retry may run."""
        org_id = claim.place.org_id
        return await self._change(
            org_id, _RELEASE, [org_id, claim.row_id, claim.holder]
        )

    async def _change(self, org_id: UUID, statement: str, values: list[Any]) -> bool:
        async with self.database.transaction(org_id) as connection:
            cursor = await connection.execute(statement, values)
            return cursor.rowcount == 1


async def _sealed(claim: Claim, answer: Kept) -> bytes:
    text = msgspec.json.encode(answer).decode()
    ring: Keyring = settings.KEY_ENCRYPTION_KEYS
    place = _place_of(claim.place.org_id, claim.row_id)
    if len(text) < LARGE_BYTES:
        return ring.seal(Secret(text), bound_to=place)
    return await asyncio.to_thread(ring.seal, Secret(text), bound_to=place)


def opened(place: Place, found: Found) -> Kept | None:
    """The answer; None when it cannot be opened: its key was rotated out meanwhile."""
    ring: Keyring = settings.KEY_ENCRYPTION_KEYS
    where = _place_of(place.org_id, found.row_id)
    try:
        text = ring.open(found.sealed or b"", bound_to=where).reveal()
    except SealError:
        return None
    return msgspec.json.decode(text, type=Kept)


def _place_of(org_id: UUID, row_id: UUID) -> str:
    return f"{org_id}|idempotent|{row_id}"

"""Answers to questions much like one another, found by their vectors in Postgres.

Everything but the last question must be the same: the model or what chooses it, the
system prompt, the conversation before, tools, parameters, and every number in the
question, because "order 17" and "order 71" are alike to any vector. Among those the
nearest is looked for exactly: they are few, so an approximate index would only lose
some. Off unless the rules of an alias or of the organization set a likeness to accept.
"""

import asyncio
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final
from uuid import UUID

import psycopg
from django.conf import settings

from apps.kit.ids import uuid7
from apps.kit.sealing import Keyring, SealError, Secret
from apps.router.engine.embed import vector_of
from apps.router.pool import Database, DatabaseAwayError

logger = logging.getLogger(__name__)

# More of them in one organization are not added before others have ended.
MOST_ANSWERS: Final = 5000
MOST_WRITES: Final = 32
LOOK_AGAIN_S: Final = 60.0
_NUMBER: Final = re.compile(r"\d+(?:[.,:/-]\d+)*")

_THERE: Final = """
    SELECT EXISTS (SELECT FROM pg_attribute WHERE attname = 'embedding'
        AND attrelid = 'router_semanticanswer'::regclass AND NOT attisdropped)
"""
_FIND: Final = """
    SELECT id, sealed, 1 - (embedding <=> %(vector)s::vector) AS likeness
    FROM router_semanticanswer
    WHERE org_id = %(org)s AND digest = %(digest)s AND expires_at > now()
      AND created_at > now() - %(ttl)s * interval '1 second'
    ORDER BY embedding <=> %(vector)s::vector LIMIT 1
"""
_PUT: Final = """
    INSERT INTO router_semanticanswer (
        id, org_id, alias, digest, sealed, embedding, created_at, expires_at)
    SELECT %(id)s, %(org)s, %(alias)s, %(digest)s, %(sealed)s, %(vector)s::vector,
        now(), now() + %(ttl)s * interval '1 second'
    WHERE %(most)s > (
        SELECT count(*) FROM router_semanticanswer WHERE org_id = %(org)s)
"""


@dataclass(frozen=True, slots=True)
class Question:
    """What is compared (the vector), and what must be the same (the digest)."""

    org_id: UUID
    alias: str
    digest: bytes
    vector: Sequence[float]
    least: float


def last_question(messages: Sequence[Any]) -> str:
    """The text of the last message, if that is a user's and nothing but text."""
    last = messages[-1] if messages else {}
    if last.get("role") != "user":
        return ""
    content = last.get("content")
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    if not all(part.get("type") == "text" for part in parts):
        return ""
    return "\n".join(part["text"] for part in parts)


def numbers_in(text: str) -> list[str]:
    """Every number of a question, in order: they have to be the same."""
    return _NUMBER.findall(text)


def vector_text(text: str) -> list[float]:
    """The vector of a question; all zeros for one without a sign to compare."""
    return [float(number) for number in vector_of(text)]


@dataclass(slots=True)
class SemanticCache:
    """One process's line to the answers found by likeness."""

    database: Database
    _is_there: bool = False
    _looked_at: float = -LOOK_AGAIN_S
    _writes: set[asyncio.Task[None]] = field(default_factory=set)

    async def find(self, asked: Question, *, ttl_s: int) -> tuple[str, float] | None:
        """What answered the likest question, and how like it is; None below `least`."""
        values = {
            "vector": _literal(asked.vector),
            "org": asked.org_id,
            "digest": asked.digest,
            "ttl": ttl_s,
        }
        try:
            if not await self._is_available(asked.org_id):
                return None
            async with self.database.transaction(asked.org_id) as connection:
                row = await (await connection.execute(_FIND, values)).fetchone()
        except (DatabaseAwayError, psycopg.Error) as problem:
            logger.warning("No answer is looked for by likeness: %s", problem)
            return None
        if row is None or row[2] is None or row[2] < asked.least:
            return None
        text = _opened(asked.org_id, row[0], row[1])
        return None if text is None else (text, min(1.0, float(row[2])))

    def put_soon(self, asked: Question, text: str, *, ttl_s: int) -> None:
        """Store it behind the answer; under load it is left out."""
        if len(self._writes) >= MOST_WRITES:
            return
        task = asyncio.create_task(self._put(asked, text, ttl_s))
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)

    async def close(self) -> None:
        """Let what is being written be written."""
        await asyncio.gather(*self._writes, return_exceptions=True)

    async def _put(self, asked: Question, text: str, ttl_s: int) -> None:
        row_id = uuid7()
        ring: Keyring = settings.KEY_ENCRYPTION_KEYS
        values = {
            "id": row_id,
            "org": asked.org_id,
            "alias": asked.alias,
            "digest": asked.digest,
            "sealed": ring.seal(Secret(text), bound_to=_place(asked.org_id, row_id)),
            "vector": _literal(asked.vector),
            "ttl": ttl_s,
            "most": MOST_ANSWERS,
        }
        try:
            if not await self._is_available(asked.org_id):
                return
            async with self.database.transaction(asked.org_id) as connection:
                await connection.execute(_PUT, values)
        except (DatabaseAwayError, psycopg.Error) as problem:
            logger.warning("An answer is not stored by likeness: %s", problem)

    async def _is_available(self, org_id: UUID) -> bool:
        """Whether the column is there; it may be added while we run."""
        if not self._is_there and monotonic() - self._looked_at >= LOOK_AGAIN_S:
            self._looked_at = monotonic()
            async with self.database.transaction(org_id) as connection:
                row = await (await connection.execute(_THERE)).fetchone()
            self._is_there = bool(row and row[0])
        return self._is_there


def _literal(vector: Sequence[float]) -> str:
    return "[" + ",".join(f"{number:.6g}" for number in vector) + "]"


def _place(org_id: UUID, row_id: UUID) -> str:
    return f"{org_id}|semantic|{row_id}"


def _opened(org_id: UUID, row_id: UUID, sealed: bytes) -> str | None:
    ring: Keyring = settings.KEY_ENCRYPTION_KEYS
    try:
        return ring.open(bytes(sealed), bound_to=_place(org_id, row_id)).reveal()
    except SealError:
        return None

"""Keep what prompts were like until their grades come, behind the answers.

Nothing waits for this. What the queue cannot take, or holds when the process is killed,
is lost, and a grade that comes for it is kept but teaches nothing.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Any, Final
from uuid import UUID

import psycopg

from apps.kit.ids import uuid7
from apps.kit.money import from_nano
from apps.router.engine.embed import Vector, packed, vector_of
from apps.router.engine.task import text_of

logger = logging.getLogger(__name__)

MOST_QUEUED: Final = 5_000
BATCH: Final = 500
GATHER_S: Final = 0.3
RETRY_S: Final = 2.0
TIMEOUT_S: Final = 10.0
_INSERT: Final = """
    INSERT INTO router_promptvector
        (id, org_id, request_id, created_at, prompt, vector, model, cost_usd)
    SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::timestamptz[],
        %s::bytea[], %s::bytea[], %s::text[], %s::numeric[])
    ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is learned of a prompt: its text's digest, and what it is like."""

    digest: bytes
    vector: Vector


@dataclass(frozen=True, slots=True)
class Noted:
    """One answered request whose grade may come."""

    org_id: UUID
    request_id: UUID
    created_at: datetime
    prompt: Prompt
    model: str
    cost_nano: int | None


def prompt_of(messages: Sequence[Mapping[str, Any]]) -> Prompt:
    """The last question of a conversation, with what it is told to do."""
    system = (m for m in messages if m.get("role") in {"system", "developer"})
    asked = (m for m in reversed(messages) if m.get("role") == "user")
    parts = (next(asked, None), next(system, None))
    text = "\n".join(text_of(part.get("content")) for part in parts if part)
    digest = blake2b(text.encode(errors="surrogatepass"), digest_size=16).digest()
    return Prompt(digest, vector_of(text))


@dataclass(slots=True)
class Vectors:
    """The queue of one process, and the task that empties it."""

    dsn: str
    queue: deque[Noted] = field(default_factory=lambda: deque(maxlen=MOST_QUEUED))
    _task: asyncio.Task[None] | None = None
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock)

    def offer(self, noted: Noted) -> None:
        """Queue it; the oldest make room."""
        self.queue.append(noted)
        self._wake.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None
        try:
            await self.flush()
        except (psycopg.Error, OSError, TimeoutError) as problem:
            logger.warning("Vectors of prompts were not kept: %s", problem)

    async def flush(self) -> None:
        """Write what is queued; it leaves the queue only after its commit."""
        async with self._writing:
            while self.queue:
                batch = [self.queue[i] for i in range(min(BATCH, len(self.queue)))]
                async with asyncio.timeout(TIMEOUT_S):
                    await self._write(batch)
                for _ in range(min(len(batch), len(self.queue))):
                    self.queue.popleft()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            await asyncio.sleep(GATHER_S)
            self._wake.clear()
            try:
                await self.flush()
            except (psycopg.Error, OSError, TimeoutError) as problem:
                logger.warning("Vectors of prompts wait: %s", problem)
                await asyncio.sleep(RETRY_S)
                self._wake.set()

    async def _write(self, batch: Sequence[Noted]) -> None:
        columns: list[list[Any]] = [
            [uuid7() for _ in batch],
            [one.org_id for one in batch],
            [one.request_id for one in batch],
            [one.created_at for one in batch],
            [one.prompt.digest for one in batch],
            [packed(one.prompt.vector) for one in batch],
            [one.model for one in batch],
            [_dollars(one.cost_nano) for one in batch],
        ]
        connection = await psycopg.AsyncConnection.connect(
            self.dsn, autocommit=True, connect_timeout=3
        )
        async with connection:
            await connection.execute(_INSERT, columns)


def _dollars(nano: int | None) -> Decimal | None:
    return None if nano is None else from_nano(nano)

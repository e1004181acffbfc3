"""Keep prompts and answers, where an organization asked for it, behind the answer.

`offer` only appends to a queue that is bounded in entries and in characters. A task of
the process redacts what is in it, in a thread and in small pieces, and writes it
through `keep_exchanges`. An answer never waits for any of this. What the queue cannot
take, and what it holds when the process is killed, is not kept: a prompt that was not
stored is no loss that anybody is charged for.
"""

import asyncio
import contextlib
import json
import logging
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import psycopg

from apps.privacy.redaction import pieces, redact

logger = logging.getLogger(__name__)

MOST_ENTRIES: Final = 2_000
MOST_CHARACTERS: Final = 32_000_000
# What is kept of one prompt, and of one answer.
KEPT_CHARACTERS: Final = 100_000
PIECE_CHARACTERS: Final = 4_096
BATCH: Final = 50
GATHER_S: Final = 0.2
RETRY_FIRST_S: Final = 0.5
RETRY_MOST_S: Final = 30.0
STOP_WAIT_S: Final = 3.0
WRITE_TIMEOUT_S: Final = 15.0

_KEEP: Final = "SELECT keep_exchanges(%s, %s, %s, %s, %s, %s, %s)"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One answered request: its messages as they came, its answer as it went."""

    org_id: UUID
    request_id: UUID
    created_at: datetime
    messages: Sequence[Any]
    answer: str
    redacts: frozenset[str]
    characters: int


@dataclass(frozen=True, slots=True)
class Row:
    """An exchange as it is stored."""

    prompt: str
    answer: str
    redactions: int
    is_cut: bool


@dataclass(slots=True)
class Keeper:
    """The queue of one process, and the task that empties it."""

    dsn: str
    queue: deque[Exchange] = field(default_factory=deque)
    dropped: int = 0
    kept: int = 0
    _characters: int = 0
    _task: asyncio.Task[None] | None = None
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _empty: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Give what is queued a moment to be written."""
        if self._task is None:
            return
        if self.queue:
            self._empty.clear()
            self._wake.set()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._empty.wait(), STOP_WAIT_S)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def offer(self, exchange: Exchange) -> None:
        """Queue it, or let it go when there is no room."""
        after = self._characters + exchange.characters
        if len(self.queue) >= MOST_ENTRIES or after > MOST_CHARACTERS:
            self.dropped += 1
            return
        self._characters = after
        self.queue.append(exchange)
        self._wake.set()

    async def _run(self) -> None:
        retry_s = RETRY_FIRST_S
        while True:
            try:
                await self._write_next()
                retry_s = RETRY_FIRST_S
            except (psycopg.OperationalError, OSError, TimeoutError) as problem:
                logger.warning("Prompts wait to be stored: %s", problem)
                await asyncio.sleep(retry_s)
                retry_s = min(retry_s * 2, RETRY_MOST_S)
            except Exception:
                # What cannot be written must not stop what can.
                logger.exception("Prompts were not stored")
                self._take(min(BATCH, len(self.queue)))

    async def _write_next(self) -> None:
        if not self.queue:
            self._empty.set()
            self._wake.clear()
            await self._wake.wait()
            await asyncio.sleep(GATHER_S)
        batch = [self.queue[i] for i in range(min(BATCH, len(self.queue)))]
        rows = await asyncio.to_thread(lambda: [to_row(one) for one in batch])
        async with asyncio.timeout(WRITE_TIMEOUT_S):
            await self._write(batch, rows)
        self._take(len(batch))

    async def _write(self, batch: Sequence[Exchange], rows: Sequence[Row]) -> None:
        values: list[list[Any]] = [
            [one.org_id for one in batch],
            [one.request_id for one in batch],
            [one.created_at for one in batch],
            [row.prompt for row in rows],
            [row.answer for row in rows],
            [row.redactions for row in rows],
            [row.is_cut for row in rows],
        ]
        connection = await psycopg.AsyncConnection.connect(
            self.dsn, autocommit=True, connect_timeout=3
        )
        async with connection:
            cursor = await connection.execute(_KEEP, values)
            (kept,) = await cursor.fetchone() or (0,)
        self.kept += kept

    def _take(self, count: int) -> None:
        for _ in range(count):
            self._characters -= self.queue.popleft().characters


def to_row(exchange: Exchange) -> Row:
    """Cut, redact and encode; runs in a thread."""
    left, found, is_cut = KEPT_CHARACTERS, 0, False
    turns = []
    for role, text in turns_of(exchange.messages):
        clean, count = _clean(text[:left], exchange.redacts)
        is_cut = is_cut or len(text) > left
        left, found = max(0, left - len(text)), found + count
        turns.append({"role": role, "text": clean})
    answer, count = _clean(exchange.answer[:KEPT_CHARACTERS], exchange.redacts)
    is_cut = is_cut or len(exchange.answer) > KEPT_CHARACTERS
    prompt = json.dumps(turns, ensure_ascii=False)
    return Row(_storable(prompt), _storable(answer), found + count, is_cut)


def _clean(text: str, kinds: frozenset[str]) -> tuple[str, int]:
    if not kinds:
        return text, 0
    parts, found = [], 0
    for piece in pieces(text, PIECE_CHARACTERS):
        redacted = redact(piece, kinds)
        parts.append(redacted.text)
        found += redacted.found
        # Lets go of the interpreter's lock: the event loop may be waiting for it.
        time.sleep(0)
    return "".join(parts), found


def turns_of(messages: Sequence[Any]) -> Iterator[tuple[str, str]]:
    """Each message's role and text; pictures are named, not kept."""
    for message in messages:
        if isinstance(message, Mapping):
            parts = [*_texts(message.get("content")), *_calls(message)]
            yield str(message.get("role", "")), "\n".join(parts)


def _texts(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
        return
    for part in content if isinstance(content, list) else ():
        if isinstance(part, Mapping):
            text = part.get("text")
            yield text if isinstance(text, str) else f"[{part.get('type', 'part')}]"


def _calls(message: Mapping[str, Any]) -> Iterator[str]:
    calls = message.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        yield json.dumps(call, ensure_ascii=False)


def _storable(text: str) -> str:
    """Postgres stores neither NUL nor half a surrogate pair."""
    whole = text.replace("\0", "\ufffd").replace("\\u0000", "\\ufffd")
    return whole.encode("utf-8", "replace").decode()

"""Record every request: journal first, answer second, Postgres within a second.

There is one way for good days and bad: a row goes to the journal before its answer
leaves, and a shipper brings journalled rows to Postgres. Postgres away only means
that they wait. The insert ignores rows that are there already, so a segment may be
shipped again after any crash.
"""

import asyncio
import contextlib
import logging
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import msgspec
import psycopg

from apps.router.account import Account
from apps.router.entries import entry_of, entry_of_opened
from apps.router.journal import (
    OPENED,
    SETTLED,
    Journal,
    Segment,
    settled_in,
    unfinished,
)
from apps.router.plan import Plan
from apps.router.rows import DecisionRow, Entry
from apps.router.ship import ship

logger = logging.getLogger(__name__)

Connection = psycopg.AsyncConnection[tuple[Any, ...]]

BATCH_ROWS: Final = 500
BATCH_EVERY_S: Final = 0.1
ADOPT_EVERY_S: Final = 5.0
RETRY_FIRST_S: Final = 0.2
RETRY_MOST_S: Final = 2.0
# Above this, rows of a long outage stay on disk alone and are read back later.
QUEUE_ROWS: Final = 20_000
SEEN_DECISIONS: Final = 20_000
DATABASE_WAIT_S: Final = 10.0
STOP_WAIT_S: Final = 3.0
SHIP_TIMEOUT_S: Final = 15.0


@dataclass(slots=True)
class Recorder:
    """The journal and the shipper of one process."""

    folder: Path
    ledger_dsn: str
    fsync_ms: int
    is_database_durable: bool
    journal: Journal = field(init=False)
    queue: deque[tuple[Entry, Segment | None]] = field(default_factory=deque)
    is_database_there: bool = False
    # Told of requests whose rows are in the ledger, or refused by it for good; and
    # of a dead process whose rows are to be shipped from here.
    on_shipped: Callable[[Iterable[str]], None] = lambda ids: None
    on_adopted: Callable[[UUID, Iterable[str]], None] = lambda holder, ids: None
    _opened: dict[str, Segment] = field(default_factory=dict)
    # Segments with rows that are in no queue, and how many.
    _spilled: dict[Segment, int] = field(default_factory=dict)
    _seen: OrderedDict[tuple[UUID, UUID, int], None] = field(
        default_factory=OrderedDict
    )
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _connection: Connection | None = None
    _recorded: int = 0
    _shipped: int = 0
    _committed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _is_stopping: bool = False

    def __post_init__(self) -> None:
        self.journal = Journal(self.folder)

    async def start(self) -> None:
        loops = (self._ship_loop(), self._adopt_loop(), self._sync_loop())
        self._tasks = [asyncio.create_task(loop) for loop in loops]

    async def stop(self) -> None:
        """Ship what is left (for a moment only), then leave the rest to an adopter."""
        self._is_stopping = True
        self._wake.set()
        if self.is_database_there:
            await self._until_shipped(self._recorded, wait_s=STOP_WAIT_S)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._connection is not None:
            await self._connection.close()
        self.journal.leave()

    def open(self, account: Account) -> None:
        """Note a stream that starts, so that it is on record if we die in it."""
        segment = self._append(OPENED, entry_of_opened(account))
        if segment is not None:
            self._opened[account.request_id.hex] = segment

    def record(self, account: Account, *, plan: Plan) -> None:
        """Journal a settled account and queue it for Postgres."""
        entry = entry_of(account, self._new_decision(account, plan))
        segment = self._append(SETTLED, entry)
        self._recorded += 1
        if len(self.queue) < QUEUE_ROWS or segment is None:
            self.queue.append((entry, segment))
        else:
            self._spilled[segment] = self._spilled.get(segment, 0) + 1
        if opened := self._opened.pop(account.request_id.hex, None):
            opened.release()
        self._wake.set()

    async def durable(self) -> None:
        """Wait until what was recorded is as safe as the settings ask for."""
        if self.is_database_durable:
            await self._until_shipped(self._recorded, wait_s=DATABASE_WAIT_S)
        elif self.fsync_ms == 0:
            await asyncio.to_thread(self.journal.sync)

    def _append(self, kind: bytes, entry: Entry) -> Segment | None:
        try:
            return self.journal.append(kind, entry)
        except OSError:
            # The row still goes to Postgres from memory; only a crash could lose it.
            logger.exception("The journal cannot be written")
            return None

    def _new_decision(self, account: Account, plan: Plan) -> DecisionRow | None:
        """The decision's row, the first time this month that we see it."""
        moment = account.accepted_at
        key = (account.org_id, plan.decision_id, moment.year * 12 + moment.month)
        if key in self._seen:
            return None
        self._seen[key] = None
        if len(self._seen) > SEEN_DECISIONS:
            self._seen.popitem(last=False)
        return DecisionRow(
            account.org_id.hex,
            plan.decision_id.hex,
            month_start(moment),
            msgspec.Raw(plan.content),
        )

    async def _until_shipped(self, number: int, *, wait_s: float) -> None:
        try:
            async with asyncio.timeout(wait_s), self._committed:
                await self._committed.wait_for(lambda: self._shipped >= number)
        except TimeoutError:
            logger.warning("Postgres is slow: rows are in the journal only")

    async def _ship_loop(self) -> None:
        retry_s = RETRY_FIRST_S
        while True:
            try:
                await self._ship_next()
                retry_s = RETRY_FIRST_S
            except (psycopg.OperationalError, OSError) as problem:
                await self._lost_database(problem)
                await asyncio.sleep(retry_s)
                retry_s = min(retry_s * 2, RETRY_MOST_S)
            except Exception:
                logger.exception("The shipper stumbled")
                await asyncio.sleep(RETRY_MOST_S)

    async def _lost_database(self, problem: Exception) -> None:
        if self.is_database_there:
            logger.warning("Postgres is away, rows wait in the journal: %s", problem)
        self.is_database_there = False
        connection, self._connection = self._connection, None
        if connection is not None:
            # It may be well, and its last statement still under way.
            await connection.close()

    async def _ship_next(self) -> None:
        """Ship one batch; rows leave the queue only after their commit."""
        connection = await self._connect()
        # Between two short batches: a queue that is never quite empty must not keep
        # them waiting for ever.
        if self._spilled and len(self.queue) < BATCH_ROWS:
            await self._read_back(connection)
            return
        if not self.queue:
            self._wake.clear()
            await self._wake.wait()
        is_hurried = self._is_stopping or self.is_database_durable
        if not is_hurried and len(self.queue) < BATCH_ROWS:
            await asyncio.sleep(BATCH_EVERY_S)
        batch = [self.queue[i] for i in range(min(len(self.queue), BATCH_ROWS))]
        await self._ship_entries(connection, [entry for entry, _ in batch])
        for _ in batch:
            _, segment = self.queue.popleft()
            if segment is not None:
                segment.release()
        await self._count(len(batch))

    async def _count(self, rows: int) -> None:
        self._shipped += rows
        if self.is_database_durable or self._is_stopping:
            async with self._committed:
                self._committed.notify_all()

    async def _read_back(self, connection: Connection) -> None:
        """After a long outage: ship a segment whose rows did not all fit in memory."""
        segment, rows = next(iter(self._spilled.items()))
        if segment is self.journal.current:
            self.journal.rotate()
        entries = await asyncio.to_thread(settled_in, segment)
        for start in range(0, len(entries), BATCH_ROWS):
            await self._ship_entries(connection, entries[start : start + BATCH_ROWS])
        # Only now: what Postgres did not take is read again.
        del self._spilled[segment]
        # A stream that still runs needs its line until it is settled.
        queued = sum(one is segment for _, one in self.queue)
        running = sum(one is segment for one in self._opened.values())
        segment.pending = queued + running
        segment.close()
        await self._count(rows)

    async def _connect(self) -> Connection:
        connection = self._connection
        if connection is None or connection.closed:
            connection = await psycopg.AsyncConnection.connect(
                self.ledger_dsn, autocommit=True, connect_timeout=3
            )
            self._connection = connection
            self.is_database_there = True
        return connection

    async def _ship_entries(self, connection: Connection, entries: list[Entry]) -> None:
        """Ship a batch; one that Postgres refuses is halved until the bad row is alone.

        A refused row must not hold up the others, and must not vanish either.
        """
        if not entries:
            return
        requests = [entry.request for entry in entries]
        attempts = [attempt for entry in entries for attempt in entry.attempts]
        decisions = [entry.decision for entry in entries if entry.decision]
        try:
            async with asyncio.timeout(SHIP_TIMEOUT_S):
                await ship(connection, requests, attempts, decisions)
        except psycopg.OperationalError:
            raise
        except psycopg.Error as problem:
            if len(entries) == 1:
                self._reject(entries[0], problem)
                self.on_shipped([entries[0].request.id])
                return
            half = len(entries) // 2
            await self._ship_entries(connection, entries[:half])
            await self._ship_entries(connection, entries[half:])
        else:
            self.on_shipped(request.id for request in requests)

    def _reject(self, entry: Entry, problem: Exception) -> None:
        logger.error("The ledger refused %s: %s", entry.request.id, problem)
        with (self.folder / "rejected.jsonl").open("ab") as rejected:
            rejected.write(msgspec.json.encode(entry) + b"\n")

    async def _adopt_loop(self) -> None:
        while True:
            try:
                for segments in self.journal.abandoned():
                    await self._adopt(segments)
            except Exception:
                logger.exception("Segments of a dead process wait")
            await asyncio.sleep(ADOPT_EVERY_S)

    async def _adopt(self, segments: list[Segment]) -> None:
        """Queue a dead process's rows; its files go when they are in Postgres."""
        entries = await asyncio.to_thread(unfinished, segments)
        logger.info("Adopting %d rows of a dead process", len(entries))
        home = segments[0]
        home.pending = len(entries)
        home.others = segments[1:]
        self.queue.extend((entry, home) for entry in entries)
        self._recorded += len(entries)
        self.on_adopted(home.holder, (entry.request.id for entry in entries))
        if not entries:
            home.close()
        self._wake.set()

    async def _sync_loop(self) -> None:
        while self.fsync_ms:
            await asyncio.sleep(self.fsync_ms / 1000)
            if not self.journal.is_dirty:
                continue
            with contextlib.suppress(OSError):
                await asyncio.to_thread(self.journal.sync)


def month_start(moment: datetime) -> int:
    """Microseconds since 1970 of the first moment of the month, UTC."""
    first = datetime(moment.year, moment.month, 1, tzinfo=UTC)
    return int(first.timestamp()) * 1_000_000

"""Leases money from Postgres: one statement at a time, for whoever waits meanwhile.

Most requests find their money in this process and wait for nothing. The others wait
for a lease, together: while one statement is under way, what comes in is summed up
for the next. A lease is a little more than was asked for, a hundredth of what is
left, and what lies idle goes back within seconds; near a budget's end a lease is
exactly what was asked for. Postgres is the only counter there is, so Valkey may be
slow, gone or emptied without a dollar being forgotten.
"""

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from time import monotonic
from typing import Any, Final
from uuid import UUID

import psycopg

from apps.accounts.errors import UnavailableError
from apps.router.limits.purse import Purse
from apps.router.limits.rules import BudgetRule

logger = logging.getLogger(__name__)

Connection = psycopg.AsyncConnection[tuple[Any, ...]]

STATEMENT_TIMEOUT_S: Final = 3.0
ASK_AGAIN_S: Final = 1.0
SYNC_EVERY_S: Final = 0.5
IDLE_AFTER_S: Final = 2.0
RENEW_EVERY_S: Final = 60.0
# Postgres drops a lease that nobody renewed for 10 minutes (the migration says so);
# long before that, this process must not spend what it may not have any more.
STALE_AFTER_S: Final = 300.0
# A budget that has just said no is not asked again for so long.
DENIED_FOR_S: Final = 0.2
# Below this share of a budget, nothing is leased ahead and nothing kept.
TIGHT: Final = 20  # a twentieth

_TAKE: Final = (
    "SELECT place, granted, spent, held, allowed FROM take_budgets("
    "%s, %s::uuid[], %s::uuid[], %s::date[], %s::bigint[], %s::bigint[])"
)
_SYNC: Final = (
    "SELECT place, spent, held, allowed FROM sync_budgets("
    "%s, %s::uuid[], %s::uuid[], %s::date[], %s::bigint[])"
)
_RELEASE: Final = "SELECT release_budgets(%s)"


@dataclass(slots=True, eq=False)
class Ask:
    """A request that waits; its answer is the amount reserved, None when denied."""

    least: int
    wanted: int
    answer: asyncio.Future[int | None]


@dataclass(slots=True)
class Desk:
    """Every purse of this process, and its line to Postgres."""

    dsn: str
    holder: UUID
    _purses: dict[tuple[UUID, date], Purse] = field(default_factory=dict)
    _waiting: defaultdict[Purse, deque[Ask]] = field(
        default_factory=lambda: defaultdict(deque)
    )
    _hungry: set[Purse] = field(default_factory=set)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None
    _connection: Connection | None = None
    _away_until: float = 0.0
    _renewed_at: float = field(default_factory=monotonic)
    _dead: set[UUID] = field(default_factory=set)
    # A statement was given up, and may have been carried out nevertheless.
    _is_unsure: bool = False

    async def start(self) -> None:
        self._task = asyncio.create_task(self._serve())

    async def close(self) -> None:
        """Give everything back that is not in use."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for purse in self._purses.values():
            purse.trim(0)
        try:
            await self._sync()
        except (psycopg.Error, OSError, TimeoutError) as problem:
            logger.warning("Leases of budgets wait for their end: %s", problem)
        if self._connection is not None:
            await self._connection.close()

    def purse(self, rule: BudgetRule, org_id: UUID, starts_on: date) -> Purse:
        """This process's purse for a budget in one of its periods."""
        found = self._purses.get((rule.id, starts_on))
        if found is None:
            found = Purse(rule, org_id, starts_on, limit=rule.limit_nano)
            self._purses[rule.id, starts_on] = found
        # Whoever asks for it is about to use it: it must not be tidied away meanwhile.
        found.used_at = monotonic()
        return found

    def reserve_now(self, purse: Purse, wanted: int) -> bool:
        """Reserve from what is leased already; False when that takes waiting."""
        now = monotonic()
        if now - self._renewed_at > STALE_AFTER_S:
            self._distrust()
        if purse.free < wanted or self._waiting.get(purse):
            return False
        purse.reserve(wanted)
        purse.used_at = now
        if purse.free < purse.slice // 4 and purse.left > purse.limit // TIGHT:
            self._hungry.add(purse)
            self._wake.set()
        return True

    async def reserve(self, purse: Purse, *, least: int, wanted: int) -> int | None:
        """Reserve as much as `wanted`, or at the least `least`; None when denied.

        Raises UnavailableError when that needs Postgres and it cannot be asked: a
        budget that cannot be checked lets nothing pass.
        """
        if self.reserve_now(purse, wanted):
            return wanted
        now = monotonic()
        if now < purse.denied_until and least > purse.free + purse.left:
            return None
        if now < self._away_until:
            raise _unavailable()
        ask = Ask(least, wanted, asyncio.get_running_loop().create_future())
        self._waiting[purse].append(ask)
        self._wake.set()
        try:
            return await ask.answer
        except asyncio.CancelledError:
            self._withdraw(purse, ask)
            raise

    def shipped(self, purse: Purse, cost: int) -> None:
        """A request's row is in the ledger."""
        purse.shipped(cost)
        self._wake.set()

    def freed(self, purse: Purse) -> None:
        """Something was given back: whoever was denied may ask again."""
        purse.denied_until = 0.0
        self._wake.set()

    def release(self, holder: UUID) -> None:
        """Another process is dead and all it left is in the ledger: end its leases."""
        self._dead.add(holder)
        self._wake.set()

    def _withdraw(self, purse: Purse, ask: Ask) -> None:
        """The request was cancelled while it waited, or just after it was served."""
        if not ask.answer.done():
            ask.answer.cancel()
        elif not ask.answer.cancelled() and ask.answer.exception() is None:
            purse.give_back(ask.answer.result() or 0)

    def _distrust(self) -> None:
        for purse in self._purses.values():
            purse.trim(0)

    async def _serve(self) -> None:
        """Lease for those who wait; keep Postgres in step with the rest."""
        synced_at = monotonic()
        while True:
            await self._until_woken(synced_at)
            try:
                if self._asks():
                    await self._take()
                if monotonic() - synced_at >= SYNC_EVERY_S:
                    synced_at = monotonic()
                    await self._tidy()
            except (psycopg.Error, OSError, TimeoutError) as problem:
                self._lost_database(problem)
                await asyncio.sleep(ASK_AGAIN_S)
            except Exception as problem:
                logger.exception("The budgets' desk stumbled")
                self._lost_database(problem)
                await asyncio.sleep(ASK_AGAIN_S)

    async def _until_woken(self, synced_at: float) -> None:
        if self._asks():
            return
        self._wake.clear()
        wait_s = RENEW_EVERY_S
        is_busy = any(not purse.is_idle for purse in self._purses.values())
        if is_busy or self._dead or self._is_unsure:
            wait_s = max(0.0, synced_at + SYNC_EVERY_S - monotonic())
        try:
            await asyncio.wait_for(self._wake.wait(), wait_s)
        except TimeoutError:
            return

    def _asks(self) -> list[Purse]:
        """The purses that need money, in the order in which every process locks."""
        wanting = {purse for purse, asks in self._waiting.items() if asks}
        return sorted(wanting | self._hungry, key=lambda purse: purse.rule.id)

    async def _take(self) -> None:
        purses = self._asks()
        self._hungry.clear()
        if any(purse.leased < purse.stored for purse in purses):
            # What is in the ledger by now would count twice, and deny somebody.
            await self._sync()
        sums = [self._sum(purse) for purse in purses]
        arguments = [
            *_columns(purses),
            [least for least, _ in sums],
            [wanted for _, wanted in sums],
        ]
        rows = await self._run(_TAKE, [self.holder, *arguments])
        for place, granted, spent, held, allowed in rows:
            purse = purses[place - 1]
            _note(purse, spent, held, allowed)
            purse.grant(granted)
            purse.slice = granted
            wanted = sums[place - 1][1]
            self._hand_out(purse, is_all=granted < wanted and not purse.is_gone)

    def _sum(self, purse: Purse) -> tuple[int, int]:
        """The least that helps anybody who waits for this purse, and all they want."""
        asks = self._waiting.get(purse)
        if not asks:
            return 1, max(1, purse.slice)
        free = purse.free
        least = min(ask.least for ask in asks) - free
        wanted = sum(ask.wanted for ask in asks) - free
        return max(1, least), max(1, wanted)

    def _hand_out(self, purse: Purse, *, is_all: bool) -> None:
        """Serve who waits, in turn; `is_all` says that there is no more to be had."""
        asks = self._waiting[purse]
        refused = False
        for _ in range(len(asks)):
            ask = asks.popleft()
            if ask.answer.done():
                continue
            amount = _portion(ask, purse.free, is_all=is_all)
            if amount is not None:
                purse.reserve(amount)
                purse.used_at = monotonic()
                ask.answer.set_result(amount)
            elif is_all:
                refused = True
                ask.answer.set_result(None)
            else:
                asks.append(ask)
        if refused:
            purse.denied_until = monotonic() + DENIED_FOR_S
        if not asks:
            del self._waiting[purse]

    async def _tidy(self) -> None:
        """Give back what lies idle, renew the rest, end the leases of the dead."""
        now = monotonic()
        for purse in self._purses.values():
            is_tight = purse.left <= purse.limit // TIGHT
            is_idle = now - purse.used_at > IDLE_AFTER_S
            purse.trim(0 if is_tight or is_idle else purse.slice)
        is_due = self._is_unsure or now - self._renewed_at > RENEW_EVERY_S
        if is_due or any(p.leased != p.stored for p in self._purses.values()):
            await self._sync()
        for holder in list(self._dead):
            await self._run(_RELEASE, [holder])
            self._dead.discard(holder)
        idle = [key for key, purse in self._purses.items() if self._is_over(purse, now)]
        for key in idle:
            del self._purses[key]

    def _is_over(self, purse: Purse, now: float) -> bool:
        is_unused = purse.is_idle and not self._waiting.get(purse)
        return is_unused and now - purse.used_at > RENEW_EVERY_S

    async def _sync(self) -> None:
        """Make Postgres's record of this process's leases what they are."""
        purses = [p for p in self._purses.values() if not p.is_idle]
        amounts = [purse.leased for purse in purses]
        if not purses and not self._is_unsure:
            self._renewed_at = monotonic()
            return
        rows = await self._run(_SYNC, [self.holder, *_columns(purses), amounts])
        self._is_unsure = False
        for place, spent, held, allowed in rows:
            purses[place - 1].stored = amounts[place - 1]
            _note(purses[place - 1], spent, held, allowed)
        self._renewed_at = monotonic()

    async def _run(self, statement: str, values: Sequence[Any]) -> list[Any]:
        try:
            async with asyncio.timeout(STATEMENT_TIMEOUT_S):
                connection = await self._connect()
                cursor = await connection.execute(statement, values)
                return await cursor.fetchall()
        except BaseException:
            # Its answer may still come, and would be taken for the next one's.
            self._is_unsure = True
            await self._disconnect()
            raise

    async def _connect(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = await psycopg.AsyncConnection.connect(
                self.dsn, autocommit=True, connect_timeout=2
            )
        return self._connection

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    def _lost_database(self, problem: Exception) -> None:
        logger.warning("Budgets cannot be checked with Postgres: %s", problem)
        self._away_until = monotonic() + ASK_AGAIN_S
        for asks in self._waiting.values():
            for ask in asks:
                if not ask.answer.done():
                    ask.answer.set_exception(_unavailable())
        self._waiting.clear()
        self._hungry.clear()


def _columns(purses: Iterable[Purse]) -> tuple[list[UUID], list[UUID], list[date]]:
    listed = list(purses)
    return (
        [purse.org_id for purse in listed],
        [purse.rule.id for purse in listed],
        [purse.starts_on for purse in listed],
    )


def _note(purse: Purse, spent: int, held: int, allowed: int | None) -> None:
    """Remember the state of a budget; it may have been deleted meanwhile."""
    purse.spent, purse.held = spent, held
    purse.is_gone = allowed is None
    if allowed is not None:
        purse.limit = allowed


def _portion(ask: Ask, free: int, *, is_all: bool) -> int | None:
    if free >= ask.wanted:
        return ask.wanted
    return free if is_all and free >= ask.least else None


def _unavailable() -> UnavailableError:
    return UnavailableError(
        "Budgets cannot be checked at the moment; try again.", retry_after_s=1
    )

"""Let a request pass, or say what holds it back; and settle with it afterwards."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from apps.accounts.keys import Caller
from apps.kit.errors import BudgetExceededError, NoModelAvailableError
from apps.kit.money import format_usd, from_nano
from apps.router.engine.need import Scored
from apps.router.limits.desk import Desk
from apps.router.limits.estimate import Range, Size, range_of
from apps.router.limits.gcra import Bucket
from apps.router.limits.purse import Purse
from apps.router.limits.rates import (
    Headers,
    Rates,
    UsualLimit,
    buckets_for,
    headers_of,
    refusal,
)
from apps.router.limits.rules import (
    NO_LIMITS,
    BudgetRule,
    OrgLimits,
    first_day,
    next_start,
)

WARN_AT: Final = 0.8


@dataclass(slots=True)
class Ticket:
    """A request that was let in: what is counted and reserved for it."""

    headers: Headers = field(default_factory=list)
    size: Size | None = None
    # What each of `purses` keeps for it, nano-dollars; 0 when no budget applies.
    reserved: int = 0
    purses: Sequence[Purse] = ()
    # Limits in tokens, which were taken by an estimate.
    buckets: Sequence[Bucket] = ()


FREE_PASS: Final = Ticket()


@dataclass(frozen=True, slots=True)
class Applicant:
    """A request that wants in."""

    caller: Caller
    limits: OrgLimits
    chain: tuple[Scored, ...]
    body: dict[str, Any]
    output_limit: int | None
    choices: int
    tokens: int  # estimated, of the prompt and the answer
    accepted_at: datetime
    alias_id: UUID | None = None
    # How many attempts may be billed: two when a late one is hedged.
    attempts: int = 1


@dataclass(slots=True)
class Gate:
    """The limits of one process."""

    rates: Rates
    desk: Desk
    usual: UsualLimit
    _unshipped: dict[str, tuple[Sequence[Purse], int]] = field(default_factory=dict)
    # Requests of dead processes on their way to the ledger, by whose they were.
    _inherited: dict[UUID, set[str]] = field(default_factory=dict)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def start(self) -> None:
        await self.rates.link.start()
        await self.desk.start()
        self._tasks = [asyncio.create_task(self.rates.roll_call_loop())]

    async def close(self) -> None:
        """Give back what is not needed; call it when the ledger has been shipped."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.desk.close()
        await self.rates.leave()
        await self.rates.link.close()

    def is_limited(self, caller: Caller, limits: OrgLimits) -> bool:
        """Whether anything has to be counted at all; most often asked, so cheap."""
        if limits is NO_LIMITS and not self.usual.requests:
            return bool(caller.requests_per_minute or caller.tokens_per_minute)
        return True

    async def admit(self, applicant: Applicant) -> Ticket:
        """Count and reserve; raises RateLimitedError or BudgetExceededError."""
        caller, limits = applicant.caller, applicant.limits
        buckets = buckets_for(caller, limits, self.usual, tokens=applicant.tokens)
        budgets = limits.budgets_of(caller.key_id, applicant.alias_id)
        if not buckets and not budgets:
            return FREE_PASS
        ticket = Ticket()
        if buckets:
            ticket.headers = await self._count(buckets)
            ticket.buckets = [b for b in buckets if b.kind == "tokens"]
        if budgets:
            await self._reserve(ticket, applicant, budgets)
        return ticket

    async def admit_call(self, caller: Caller, limits: OrgLimits) -> Headers:
        """Count a call that reaches no model."""
        buckets = buckets_for(caller, limits, self.usual, tokens=0)
        return await self._count(buckets) if buckets else []

    def settle(
        self, ticket: Ticket, request_id: UUID, *, cost_nano: int, tokens: int
    ) -> None:
        """Put what was used in place of what was taken; the row is journalled."""
        if ticket.buckets:
            self.rates.correct(ticket.buckets, tokens)
        for purse in ticket.purses:
            purse.settle(ticket.reserved, cost_nano)
            self.desk.freed(purse)
        if ticket.purses and cost_nano:
            self._unshipped[request_id.hex] = (ticket.purses, cost_nano)

    def shipped(self, request_ids: Iterable[str]) -> None:
        """These requests' rows are in the ledger."""
        if not self._unshipped and not self._inherited:
            return
        done = set(request_ids)
        for request_id in done & self._unshipped.keys():
            purses, cost = self._unshipped.pop(request_id)
            for purse in purses:
                self.desk.shipped(purse, cost)
        for holder, waiting in list(self._inherited.items()):
            waiting.difference_update(done)
            self._release_when_shipped(holder)

    def inherit(self, holder: UUID, request_ids: Iterable[str]) -> None:
        """A process died and left these requests' rows to us; and its leases."""
        self._inherited[holder] = set(request_ids)
        self._release_when_shipped(holder)

    def _release_when_shipped(self, holder: UUID) -> None:
        if not self._inherited[holder]:
            del self._inherited[holder]
            self.desk.release(holder)

    async def _count(self, buckets: Sequence[Bucket]) -> Headers:
        outcome = await self.rates.take(buckets)
        if outcome.refused_by is not None:
            raise refusal(buckets, outcome)
        return headers_of(buckets, outcome)

    async def _reserve(
        self, ticket: Ticket, applicant: Applicant, budgets: Sequence[BudgetRule]
    ) -> None:
        """Reserve the most the request can cost, in every budget it falls under."""
        size = Size.of(
            applicant.body, limit=applicant.output_limit, choices=applicant.choices
        )
        smallest = min(rule.limit_nano for rule in budgets)
        try:
            needed = range_of(applicant.chain, size, smallest_budget=smallest)
        except ValueError as problem:
            raise NoModelAvailableError(
                f"{problem} has no known price, and a budget is set."
            ) from problem
        if not needed.wanted:
            return
        # Each attempt that is billed may cost as much as the dearest.
        times = applicant.attempts
        needed = Range(needed.least * times, needed.wanted * times)
        day = applicant.accepted_at.date()
        org_id = applicant.caller.org_id
        purses = [
            self.desk.purse(rule, org_id, first_day(rule.period, day))
            for rule in budgets
        ]
        ticket.reserved = await self._reserve_all(purses, needed, day)
        ticket.purses, ticket.size = purses, size
        ticket.headers = [*ticket.headers, *_warnings(purses)]

    async def _reserve_all(
        self, purses: Sequence[Purse], needed: Range, day: date
    ) -> int:
        """The amount that all of the purses could reserve; nothing when one denies."""
        held: list[tuple[Purse, int]] = []
        amount = needed.wanted
        try:
            for purse in purses:
                got = await self.desk.reserve(purse, least=needed.least, wanted=amount)
                if got is None:
                    raise _exceeded(purse, needed)
                held.append((purse, got))
                amount = min(amount, got)
        except BaseException:
            self._give_back(held)
            raise
        for purse, got in held:
            purse.give_back(got - amount)
        return amount

    def _give_back(self, held: Iterable[tuple[Purse, int]]) -> None:
        for purse, got in held:
            purse.give_back(got)
            self.desk.freed(purse)


def _exceeded(purse: Purse, needed: Range) -> BudgetExceededError:
    """What is used up, and what the caller can do about it."""
    rule, spent = purse.rule, purse.spent + purse.unshipped
    limit, left = purse.limit, max(0, purse.limit - spent)
    start = next_start(rule.period, purse.starts_on)
    begins = f"{start:%-d %B %Y}, 00:00 UTC"
    running = max(0, purse.held - purse.unshipped)
    if left - running >= needed.least or left <= 0 or not running:
        state = f"{_usd(spent)} of {_usd(limit)} is spent"
    else:
        state = (
            f"{_usd(spent)} of {_usd(limit)} is spent and "
            f"{_usd(running)} is reserved for requests that are still running"
        )
    return BudgetExceededError(
        f"This request may cost {_usd(needed.least)}, which {rule.title} does not "
        f"hold: {state}. Send a shorter prompt or a lower max_tokens, raise the "
        f"budget under Settings, Budgets, or wait until {begins}.",
        headers=[("X-ModelOptix-Budget", _state(purse))],
    )


def _usd(nano: int) -> str:
    return format_usd(from_nano(nano))


def _warnings(purses: Sequence[Purse]) -> Headers:
    """One header for every budget of which four fifths are spent."""
    states = [_state(purse) for purse in purses if purse.used_share >= WARN_AT]
    return [("X-ModelOptix-Budget-Warning", ", ".join(states))] if states else []


def _state(purse: Purse) -> str:
    rule, percent = purse.rule, int(purse.used_share * 100)
    name, limit = f"{rule.kind}-{rule.period}", purse.limit / 1e9
    return f'"{name}";used={percent};limit={limit:.2f}'

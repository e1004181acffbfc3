"""The arithmetic of leases, by every order of events that hypothesis can think of."""

from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from apps.kit.ids import uuid7
from apps.router.limits.purse import Purse
from apps.router.limits.rules import BudgetRule, first_day, next_start

PROCESSES = 3


@dataclass
class Process:
    """One web process: its purse, and what it is doing."""

    purse: Purse
    running: list[int] = field(default_factory=list)
    journalled: list[int] = field(default_factory=list)


class Budget(RuleBasedStateMachine):
    """A budget in Postgres (`spent`, `held`), leased by three processes.

    `paid` is what providers have really charged: the truth that nobody sees whole.
    """

    @initialize(limit=st.integers(1, 10_000))
    def begin(self, limit: int) -> None:
        self.limit, self.spent, self.paid = limit, 0, 0
        self.held: dict[UUID, int] = {}
        self.processes = [self._process() for _ in range(PROCESSES)]

    def _process(self) -> Process:
        rule = BudgetRule(uuid7(), None, "month", self.limit)
        return Process(Purse(rule, uuid7(), date(2026, 11, 1), limit=self.limit))

    @rule(place=st.integers(0, PROCESSES - 1), wanted=st.integers(1, 3_000))
    def take(self, place: int, wanted: int) -> None:
        """As `take_budgets` does it, under the budget's lock."""
        purse = self.processes[place].purse
        free = self.limit - self.spent - sum(self.held.values())
        if free >= 1:
            granted = min(free, max(wanted, free // 100))
            held = self.held.get(purse.rule.id, 0)
            self.held[purse.rule.id] = held + granted
            purse.grant(granted)

    @rule(place=st.integers(0, PROCESSES - 1), amount=st.integers(1, 3_000))
    def reserve(self, place: int, amount: int) -> None:
        process = self.processes[place]
        if process.purse.free >= amount:
            process.purse.reserve(amount)
            process.running.append(amount)

    @rule(place=st.integers(0, PROCESSES - 1), share=st.floats(0, 1))
    def settle(self, place: int, share: float) -> None:
        process = self.processes[place]
        if process.running:
            amount = process.running.pop()
            cost = int(amount * share)
            self.paid += cost
            process.purse.settle(amount, cost)
            process.journalled.append(cost)

    @rule(place=st.integers(0, PROCESSES - 1))
    def ship(self, place: int) -> None:
        process = self.processes[place]
        if process.journalled:
            cost = process.journalled.pop()
            self.spent += cost
            process.purse.shipped(cost)

    @rule(place=st.integers(0, PROCESSES - 1), keep=st.integers(0, 500))
    def sync(self, place: int, keep: int) -> None:
        purse = self.processes[place].purse
        purse.trim(keep)
        self.held[purse.rule.id] = purse.stored = purse.leased

    @precondition(lambda self: any(p.journalled for p in self.processes))
    @rule(place=st.integers(0, PROCESSES - 1))
    def crash(self, place: int) -> None:
        """Killed between two answers: others ship its journal, then end its lease."""
        process = self.processes[place]
        if process.running:
            return
        self.spent += sum(process.journalled)
        self.held.pop(process.purse.rule.id, None)
        self.processes[place] = self._process()

    @invariant()
    def nobody_overspends(self) -> None:
        if not hasattr(self, "limit"):
            return
        under_way = sum(sum(process.running) for process in self.processes)
        assert self.paid + under_way <= self.limit

    @invariant()
    def a_lease_covers_what_it_is_used_for(self) -> None:
        for process in getattr(self, "processes", []):
            purse = process.purse
            assert purse.reserved == sum(process.running)
            assert purse.unshipped == sum(process.journalled)
            assert 0 <= purse.free <= purse.leased
            # Postgres never has less on record than there is.
            assert purse.leased <= self.held.get(purse.rule.id, 0)


TestBudget = Budget.TestCase
TestBudget.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_a_provider_that_charges_more_is_covered_by_the_next_sync() -> None:
    rule = BudgetRule(uuid7(), None, "day", 100)
    purse = Purse(rule, uuid7(), date(2026, 11, 1), limit=100)
    purse.grant(50)
    purse.reserve(50)
    purse.settle(50, 80)
    purse.trim(10)

    assert (purse.leased, purse.free) == (80, 0)
    assert purse.used_share == 0.8


def test_periods_begin_at_midnight_utc() -> None:
    day = date(2026, 12, 31)

    assert first_day("day", day) == day
    assert next_start("day", day) == date(2027, 1, 1)
    assert first_day("month", day) == date(2026, 12, 1)
    assert next_start("month", date(2026, 12, 1)) == date(2027, 1, 1)

"""The limits that apply to a caller, as the snapshot holds them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, Literal
from uuid import UUID

Period = Literal["day", "month"]
PERIODS: Final[tuple[Period, ...]] = ("day", "month")


@dataclass(frozen=True, slots=True)
class BudgetRule:
    """What a key, or with `key_id` None the whole organization, may spend."""

    id: UUID
    key_id: UUID | None
    period: Period
    limit_nano: int

    @property
    def title(self) -> str:
        """Such as "the monthly budget of this API key", for messages."""
        often = {"day": "daily", "month": "monthly"}[self.period]
        whose = "your organization" if self.key_id is None else "this API key"
        return f"the {often} budget of {whose}"


@dataclass(frozen=True, slots=True)
class OrgLimits:
    """An organization's limits and budgets, its keys' budgets among them."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    budgets: tuple[BudgetRule, ...] = ()
    by_key: Mapping[UUID, tuple[BudgetRule, ...]] = field(default_factory=dict)

    def budgets_of(self, key_id: UUID | None) -> tuple[BudgetRule, ...]:
        """All that a request with this key has to fit into."""
        own = self.by_key.get(key_id, ()) if key_id else ()
        return (*own, *self.budgets)


NO_LIMITS: Final = OrgLimits()


def first_day(period: Period, day: date) -> date:
    """The day on which the period that `day` falls into began; UTC days."""
    return day if period == "day" else day.replace(day=1)


def next_start(period: Period, starts_on: date) -> date:
    """The day on which the period after this one begins."""
    if period == "day":
        return starts_on + timedelta(days=1)
    return (starts_on + timedelta(days=31)).replace(day=1)

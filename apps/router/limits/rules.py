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
    """What a key, an alias, or without either the whole organization, may spend."""

    id: UUID
    key_id: UUID | None
    period: Period
    limit_nano: int
    # The alias's name; empty where the budget is not one's.
    alias: str = ""

    @property
    def title(self) -> str:
        """Such as "the monthly budget of this API key", for messages."""
        often = {"day": "daily", "month": "monthly"}[self.period]
        return f"the {often} budget of {self._whose}"

    @property
    def kind(self) -> str:
        """Whose it is, in one word: "key", "alias" or "organization"."""
        if self.alias:
            return "alias"
        return "organization" if self.key_id is None else "key"

    @property
    def _whose(self) -> str:
        if self.alias:
            return f"the alias {self.alias}"
        return "your organization" if self.key_id is None else "this API key"


@dataclass(frozen=True, slots=True)
class OrgLimits:
    """An organization's limits and budgets, its keys' and aliases' among them."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    budgets: tuple[BudgetRule, ...] = ()
    by_key: Mapping[UUID, tuple[BudgetRule, ...]] = field(default_factory=dict)
    by_alias: Mapping[UUID, tuple[BudgetRule, ...]] = field(default_factory=dict)

    def budgets_of(
        self, key_id: UUID | None, alias_id: UUID | None = None
    ) -> tuple[BudgetRule, ...]:
        """All that a request with this key to this alias has to fit into."""
        own = self.by_key.get(key_id, ()) if key_id else ()
        its = self.by_alias.get(alias_id, ()) if alias_id else ()
        return (*own, *its, *self.budgets)


NO_LIMITS: Final = OrgLimits()


def first_day(period: Period, day: date) -> date:
    """The day on which the period that `day` falls into began; UTC days."""
    return day if period == "day" else day.replace(day=1)


def next_start(period: Period, starts_on: date) -> date:
    """The day on which the period after this one begins."""
    if period == "day":
        return starts_on + timedelta(days=1)
    return (starts_on + timedelta(days=31)).replace(day=1)

"""What could go wrong with a portfolio, from its use cases and their prices; pure.

Three risks: a model that is switched off, spend that hangs on one provider, and
prices too old to rely on.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from apps.portfolio.lines import UseCaseLine

# An end further away is on the model's page alone.
AHEAD_DAYS: Final = 365
SOON_DAYS: Final = 90
# From this share of the spend on, one provider's outage is everybody's.
DEPENDENT_FROM: Final = 0.5
# PRODUCT.md, section 6: fresh, aging, stale, critical.
AGES: Final = ((30, "critical"), (7, "stale"), (1, "aging"), (-1, "fresh"))


@dataclass(frozen=True, slots=True)
class Ahead:
    """A model in use whose end is announced, or has come."""

    model: str
    name: str
    successor: str
    ends_on: date | None
    days_left: int | None
    lines: list[UseCaseLine]

    @property
    def is_soon(self) -> bool:
        return self.days_left is None or self.days_left < SOON_DAYS

    @property
    def is_over(self) -> bool:
        return self.days_left is not None and self.days_left < 0


@dataclass(frozen=True, slots=True)
class Dependence:
    """How much of what the portfolio costs goes to one provider."""

    provider: str
    usd: Decimal
    share: float

    @property
    def is_single(self) -> bool:
        return self.share >= DEPENDENT_FROM


@dataclass(frozen=True, slots=True)
class Ages:
    """How old the prices are that the costs rest on."""

    oldest: date | None = None
    stale: int = 0
    prices: int = 0

    def word(self, today: date) -> str:
        return "" if self.oldest is None else age_word((today - self.oldest).days)


def age_word(days: int) -> str:
    return next(word for over, word in AGES if days > over)


def ahead(
    lines: Iterable[UseCaseLine], successors: Mapping[str, str], *, today: date
) -> list[Ahead]:
    """Models in use that end within a year or have ended, the soonest first."""
    by_model: dict[str, list[UseCaseLine]] = {}
    for line in lines:
        by_model.setdefault(line.use_case.current_model.slug, []).append(line)
    found = []
    for slug, some in by_model.items():
        model = some[0].use_case.current_model
        days = (model.sunset_on - today).days if model.sunset_on else None
        is_ending = model.status != model.Status.ACTIVE or model.deprecated_on
        if (days is None and is_ending) or (days is not None and days <= AHEAD_DAYS):
            after = successors.get(slug, "")
            found.append(Ahead(slug, model.name, after, model.sunset_on, days, some))
    return sorted(found, key=lambda one: (one.ends_on or date.max, one.model))


def dependence(lines: Sequence[UseCaseLine]) -> Dependence | None:
    """The provider that most of the known cost goes to; None where none is known."""
    sums: dict[str, Decimal] = {}
    for line in lines:
        price = line.cost.price
        if price is not None and line.cost.usd:
            sums[price.provider_name] = (
                sums.get(price.provider_name, Decimal(0)) + line.cost.usd
            )
    whole = sum(sums.values(), Decimal(0))
    if not whole:
        return None
    name, usd = max(sums.items(), key=lambda one: (one[1], one[0]))
    return Dependence(name, usd, float(usd / whole))


def price_ages(lines: Iterable[UseCaseLine], *, today: date) -> Ages:
    """Each price once, however many use cases pay it."""
    days = {
        (line.use_case.current_model.slug, price.provider): price.checked_on
        for line in lines
        if (price := line.cost.price) is not None
    }
    stale = sum(
        age_word((today - on).days) in {"stale", "critical"} for on in days.values()
    )
    return Ages(min(days.values(), default=None), stale, len(days))

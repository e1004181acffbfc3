"""Where an organization stands: what it pays, what it saved and could, what is at risk.

Savings are the ledger's own sums (`savings.queries`), measured and estimated apart.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from apps.catalog.models import AIModel
from apps.kit.clock import utc_now
from apps.opportunities.models import Opportunity
from apps.opportunities.queries import (
    Group,
    OpenValue,
    grouped,
    open_opportunities,
    open_value,
)
from apps.portfolio.lines import UseCaseLine, lines_of, total
from apps.portfolio.queries import use_cases
from apps.savings.queries import Totals, last_booked, totals
from apps.web.risks import Ages, Ahead, Dependence, ahead, dependence, price_ages

SHOWN: Final = 5
NOTHING: Final = Totals()
NO_VALUE: Final = OpenValue()
NO_PRICES: Final = Ages()


@dataclass(frozen=True)
class Standing:
    """The part of the dashboard that no range of days changes."""

    today: date
    lines: list[UseCaseLine] = field(default_factory=list)
    lifetime: Totals = NOTHING
    month: Totals = NOTHING
    booked_at: datetime | None = None
    opportunities: list[Opportunity] = field(default_factory=list)
    value: OpenValue = NO_VALUE
    ahead: list[Ahead] = field(default_factory=list)
    dependence: Dependence | None = None
    ages: Ages = NO_PRICES

    @property
    def is_empty(self) -> bool:
        """Nothing is described and nothing was ever saved."""
        return not self.lines and self.lifetime.is_empty

    @property
    def month_usd(self) -> Decimal | None:
        return total(self.lines)

    @property
    def unknown(self) -> int:
        """Use cases whose cost nobody knows; they are in no sum."""
        return sum(line.cost.usd is None for line in self.lines)

    @property
    def measured(self) -> int:
        return sum(line.volume.is_measured for line in self.lines)

    @property
    def best(self) -> list[Group]:
        return grouped(self.opportunities)[:SHOWN]

    @property
    def confidence(self) -> tuple[int, int] | None:
        """Of the best option of each use case: the least sure, and the surest."""
        sure = [group.best.confidence for group in grouped(self.opportunities)]
        return (min(sure), max(sure)) if sure else None

    @property
    def validated_at(self) -> datetime | None:
        """When the oldest of the open opportunities was last looked at."""
        return min((one.validated_at for one in self.opportunities), default=None)

    @property
    def age_word(self) -> str:
        return self.ages.word(self.today)

    @property
    def risks(self) -> int:
        is_single = self.dependence is not None and self.dependence.is_single
        return len(self.ahead) + is_single + bool(self.ages.stale)


def standing() -> Standing:
    """Of the organization in scope; as many statements for any size of portfolio."""
    now = utc_now()
    today = now.date()
    found = use_cases()
    lines = lines_of(found, now=now) if found else []
    booked_at = last_booked()
    open_ones = open_opportunities(now=now) if found else []
    return Standing(
        today=today,
        lines=lines,
        lifetime=totals() if booked_at else NOTHING,
        month=totals(since=today.replace(day=1)) if booked_at else NOTHING,
        booked_at=booked_at,
        opportunities=open_ones,
        value=open_value(open_ones),
        ahead=ahead(lines, _successors(lines), today=today),
        dependence=dependence(lines),
        ages=price_ages(lines, today=today),
    )


def _successors(lines: list[UseCaseLine]) -> dict[str, str]:
    """Whom the makers name to follow the models in use."""
    slugs = {line.use_case.current_model.slug for line in lines if line.is_ending}
    if not slugs:
        return {}
    rows = AIModel.objects.filter(slug__in=slugs, successor__isnull=False)
    return dict(rows.values_list("slug", "successor__slug"))

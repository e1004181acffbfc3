"""Tell an organization of new opportunities: one alert a look, however many."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.urls import reverse

from apps.alerts.services import Kind, Severity, emit
from apps.kit.money import format_usd
from apps.opportunities.engine.finding import Option

# Less a month is listed on the page, and worth no message.
LEAST_USD: Final = Decimal(10)
MOST_LINES: Final = 5


@dataclass(frozen=True, slots=True, eq=False)
class New:
    """An opportunity that was not open before."""

    id: UUID
    use_case_id: UUID
    use_case: str
    option: Option

    @property
    def usd(self) -> Decimal:
        return self.option.savings.usd or Decimal(0)

    @property
    def line(self) -> str:
        option = self.option
        return (
            f"{self.use_case}: {option.current.name} → {option.candidate.name}, "
            f"{format_usd(round(self.usd, 2))} a month, "
            f"confidence {option.confidence.value} of 100"
        )


def tell(new: Sequence[New]) -> None:
    """The best one of each use case counts; the others are its alternatives."""
    best: dict[UUID, New] = {}
    for one in new:
        if one.usd >= LEAST_USD:
            known = best.get(one.use_case_id)
            best[one.use_case_id] = (
                one if known is None or one.usd > known.usd else known
            )
    if best:
        _emit(sorted(best.values(), key=lambda one: (-one.usd, str(one.id))))


def _emit(best: Sequence[New]) -> None:
    total = format_usd(round(sum((one.usd for one in best), Decimal(0)), 2))
    first = best[0]
    lines = [one.line for one in best[:MOST_LINES]]
    if len(best) > MOST_LINES:
        lines.append(f"and {len(best) - MOST_LINES:,} more")
    is_one = len(best) == 1
    title = (
        f"{first.use_case}: {first.option.candidate.name} would save about {total} a "
        "month"
        if is_one
        else f"{len(best):,} use cases could save about {total} a month"
    )
    emit(
        Kind.OPPORTUNITY,
        severity=Severity.INFO,
        title=title,
        body="\n".join(lines),
        url=reverse("opportunities:detail", args=[first.id])
        if is_one
        else reverse("opportunities:list"),
        key=_key(best),
        data={"opportunities": [str(one.id) for one in best[:100]]},
    )


def _key(best: Sequence[New]) -> str:
    """The same news at the same prices is told once."""
    said = "|".join(sorted(f"{one.id} {one.usd}" for one in best))
    return f"opportunities:{hashlib.sha256(said.encode()).hexdigest()[:32]}"

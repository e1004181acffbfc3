"""Reads of switches and of the savings ledger.

Every total anywhere is one of the sums below, made by the database over the ledger's
rows, so a page, a download, the API and a mail cannot disagree.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, F, Max, Min, Q, QuerySet, Sum

from apps.kit.errors import NotFoundError
from apps.savings.models import IN_FORCE, UNDER_WAY, Saving, Switch


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over some rows; None where nothing of them is assessed."""

    measured_usd: Decimal | None = None
    estimated_usd: Decimal | None = None
    actual_usd: Decimal | None = None
    baseline_usd: Decimal | None = None
    # Of the two costs, what was never measured.
    estimated_actual_usd: Decimal | None = None
    estimated_baseline_usd: Decimal | None = None
    requests: int = 0
    measured_requests: int = 0
    unassessed: int = 0
    fresh_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    # Days with a row, and the first and last of them.
    days: int = 0
    since: date | None = None
    until: date | None = None

    @property
    def savings_usd(self) -> Decimal | None:
        """Measured and estimated together; pages keep them apart."""
        known = [
            usd for usd in (self.measured_usd, self.estimated_usd) if usd is not None
        ]
        return sum(known, Decimal(0)) if known else None

    @property
    def share(self) -> float | None:
        """Of the baseline, how much was saved."""
        if not self.baseline_usd or self.actual_usd is None:
            return None
        return float(1 - self.actual_usd / self.baseline_usd)

    @property
    def is_empty(self) -> bool:
        return not self.days


@dataclass(frozen=True, slots=True)
class Line:
    """The sums of one day, product or use case."""

    label: str
    key: UUID | date
    totals: Totals


_MEASURED: Final = Q(basis=Saving.Basis.MEASURED)
_ESTIMATED: Final = Q(basis=Saving.Basis.ESTIMATED)
_SUMS: Final[dict[str, Any]] = {
    "measured_usd": Sum("savings_usd", filter=_MEASURED),
    "estimated_usd": Sum("savings_usd", filter=_ESTIMATED),
    "actual": Sum("actual_usd"),
    "baseline": Sum("baseline_usd"),
    "estimated_actual": Sum("actual_usd", filter=_ESTIMATED),
    "estimated_baseline": Sum("baseline_usd", filter=_ESTIMATED),
    "all_requests": Sum("requests", default=0),
    "measured_requests": Sum("requests", filter=_MEASURED, default=0),
    "all_unassessed": Sum("unassessed", default=0),
    "fresh": Sum("fresh_tokens", default=0),
    "cached": Sum("cached_tokens", default=0),
    "output": Sum("output_tokens", default=0),
    "days": Count("day", distinct=True),
    "since": Min("day"),
    "until": Max("day"),
}


def rows(
    since: date | None = None,
    until: date | None = None,
    *,
    product_id: UUID | None = None,
    use_case_id: UUID | None = None,
) -> QuerySet[Saving]:
    """The ledger from `since` until `until`, both included."""
    found = Saving.objects.all()
    if since is not None:
        found = found.filter(day__gte=since)
    if until is not None:
        found = found.filter(day__lte=until)
    if product_id is not None:
        found = found.filter(product_id=product_id)
    if use_case_id is not None:
        found = found.filter(use_case_id=use_case_id)
    return found


def totals(since: date | None = None, until: date | None = None, **of: Any) -> Totals:
    """All of it in one line; `of` names a product_id or a use_case_id."""
    return _totals(rows(since, until, **of).aggregate(**_SUMS))


def lifetime() -> Totals:
    """The sum of all days ever booked."""
    return totals()


def of_switch(switch_id: UUID) -> Totals:
    """What one switch has saved until now."""
    found = Saving.objects.filter(switch_id=switch_id)
    return _totals(found.aggregate(**_SUMS))


def last_booked() -> datetime | None:
    """When the ledger was last written."""
    found: datetime | None = Saving.objects.aggregate(at=Max("booked_at"))["at"]
    return found


def by_day(
    since: date | None = None, until: date | None = None, **of: Any
) -> list[Line]:
    """Each day that has a row, oldest first."""
    found: Any = rows(since, until, **of).values("day").annotate(**_SUMS)
    return [
        Line(row["day"].isoformat(), row["day"], _totals(row))
        for row in found.order_by("day")
    ]


def by_product(since: date | None = None, until: date | None = None) -> list[Line]:
    """Each product, under the name it was booked with last."""
    return _by("product", rows(since, until))


def by_use_case(
    since: date | None = None, until: date | None = None, **of: Any
) -> list[Line]:
    """Each use case, under the name it was booked with last."""
    return _by("use_case", rows(since, until, **of))


def entries(since: date | None = None, until: date | None = None) -> Iterator[Saving]:
    """The rows themselves, oldest first, as a download has them."""
    found = rows(since, until).order_by("day", "product_name", "use_case_name", "id")
    yield from found.iterator(chunk_size=2000)


def get_switch(switch_id: UUID) -> Switch:
    """Raises NotFoundError."""
    found = _switches().filter(id=switch_id).first()
    if found is None:
        raise NotFoundError("There is no such switch.")
    return found


def switches(use_case_id: UUID | None = None) -> list[Switch]:
    """Every switch, or those of one use case; newest first."""
    found = _switches()
    if use_case_id is not None:
        found = found.filter(use_case_id=use_case_id)
    return list(found.order_by("-created_at", "-id"))


def has_switches() -> bool:
    return Switch.objects.exists()


def switch_of(use_case_id: UUID) -> Switch | None:
    """The switch of a use case that is under way, else the one in force."""
    found = _switches().filter(
        use_case_id=use_case_id, state__in=(*UNDER_WAY, *IN_FORCE)
    )
    return min(found, key=lambda one: one.is_in_force, default=None)


def open_switches() -> list[Switch]:
    """Switches under way or in force, which the job watches."""
    found = _switches().filter(state__in=(*UNDER_WAY, *IN_FORCE))
    return list(found.order_by("created_at", "id"))


def orgs_to_watch() -> list[UUID]:
    """Organizations with a switch under way or in force. Under `unscoped`."""
    return _orgs(Switch.objects.filter(state__in=(*UNDER_WAY, *IN_FORCE)))


def orgs_to_book() -> list[UUID]:
    """Organizations that have switched and may have open days. Under `unscoped`."""
    return _orgs(unbooked())


def orgs_with_savings(since: date, until: date) -> list[UUID]:
    """Organizations with something booked between two days. Under `unscoped`."""
    return _orgs(rows(since, until))


def unbooked() -> QuerySet[Switch]:
    """Switches that have begun, and whose days are not all closed."""
    begun = Q(canary_at__isnull=False) | Q(live_at__isnull=False)
    closed = Q(ended_at__isnull=False, booked_through__gte=F("ended_at__date"))
    return Switch.objects.filter(begun).exclude(closed)


def _orgs(found: QuerySet[Any]) -> list[UUID]:
    ids = found.order_by("org_id").values_list("org_id", flat=True)
    return list(ids.distinct())


def _switches() -> QuerySet[Switch]:
    return Switch.objects.select_related(
        "from_model", "to_model", "from_provider", "to_provider", "by"
    )


def _by(what: str, found: QuerySet[Saving]) -> list[Line]:
    grouped = found.values(f"{what}_id").annotate(**_SUMS).order_by(f"{what}_id")
    named = found.order_by(f"{what}_id", "-day", "-id").distinct(f"{what}_id")
    names = dict(named.values_list(f"{what}_id", f"{what}_name"))
    lines = [
        Line(names[row[f"{what}_id"]], row[f"{what}_id"], _totals(row))
        for row in grouped
    ]
    return sorted(lines, key=lambda line: (-(line.totals.savings_usd or 0), line.label))


def _totals(row: dict[str, Any]) -> Totals:
    return Totals(
        measured_usd=row["measured_usd"],
        estimated_usd=row["estimated_usd"],
        actual_usd=row["actual"],
        baseline_usd=row["baseline"],
        estimated_actual_usd=row["estimated_actual"],
        estimated_baseline_usd=row["estimated_baseline"],
        requests=int(row["all_requests"]),
        measured_requests=int(row["measured_requests"]),
        unassessed=int(row["all_unassessed"]),
        fresh_tokens=int(row["fresh"]),
        cached_tokens=int(row["cached"]),
        output_tokens=int(row["output"]),
        days=row["days"],
        since=row["since"],
        until=row["until"],
    )

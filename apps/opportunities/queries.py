"""Reads of opportunities: open ones by value, one of them, its history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import F, Q, QuerySet

from apps.kit.clock import utc_now
from apps.kit.errors import NotFoundError
from apps.opportunities.exclusions import excluded_models
from apps.opportunities.models import Opportunity, OpportunityEvent
from apps.portfolio.models import Product

ACTIVE: Final = Opportunity.State.ACTIVE
# Of the list; a page of more is nobody's evening.
MOST_SHOWN: Final = 300


def get_opportunity(opportunity_id: UUID) -> Opportunity:
    """One opportunity with all that it names; raises NotFoundError."""
    found = _all().filter(id=opportunity_id).first()
    if found is None:
        raise NotFoundError("There is no such opportunity.")
    return found


def open_opportunities(*, now: datetime | None = None) -> list[Opportunity]:
    """What may be decided today, by what it saves: neither put off nor excluded."""
    rows = _all().filter(_is_open(now or utc_now()))
    return list(without_excluded(_by_value(rows)))


def opportunities_of(use_case_id: UUID) -> list[Opportunity]:
    """The open ones of one use case, the best first."""
    rows = _all().filter(_is_open(utc_now()), use_case_id=use_case_id)
    return list(without_excluded(rows.order_by("-fit_gain", "id")))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the list is asked for; empty asks for everything open."""

    state: str = ""
    kind: str = ""
    band: str = ""
    risk: int | None = None
    product: UUID | None = None
    use_case: UUID | None = None


def listed(wanted: Wanted, *, now: datetime | None = None) -> list[Opportunity]:
    """Opportunities of the kinds asked for, by value."""
    now = now or utc_now()
    rows = _all().filter(_in_state(wanted.state, now))
    if wanted.kind:
        rows = rows.filter(kind=wanted.kind)
    if wanted.band:
        rows = rows.filter(band=wanted.band)
    if wanted.risk is not None:
        rows = rows.filter(risk__lte=wanted.risk)
    if wanted.product is not None:
        rows = rows.filter(use_case__function__product_id=wanted.product)
    if wanted.use_case is not None:
        rows = rows.filter(use_case_id=wanted.use_case)
    found = list(_by_value(rows)[:MOST_SHOWN])
    return found if wanted.state else without_excluded(found)


@dataclass(slots=True)
class Group:
    """One use case on the page: its best opportunity, and the others."""

    best: Opportunity
    others: list[Opportunity] = field(default_factory=list)


def rank(one: Opportunity) -> float:
    """By what options of one use case are put in line: the gain, where it is less sure
    or riskier less of it.
    """
    return one.fit_gain * one.confidence * (8 - one.risk)


def grouped(found: Sequence[Opportunity]) -> list[Group]:
    """By use case, the best of each leading; groups by what their leaders save."""
    groups: dict[UUID, Group] = {}
    for one in sorted(found, key=lambda one: (-rank(one), str(one.id))):
        group = groups.get(one.use_case_id)
        if group is None:
            groups[one.use_case_id] = Group(one)
        else:
            group.others.append(one)
    return sorted(groups.values(), key=lambda group: -_saved(group.best))


def _saved(one: Opportunity) -> Decimal:
    """What counts towards a sum: nothing where it is unknown, or costs more."""
    return max(one.savings_month_usd or Decimal(0), Decimal(0))


@dataclass(frozen=True, slots=True)
class OpenValue:
    """What could be saved a month: of each use case the option that is put first."""

    use_cases: int = 0
    opportunities: int = 0
    usd: Decimal = Decimal(0)
    # How much of it rests on typed volumes.
    estimated_usd: Decimal = Decimal(0)


def open_value(found: Sequence[Opportunity] | None = None) -> OpenValue:
    """The sum over use cases of what their first option saves."""
    rows = open_opportunities() if found is None else found
    leaders = [group.best for group in grouped(rows)]
    typed = (_saved(one) for one in leaders if one.is_estimate)
    return OpenValue(
        use_cases=len(leaders),
        opportunities=len(rows),
        usd=sum(map(_saved, leaders), Decimal(0)),
        estimated_usd=sum(typed, Decimal(0)),
    )


def events_of(opportunity: Opportunity) -> list[OpportunityEvent]:
    """Its history, the newest first."""
    rows = OpportunityEvent.objects.filter(opportunity=opportunity)
    return list(rows.order_by("-at", "-id")[:50])


def counts_by_state(*, now: datetime | None = None) -> Mapping[str, int]:
    """How many there are of each state, as the list's chips say."""
    now = now or utc_now()
    return {
        state: Opportunity.objects.filter(_in_state(state, now)).count()
        for state in ("", "snoozed", "dismissed", "accepted", "closed")
    }


def without_excluded(rows: Sequence[Opportunity] | QuerySet[Opportunity]) -> list[Any]:
    """An override of our editors counts from the moment it is approved."""
    found = list(rows)
    out = excluded_models() if found else frozenset()
    return [one for one in found if one.candidate_model_id not in out]


def _in_state(state: str, now: datetime) -> Q:
    if state == "snoozed":
        return Q(state=ACTIVE, snoozed_until__gt=now)
    if state == "closed":
        return Q(state__in=("invalidated", "expired"))
    return Q(state=state) if state else _is_open(now)


def _is_open(now: datetime) -> Q:
    is_live = Q(use_case__function__product__status=Product.Status.ACTIVE)
    is_due = Q(snoozed_until=None) | Q(snoozed_until__lte=now)
    return Q(state=ACTIVE) & is_live & is_due


def _by_value(rows: QuerySet[Opportunity]) -> QuerySet[Opportunity]:
    return rows.order_by(
        F("savings_month_usd").desc(nulls_last=True), "-fit_gain", "id"
    )


def _all() -> QuerySet[Opportunity]:
    return Opportunity.objects.select_related(
        "use_case__function__product",
        "use_case__alias",
        "current_model",
        "candidate_model",
        "candidate_provider",
    )

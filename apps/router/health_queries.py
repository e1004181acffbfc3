"""How providers fare: now, over a day, and when they were out.

Shares and percentiles over all organizations' requests, which say nothing about any of
them; counts are for staff (`requests` is what an organization must not be shown).
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet

from apps.kit.clock import utc_now
from apps.router.breaker import State
from apps.router.health import OUTCOMES, SPAN_S, Tally, add_up, quantile_ms
from apps.router.health_models import OfferIncident, OfferSpan
from apps.router.runtime import running

SPAN: Final = timedelta(seconds=SPAN_S)
NOW: Final = timedelta(minutes=15)
DAY: Final = timedelta(hours=24)
# From this share of failures on an offer is shown as failing, though it is asked.
FAILING_FROM: Final = 0.2
# What is nobody's failure: the answer, a caller who left, a request that was wrong.
_FINE: Final = frozenset(("ok", "cancelled", "bad_request", "too_long", "unsupported"))


@dataclass(frozen=True, slots=True)
class Measures:
    """What a span of time held. Milliseconds; None: nothing was measured."""

    requests: int
    failed: int
    # By what went wrong, most frequent first; only what did.
    errors: tuple[tuple[str, int], ...]
    latency_p50_ms: int | None
    latency_p95_ms: int | None
    first_token_p50_ms: int | None
    first_token_p95_ms: int | None

    @property
    def error_rate(self) -> float | None:
        """Share of the attempts that the offer failed at; 0 to 1."""
        return self.failed / self.requests if self.requests else None

    @property
    def is_failing(self) -> bool:
        """Whether so many fail that nobody should call it up."""
        return (self.error_rate or 0.0) >= FAILING_FROM


@dataclass(frozen=True, slots=True)
class OfferHealth:
    """One offer at present: its circuit, and the last quarter of an hour."""

    offer_id: UUID
    provider: str
    model: str
    state: State
    # Why and until when it rests, where its circuit is open.
    reason: str
    rests_until: datetime | None
    measures: Measures


@dataclass(frozen=True, slots=True)
class ProviderHealth:
    """One provider at present: all its offers together, the worst circuit counting."""

    provider: str
    state: State
    measures: Measures
    offers: tuple[OfferHealth, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """Five minutes or more, beginning at `starts_at`."""

    starts_at: datetime
    measures: Measures


@dataclass(frozen=True, slots=True)
class Incident:
    """A time during which an offer was asked last; `ended_at` None: it still is."""

    offer_id: UUID
    provider: str
    model: str
    reason: str
    began_at: datetime
    ended_at: datetime | None


def providers_now(
    now: datetime | None = None, *, over: timedelta = NOW
) -> list[ProviderHealth]:
    """Every provider that was asked in the last quarter of an hour, or rests."""
    spans = _spans(since=(now or utc_now()) - over)
    by_offer: dict[UUID, Tally] = {}
    for span in spans:
        _add(by_offer, span.offer_id, span)
    resting = {i.offer_id: i for i in OfferIncident.objects.filter(closed_at=None)}
    for offer_id, incident in resting.items():
        by_offer.setdefault(offer_id, Tally(incident.provider, incident.model))
    by_provider: dict[str, dict[UUID, Tally]] = defaultdict(dict)
    for offer_id, tally in by_offer.items():
        by_provider[tally.provider][offer_id] = tally
    return [
        _provider_health(name, by_provider[name], resting)
        for name in sorted(by_provider)
    ]


def series(
    *,
    provider: str = "",
    offer_id: UUID | None = None,
    hours: int = 24,
    step: timedelta = SPAN,
    now: datetime | None = None,
) -> list[Point]:
    """The measures step by step, oldest first; steps without an attempt are left out.

    `step` is a whole number of five minutes.
    """
    since = (now or utc_now()) - timedelta(hours=hours)
    by_step: dict[int, Tally] = {}
    size = int(step.total_seconds())
    for span in _spans(since=since, provider=provider, offer_id=offer_id):
        start = int(span.starts_at.timestamp()) // size * size
        _add(by_step, start, span)
    zone = since.tzinfo
    return [
        Point(datetime.fromtimestamp(start, zone), _measures(by_step[start]))
        for start in sorted(by_step)
    ]


def incidents(
    *, provider: str = "", days: int = 7, limit: int = 100, now: datetime | None = None
) -> list[Incident]:
    """The newest first; those that are not over whenever they began."""
    since = (now or utc_now()) - timedelta(days=days)
    rows = OfferIncident.objects.filter(Q(opened_at__gte=since) | Q(closed_at=None))
    if provider:
        rows = rows.filter(provider=provider)
    return [
        Incident(
            row.offer_id,
            row.provider,
            row.model,
            row.reason,
            row.opened_at,
            row.closed_at,
        )
        for row in rows.order_by("-opened_at")[:limit]
    ]


def _spans(
    *, since: datetime, provider: str = "", offer_id: UUID | None = None
) -> QuerySet[OfferSpan]:
    rows = OfferSpan.objects.filter(starts_at__gte=since - SPAN).order_by("starts_at")
    if provider:
        rows = rows.filter(provider=provider)
    return rows if offer_id is None else rows.filter(offer_id=offer_id)


def _add[Key](sums: dict[Key, Tally], key: Key, span: OfferSpan) -> None:
    tally = Tally(span.provider, span.model)
    for mine, theirs in (
        (tally.outcomes, span.outcomes),
        (tally.latencies, span.latencies),
        (tally.first_tokens, span.first_tokens),
    ):
        # An earlier release knew fewer outcomes.
        mine[: len(theirs)] = theirs[: len(mine)]
    total = sums.setdefault(key, Tally(span.provider, span.model))
    add_up(total, tally)


def _offer_health(
    offer_id: UUID, tally: Tally, incident: OfferIncident | None
) -> OfferHealth:
    state, until = _state(offer_id, incident)
    reason = incident.reason if incident and state != "closed" else ""
    return OfferHealth(
        offer_id, tally.provider, tally.model, state, reason, until, _measures(tally)
    )


def _state(
    offer_id: UUID, incident: OfferIncident | None
) -> tuple[State, datetime | None]:
    """As this web process knows it; elsewhere (a job, a test) by what is on record."""
    runtime = running()
    if runtime is None:
        return ("open" if incident else "closed"), None
    breakers = runtime.health.breakers
    state = breakers.state(offer_id)
    if state != "open":
        return state, None
    until = breakers.verdict(offer_id).until
    return state, datetime.fromtimestamp(until, utc_now().tzinfo)


def _provider_health(
    name: str, tallies: dict[UUID, Tally], resting: dict[UUID, OfferIncident]
) -> ProviderHealth:
    total = Tally(name, "")
    for tally in tallies.values():
        add_up(total, tally)
    offers = [
        _offer_health(offer_id, tally, resting.get(offer_id))
        for offer_id, tally in tallies.items()
    ]
    offers.sort(key=lambda offer: (offer.model, offer.offer_id))
    state = max((offer.state for offer in offers), key=_SEVERITY.index)
    return ProviderHealth(name, state, _measures(total), tuple(offers))


_SEVERITY: Final[tuple[State, ...]] = ("closed", "half_open", "open")


def _measures(tally: Tally) -> Measures:
    counts = dict(zip(OUTCOMES, tally.outcomes, strict=True))
    wrong = {name: n for name, n in counts.items() if n and name not in _FINE}
    return Measures(
        requests=sum(counts.values()),
        failed=sum(wrong.values()),
        errors=_most_first(wrong),
        latency_p50_ms=quantile_ms(tally.latencies, 0.5),
        latency_p95_ms=quantile_ms(tally.latencies, 0.95),
        first_token_p50_ms=quantile_ms(tally.first_tokens, 0.5),
        first_token_p95_ms=quantile_ms(tally.first_tokens, 0.95),
    )


def _most_first(counts: dict[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))

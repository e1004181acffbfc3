"""How quick offers are: by our own router's answers, else as the catalog states."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connections

from apps.catalog.models import OfferHealth
from apps.opportunities.engine.candidates import NO_SPEED, Speed
from apps.router.health import quantile_ms

# Fewer answers say little (PRODUCT.md section 6).
LEAST_REQUESTS: Final = 30
MEASURED_OVER: Final = timedelta(days=30)
MEASURED: Final = "measured by your router"
STATED: Final = "OpenRouter's own measurements"

# Whole answers of every organization together, which says nothing about any of them.
_RATES: Final = """
    SELECT provider, model, sum(output_tokens), sum(latency_ms_total),
        sum(requests - failed - cache_hits)
    FROM router_usagehour
    WHERE starts_at >= %(since)s AND NOT is_test AND failed = 0
    GROUP BY provider, model
    HAVING sum(requests - failed - cache_hits) >= %(least)s
"""
_FIRST_TOKENS: Final = """
    SELECT provider, model, place, sum(count)
    FROM router_offerspan, unnest(first_tokens) WITH ORDINALITY AS bins (count, place)
    WHERE starts_at >= %(since)s AND count > 0
    GROUP BY provider, model, place ORDER BY provider, model, place
"""
type Place = tuple[str, str]  # the provider's slug, and the model's


@dataclass(frozen=True, slots=True)
class Speeds:
    """By (provider, model) as measured, and by offer or endpoint as stated."""

    measured: Mapping[Place, Speed]
    stated: Mapping[UUID, Speed]
    # Of an endpoint behind a broker: by (who runs it, model).
    elsewhere: Mapping[tuple[UUID, UUID], Speed]

    @classmethod
    def read(cls, now: datetime) -> "Speeds":
        stated, elsewhere = _stated()
        return cls(_measured(now), stated, elsewhere)

    def of(self, row: Mapping[str, Any]) -> Speed:
        """The best account of one offer: ours, its own, its endpoint's at a broker."""
        place = (row["provider__slug"], row["ai_model__slug"])
        at = (row["provider_id"], row["ai_model_id"])
        return (
            self.measured.get(place)
            or self.stated.get(row["id"])
            or self.elsewhere.get(at, NO_SPEED)
        )


def _measured(now: datetime) -> dict[Place, Speed]:
    since = now - MEASURED_OVER
    values: dict[str, datetime | int] = {"since": since, "least": LEAST_REQUESTS}
    with connections["jobs"].cursor() as cursor:
        cursor.execute(_RATES, values)
        rates = cursor.fetchall()
        cursor.execute(_FIRST_TOKENS, values)
        bins: dict[Place, dict[int, int]] = defaultdict(dict)
        for provider, model, place, count in cursor.fetchall():
            bins[provider, model][place] = int(count)
    waits = {place: _median_ms(found) for place, found in bins.items()}
    return {
        (provider, model): _speed(
            float(tokens), float(ms), int(n), waits.get((provider, model)), now
        )
        for provider, model, tokens, ms, n in rates
        if ms and tokens
    }


def _median_ms(bins: Mapping[int, int]) -> int | None:
    if sum(bins.values()) < LEAST_REQUESTS:
        return None
    counts = [bins.get(place, 0) for place in range(1, max(bins) + 1)]
    return quantile_ms(counts, 0.5)


def _speed(
    tokens: float, ms: float, requests: int, wait_ms: int | None, now: datetime
) -> Speed:
    """Without streams nobody knows the first token: the rate is of whole answers."""
    writing = ms - requests * wait_ms if wait_ms is not None else ms
    is_whole = wait_ms is None or writing <= 0
    return Speed(
        tokens_per_s=tokens / ((ms if is_whole else writing) / 1000),
        ttft_ms=None if wait_ms is None else float(wait_ms),
        source=MEASURED,
        requests=requests,
        measured_at=now,
        is_end_to_end=is_whole,
    )


def _stated() -> tuple[dict[UUID, Speed], dict[tuple[UUID, UUID], Speed]]:
    rows = OfferHealth.objects.order_by("measured_at").values_list(
        "offer_id",
        "offer__served_by_id",
        "offer__ai_model_id",
        "latency_ms",
        "throughput",
        "measured_at",
    )
    stated: dict[UUID, Speed] = {}
    elsewhere: dict[tuple[UUID, UUID], Speed] = {}
    for offer_id, served_by, model_id, latency, throughput, at in rows:
        wait, rate = _median(latency), _median(throughput)
        if rate is None:
            continue
        speed = Speed(rate, wait, STATED, 0, at)
        stated[offer_id] = speed
        if served_by is not None:
            elsewhere[served_by, model_id] = speed
    return stated, elsewhere


def _median(percentiles: Any) -> float | None:
    value = percentiles.get("p50") if isinstance(percentiles, dict) else None
    return float(value) if isinstance(value, int | float) and value > 0 else None

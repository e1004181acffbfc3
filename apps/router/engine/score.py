"""Rate the offers that passed the filters.

The documented formula is `w1·(1 − cost) + w2·(1 − latency) + w3·task_match`. Cost
and latency are placed on a log scale, because on a linear one a single dear model
makes all others look equally cheap. A factor that no source knows is left out and
the remaining weights are taken relative to each other.
"""

from collections.abc import Sequence
from math import log

from apps.router.engine.filters import estimated_cost_nano
from apps.router.engine.need import Candidate, Need, Scored
from apps.router.engine.rules import Weights

# A free offer stands one decade below the cheapest that costs something: a true
# log scale would put it infinitely far away and flatten all prices above it.
FREE_BELOW = 10.0


def score_all(candidates: Sequence[Candidate], need: Need) -> list[Scored]:
    """Every candidate with its sub-scores, in the order given."""
    costs = [estimated_cost_nano(offer, need) for offer in candidates]
    burdens = log_scale([None if c is None else float(c) for c in costs])
    waits = log_scale([_known(offer.latency_ms) for offer in candidates])
    rated = zip(candidates, costs, burdens, waits, strict=True)
    return [
        _scored(offer, cost_nano=cost_nano, cost=cost, latency=latency, need=need)
        for offer, cost_nano, cost, latency in rated
    ]


def weighted(
    weights: Weights,
    *,
    cost: float | None,
    latency: float | None,
    task_match: float | None,
) -> float:
    """The formula above over the factors that are known; 0 when none is."""
    terms = (
        (weights.cost, None if cost is None else 1 - cost),
        (weights.latency, None if latency is None else 1 - latency),
        (weights.task_match, task_match),
    )
    known = [(weight, value) for weight, value in terms if value is not None]
    total = sum(weight for weight, _ in known)
    return sum(weight * value for weight, value in known) / total if total else 0.0


def log_scale(values: Sequence[float | None]) -> list[float | None]:
    """Place each known value between the least (0) and the greatest (1)."""
    positive = [value for value in values if value]
    if not positive:
        return [None if value is None else 0.0 for value in values]
    has_free = any(value == 0 for value in values)
    least = min(positive)
    low = (least / FREE_BELOW if has_free else least) or least
    width = log(max(positive)) - log(low)
    return [
        None if value is None else _place(value, low=low, width=width)
        for value in values
    ]


def _place(value: float, *, low: float, width: float) -> float:
    if width <= 0 or value <= 0:
        return 0.0
    return (log(value) - log(low)) / width


def _known(latency_ms: int | None) -> float | None:
    return None if latency_ms is None else float(max(latency_ms, 1))


def _scored(
    offer: Candidate,
    *,
    cost_nano: int | None,
    cost: float | None,
    latency: float | None,
    need: Need,
) -> Scored:
    task_match = offer.quality_at(need.quality_task, need.domain)
    score = weighted(need.weights, cost=cost, latency=latency, task_match=task_match)
    return Scored(offer, score * offer.downrank, cost, latency, task_match, cost_nano)

"""A decision in words and figures: for the debug endpoint, the log and the pages."""

from collections import Counter
from typing import Any

from msgspec import structs

from apps.kit.money import from_nano
from apps.router.engine.filters import (
    cached_tokens,
    estimated_cost_nano,
    expected_output,
)
from apps.router.engine.learned import NEIGHBOURS
from apps.router.engine.need import (
    Decision,
    Excluded,
    Expected,
    Need,
    Scored,
    Stay,
)

KEPT_CANDIDATES = 20
KEPT_OWN = 5
# Reasons that say something about the request, not about the installation.
TELLING = frozenset(
    {"context", "vision", "tools", "json_schema", "quality_floor", "max_cost", "price"}
)


def explain(decision: Decision) -> dict[str, Any]:
    """Everything: each candidate's sub-scores, each exclusion's reason."""
    return {
        **_head(decision),
        "candidates": [_candidate(s, decision.need) for s in decision.ranked],
        "excluded": [_excluded(item) for item in decision.excluded],
    }


def content_of(decision: Decision) -> dict[str, Any]:
    """What is kept with a request: the best candidates, and the telling exclusions.

    Offers that this installation cannot call at all are only counted by reason;
    they are hundreds, and the same for every request.
    """
    # A decision by own outcomes is of one prompt alone, and so is kept for it alone.
    kept = decision.ranked[: KEPT_CANDIDATES if decision.expected is None else KEPT_OWN]
    telling = [item for item in decision.faults if item.code in TELLING]
    others = Counter(i.reason for i in decision.faults if i.code not in TELLING)
    others.update(decision.closed.by_reason)
    return {
        **_head(decision),
        "candidates": [_candidate(s, decision.need) for s in kept],
        "candidates_total": len(decision.ranked),
        "excluded": [_excluded(item) for item in telling[:KEPT_CANDIDATES]],
        "excluded_by_reason": dict(others.most_common()),
        "excluded_total": len(decision.faults) + len(decision.closed),
    }


def _head(decision: Decision) -> dict[str, Any]:
    need = decision.need
    return {
        "task_type": need.task,
        "task_probabilities": dict(need.task_probabilities),
        "domain": need.domain or None,
        "priority": need.priority,
        "latency_pref": need.latency_pref,
        "model": need.model or "auto",
        "reason": decision.reason,
        "selected_model": _model(decision.chain[0]) if decision.chain else None,
        "chain": [_place(scored) for scored in decision.chain],
        "asked": _asked(need),
        "weights": _weights(need),
        "tokens": {"input": need.input_tokens, "output": need.output_tokens},
        "baseline_model": need.baseline_model,
        "stays_with": _stay(need.stay),
        "learned": _learned(decision.expected),
    }


def _stay(stay: Stay | None) -> dict[str, Any] | None:
    """Where the conversation was answered last, and what is cached there."""
    if stay is None:
        return None
    where = {"model": stay.model, "provider": stay.provider}
    return {**where, "cached_tokens": stay.cached_tokens}


def _learned(expected: Expected | None) -> dict[str, Any] | None:
    """What own graded answers to similar prompts promise, and on what that rests."""
    if expected is None:
        return None
    return {
        "quality_to_keep": expected.target,
        "rate_per_dollar": round(expected.rate, 4),
        "neighbours": NEIGHBOURS,
        "kappa": round(expected.kappa, 1),
        "usual_weight": round(expected.usual_weight, 1),
        "models": {
            model: {
                "quality": round(guess.quality, 3),
                "cost": round(guess.dollars, 9),
                "weight_of_neighbours": round(guess.evidence, 2),
            }
            for model, guess in expected.models.items()
        },
    }


def _asked(need: Need) -> dict[str, list[str]]:
    """What the request could not do without, whatever the rules say."""
    needs = {
        "vision": need.needs_vision,
        "tools": need.needs_tools,
        "json_schema": need.needs_json_schema,
    }
    return {
        "needs": [name for name, is_needed in needs.items() if is_needed],
        "models": list(need.models),
    }


def _model(scored: Scored) -> str:
    return scored.candidate.model


def _place(scored: Scored) -> dict[str, str]:
    return {"model": scored.candidate.model, "provider": scored.candidate.provider}


def _weights(need: Need) -> dict[str, float]:
    weights = need.weights
    return {
        "cost": weights.cost,
        "latency": weights.latency,
        "task_match": weights.task_match,
    }


def _candidate(scored: Scored, need: Need) -> dict[str, Any]:
    cost, cached = scored.cost_nano, cached_tokens(scored.candidate, need)
    return {
        **_place(scored),
        "score": round(scored.score, 4),
        "worth": _rounded(scored.worth),
        "cost": _rounded(scored.cost),
        "latency": _rounded(scored.latency),
        "task_match": _rounded(scored.task_match),
        "estimated_cost": None if cost is None else float(from_nano(cost)),
        "output_tokens": expected_output(scored.candidate, need),
        "cached_tokens": cached,
        "cache_saves": _cache_saves(scored, need) if cached else 0.0,
        "latency_ms": scored.candidate.latency_ms,
    }


def _cache_saves(scored: Scored, need: Need) -> float | None:
    """US dollars that the prompt would cost more, were nothing of it cached there."""
    fresh = estimated_cost_nano(scored.candidate, structs.replace(need, stay=None))
    if fresh is None or scored.cost_nano is None:
        return None
    return float(from_nano(fresh - scored.cost_nano))


def _excluded(item: Excluded) -> dict[str, str]:
    offer = item.candidate
    return {"model": offer.model, "provider": offer.provider, "reason": item.reason}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)

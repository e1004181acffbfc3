"""A decision in words and figures: for the debug endpoint, the log and the pages."""

from collections import Counter
from typing import Any

from apps.kit.money import from_nano
from apps.router.engine.need import Decision, Excluded, Need, Scored

KEPT_CANDIDATES = 20
# Reasons that say something about the request, not about the installation.
TELLING = frozenset(
    {"context", "vision", "tools", "json_schema", "quality_floor", "max_cost", "price"}
)


def explain(decision: Decision) -> dict[str, Any]:
    """Everything: each candidate's sub-scores, each exclusion's reason."""
    return {
        **_head(decision),
        "candidates": [_candidate(scored) for scored in decision.ranked],
        "excluded": [_excluded(item) for item in decision.excluded],
    }


def content_of(decision: Decision) -> dict[str, Any]:
    """What is kept with a request: the best candidates, and the telling exclusions.

    Offers that this installation cannot call at all are only counted by reason;
    they are hundreds, and the same for every request.
    """
    telling = [item for item in decision.excluded if item.code in TELLING]
    others = Counter(i.reason for i in decision.excluded if i.code not in TELLING)
    return {
        **_head(decision),
        "candidates": [_candidate(s) for s in decision.ranked[:KEPT_CANDIDATES]],
        "candidates_total": len(decision.ranked),
        "excluded": [_excluded(item) for item in telling[:KEPT_CANDIDATES]],
        "excluded_by_reason": dict(others.most_common()),
        "excluded_total": len(decision.excluded),
    }


def _head(decision: Decision) -> dict[str, Any]:
    need = decision.need
    return {
        "task_type": need.task,
        "task_probabilities": dict(need.task_probabilities),
        "priority": need.priority,
        "latency_pref": need.latency_pref,
        "model": need.model or "auto",
        "reason": decision.reason,
        "selected_model": _model(decision.chain[0]) if decision.chain else None,
        "chain": [_place(scored) for scored in decision.chain],
        "weights": _weights(need),
        "tokens": {"input": need.input_tokens, "output": need.output_tokens},
        "baseline_model": need.baseline_model,
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


def _candidate(scored: Scored) -> dict[str, Any]:
    cost = scored.cost_nano
    return {
        **_place(scored),
        "score": round(scored.score, 4),
        "cost": _rounded(scored.cost),
        "latency": _rounded(scored.latency),
        "task_match": _rounded(scored.task_match),
        "estimated_cost": None if cost is None else float(from_nano(cost)),
        "latency_ms": scored.candidate.latency_ms,
    }


def _excluded(item: Excluded) -> dict[str, str]:
    offer = item.candidate
    return {"model": offer.model, "provider": offer.provider, "reason": item.reason}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)

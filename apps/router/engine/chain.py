"""Order the offers to try: primary, backup, cheapest."""

from collections.abc import Callable, Iterable, Sequence

from apps.kit.errors import (
    AppError,
    MaxCostExceededError,
    NoModelAvailableError,
    PermissionDeniedError,
)
from apps.router.engine.filters import split
from apps.router.engine.need import (
    Candidate,
    Decision,
    Excluded,
    Need,
    Scored,
    may_use,
)
from apps.router.engine.score import score_all

# Ties are broken by name, so that the same snapshot gives the same choice anywhere.
Key = tuple[float | int | str, ...]
UNPRICED = 2**62


def decide(
    pool: Iterable[Candidate], need: Need, closed: Sequence[Excluded] = ()
) -> Decision:
    """The decision for one need; its chain is empty when no offer may serve it.

    `closed` are offers known beforehand to be out of reach whatever is needed.
    """
    fit, excluded = split(pool, need)
    ranked = rank(score_all(fit, need), need)
    chain = build_chain(ranked)
    reason = explain(chain, need)
    return Decision(need, chain, tuple(ranked), (*excluded, *closed), reason)


def rank(scored: Sequence[Scored], need: Need) -> list[Scored]:
    """Best first. An offer whose task match is not assessed stands behind all that
    are: what nobody measured must not win by being cheap.
    """
    order = _ORDERS[need.priority]
    return sorted(scored, key=lambda s: (s.task_match is None, *order(s)))


def build_chain(ranked: Sequence[Scored]) -> tuple[Scored, ...]:
    """The first; the best one elsewhere; the cheapest of the rest."""
    if not ranked:
        return ()
    primary, rest = ranked[0], list(ranked[1:])
    chain = [primary]
    if rest:
        home = primary.candidate.provider
        backup = next((s for s in rest if s.candidate.provider != home), rest[0])
        chain.append(backup)
        rest.remove(backup)
    if rest:
        chain.append(min(rest, key=lambda s: (s.task_match is None, *_by_cost(s))))
    return tuple(chain)


def refusal(decision: Decision) -> AppError:
    """What to tell a caller whose request nothing can serve."""
    need, excluded = decision.need, decision.excluded
    if barred := barred_models(need):
        return PermissionDeniedError(
            f"This API key may not use {', '.join(barred)}.",
            param="model" if need.model else "models",
        )
    if any(item.code == "max_cost" for item in excluded):
        return MaxCostExceededError(
            "Every model that could serve this request costs more than max_cost.",
            param="max_cost",
        )
    if need.model:
        reasons = sorted({item.reason for item in excluded})
        return NoModelAvailableError(f"{need.model}: {'; '.join(reasons)}.")
    return NoModelAvailableError(f"No model can serve this request. {_tally(excluded)}")


def barred_models(need: Need) -> tuple[str, ...]:
    """What the caller asked for, when its key may use nothing of it."""
    asked = (need.model,) if need.model else need.models
    if not need.allowed_models or any(may_use(need.allowed_models, m) for m in asked):
        return ()
    return asked


def explain(chain: Sequence[Scored], need: Need) -> str:
    """Why the first of the chain was chosen, in one sentence."""
    if not chain:
        return "No offer may serve this request."
    first = chain[0]
    name = f"{first.candidate.model} at {first.candidate.provider}"
    if need.is_test and need.model not in {"", first.candidate.model}:
        return f"A test key: {name} stands in for {need.model}."
    if need.model:
        return f"The request names {need.model}; {name} is its best offer."
    return f"{name} {_merit(first, need)}{_evidence(first, need)}."


def _merit(first: Scored, need: Need) -> str:
    """What it won by: only the factors that were known."""
    if need.priority == "cheap":
        return "is the cheapest that fits"
    factors = {
        "cost": first.cost,
        "latency": first.latency,
        "task match": first.task_match,
    }
    known = [name for name, value in factors.items() if value is not None]
    if need.priority == "best" and first.task_match is not None:
        return "is the best at this task"
    if not known:
        return "is what there is: nothing about it is assessed"
    words = " and ".join(filter(None, (", ".join(known[:-1]), known[-1])))
    return f"scores best on {words}"


def _evidence(first: Scored, need: Need) -> str:
    if first.task_match is None:
        return f"; its quality at {need.task} is not assessed"
    if need.task not in first.candidate.task_scores:
        return f"; its general quality is {first.task_match:.2f}"
    return f"; its quality at {need.task} is {first.task_match:.2f}"


def _tally(excluded: Sequence[Excluded]) -> str:
    """The commonest reasons; those of offers that could be called come first."""
    counts: dict[tuple[bool, str], int] = {}
    for item in excluded:
        key = (item.code in {"unavailable", "test_key", "stand_in"}, item.reason)
        counts[key] = counts.get(key, 0) + 1
    told = sorted(counts.items(), key=lambda pair: (pair[0][0], -pair[1], pair[0]))
    return " ".join(f"{count} excluded: {key[1]}." for key, count in told[:3])


def _by_cost(s: Scored) -> Key:
    cost = UNPRICED if s.cost_nano is None else s.cost_nano
    return (cost, -s.score, s.candidate.model, s.candidate.provider)


def _by_score(s: Scored) -> Key:
    return (-s.score, *_by_cost(s))


def _by_quality(s: Scored) -> Key:
    return (-(s.task_match or 0.0), -s.score, *_by_cost(s))


_ORDERS: dict[str, Callable[[Scored], Key]] = {
    "cheap": _by_cost,
    "balanced": _by_score,
    "best": _by_quality,
}

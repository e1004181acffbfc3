"""Order the offers to try: primary, backup, cheapest."""

from collections.abc import Callable, Iterable, Sequence

from apps.kit.errors import (
    AppError,
    MaxCostExceededError,
    NoModelAvailableError,
    PayloadTooLargeError,
    PermissionDeniedError,
)
from apps.router.engine.filters import split
from apps.router.engine.need import (
    NOTHING_CLOSED,
    Candidate,
    Closed,
    Decision,
    Excluded,
    Need,
    Scored,
    Stay,
    may_use,
)
from apps.router.engine.rules import NO_RULES, Rules
from apps.router.engine.score import score_all

# Ties are broken by name, so that the same snapshot gives the same choice anywhere.
Key = tuple[float | int | str, ...]
UNPRICED = 2**62
# Of a score of 0 to 1. The 90 % interval of a model's quality is wider than that for
# nine tenths of the models in the catalog.
WORTH_A_SWITCH = 0.02


def decide(
    pool: Iterable[Candidate], need: Need, closed: Closed = NOTHING_CLOSED
) -> Decision:
    """The decision for one need; its chain is empty when no offer may serve it.

    `closed` are offers known beforehand to be out of reach whatever is needed.
    """
    fit, excluded = split(pool, need)
    ranked = rank(score_all(fit, need), need)
    chain = build_chain(ranked, need.rules)
    reason = explain(chain, need)
    return Decision(need, chain, tuple(ranked), tuple(excluded), closed, reason)


def rank(scored: Sequence[Scored], need: Need) -> list[Scored]:
    """Best first. An offer whose task match is not assessed stands behind all that
    are: what nobody measured must not win by being cheap.
    """
    order = _SORTS.get(need.rules.sort) or _ORDERS[need.priority]
    is_sorted = bool(need.rules.sort)

    def key(s: Scored) -> Key:
        is_unknown = s.task_match is None and not is_sorted
        return (*preference(s, need), is_unknown, *order(s))

    ranked = sorted(scored, key=key)
    merit = _MERITS.get(need.priority)
    if merit is None or is_sorted:
        return ranked
    return staying(ranked, need, merit=merit)


def preference(s: Scored, need: Need) -> tuple[int, int, bool]:
    """What goes before any merit: an order that somebody named, a speed wished for."""
    rules = need.rules
    named = (need.model, *rules.fallbacks) if need.model else ()
    return (
        _place(s.candidate.model, named),
        _place(s.candidate.provider, rules.order),
        _is_slower(s.candidate, rules),
    )


def staying(
    ranked: list[Scored], need: Need, *, merit: Callable[[Scored], float]
) -> list[Scored]:
    """Keep a conversation where it is, unless going elsewhere gains something.

    What is cached there has made it cheaper already; what is more, a gain below the
    error of the estimates must not send a conversation to and fro.
    """
    stay = need.stay
    if stay is None or not ranked:
        return ranked
    home = next((s for s in ranked if _is_home(s.candidate, stay)), None)
    first = ranked[0]
    if home is None or preference(home, need) != preference(first, need):
        return ranked
    if merit(first) - merit(home) > WORTH_A_SWITCH:
        return ranked
    return [home, *(s for s in ranked if s is not home)]


def _is_home(offer: Candidate, stay: Stay) -> bool:
    return (offer.model, offer.provider) == (stay.model, stay.provider)


def _place(name: str, order: Sequence[str]) -> int:
    """Its place in a list of preferences; behind all of them when it is not there."""
    return order.index(name) if name in order else len(order)


def _is_slower(offer: Candidate, rules: Rules) -> bool:
    """Whether it is known to miss what is wished for; that bars nothing."""
    late, slow = rules.max_latency_ms, rules.min_tokens_per_s
    if late is not None and (offer.latency_ms or 0) > late:
        return True
    speed = offer.tokens_per_s
    return slow is not None and speed is not None and speed < slow


def build_chain(
    ranked: Sequence[Scored], rules: Rules = NO_RULES
) -> tuple[Scored, ...]:
    """The first; the best one elsewhere; the cheapest of the rest.

    Fallbacks that somebody named come in place of ours, each with its best offer.
    """
    if not ranked:
        return ()
    if not rules.allow_fallbacks:
        return tuple(ranked[:1])
    if rules.fallbacks:
        return _named_chain(ranked, rules.fallbacks)
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


def _named_chain(
    ranked: Sequence[Scored], fallbacks: Sequence[str]
) -> tuple[Scored, ...]:
    chain = [ranked[0]]
    for model in fallbacks:
        best = next((s for s in ranked if s.candidate.model == model), None)
        if best is not None and best not in chain:
            chain.append(best)
    return tuple(chain)


def refusal(decision: Decision) -> AppError:
    """What to tell a caller whose request nothing can serve."""
    need, excluded = decision.need, decision.excluded
    if barred := barred_models(need):
        return PermissionDeniedError(
            f"This API key may not use {', '.join(barred)}.",
            param="model" if need.model else "models",
        )
    if any(item.code == "prompt_size" for item in excluded):
        return PayloadTooLargeError(
            f"The prompt has about {need.input_tokens:,} tokens; the rules of this "
            f"request allow {need.rules.max_prompt_tokens or 0:,}.",
            param="messages",
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
    words = f"{name} {_merit(first, need)}{_evidence(first, need)}"
    return f"{words}{_stay(first.candidate, need.stay)}."


def _stay(first: Candidate, stay: Stay | None) -> str:
    if stay is None or not _is_home(first, stay) or not stay.cached_tokens:
        return ""
    return f"; about {stay.cached_tokens:,} tokens of the conversation are cached there"


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
        return f"; its quality at {need.quality_task} is not assessed"
    if need.domain in first.candidate.domain_scores:
        return f"; its quality at {need.domain} is {first.task_match:.2f}"
    if need.quality_task not in first.candidate.task_scores:
        return f"; its general quality is {first.task_match:.2f}"
    return f"; its quality at {need.quality_task} is {first.task_match:.2f}"


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


def _by_latency(s: Scored) -> Key:
    latency = s.candidate.latency_ms
    return (UNPRICED if latency is None else latency, *_by_cost(s))


def _by_throughput(s: Scored) -> Key:
    return (-(s.candidate.tokens_per_s or 0.0), *_by_cost(s))


# What a stay is weighed by; `cheap` needs none, since its cost is the whole of it.
_MERITS: dict[str, Callable[[Scored], float]] = {
    "balanced": lambda s: s.score,
    "best": lambda s: s.task_match or 0.0,
}
_SORTS: dict[str, Callable[[Scored], Key]] = {
    "price": _by_cost,
    "latency": _by_latency,
    "throughput": _by_throughput,
}
_ORDERS: dict[str, Callable[[Scored], Key]] = {
    "cheap": _by_cost,
    "balanced": _by_score,
    "best": _by_quality,
}

"""The models a caller can reach, from the snapshot that routes its requests."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from apps.accounts.keys import Caller
from apps.catalog.models import AIModel
from apps.kit.errors import NotFoundError
from apps.kit.money import CompiledPrice, from_nano
from apps.router.engine.need import GENERAL, Candidate, may_use
from apps.router.plan import Planner
from apps.router.runtime import current
from apps.router.snapshot import Snapshot

# A strength is a task at which a model is among the best third of those assessed.
STRONG_SHARE: Final = 3
# Below every threshold of prices that rise with the length of the prompt.
_SAMPLE: Final = 1_000


def callable_models(caller: Caller) -> list[dict[str, Any]]:
    """Each model once, with its offers; the cheapest offer speaks for it."""
    planner = current().planner
    offers = _reachable(planner, caller)
    bars = _bars(planner.snapshot)
    models = AIModel.objects.filter(id__in=offers)
    return [_model(model, offers[model.id], bars) for model in models]


def callable_model(caller: Caller, name: str) -> dict[str, Any]:
    """One of them by its id or another of its names; raises NotFoundError."""
    planner = current().planner
    slug, offers = planner.snapshot.slug_of(name), _reachable(planner, caller)
    found = [own for own in offers.values() if own[0].model == slug]
    model = AIModel.objects.filter(slug=slug).first() if found else None
    if model is None:
        raise NotFoundError(f"There is no model named {name!r}.", param="model")
    return _model(model, found[0], _bars(planner.snapshot))


def _reachable(planner: Planner, caller: Caller) -> dict[UUID, list[Candidate]]:
    offers: dict[UUID, list[Candidate]] = defaultdict(list)
    for offer in (*planner.market_of(caller).pool, *planner.embedders_of(caller)):
        if _is_reachable(offer, caller):
            offers[offer.model_id].append(offer)
    return offers


def _is_reachable(offer: Candidate, caller: Caller) -> bool:
    # A test key's models are answered by the stand-in, whichever they are.
    if caller.is_test:
        return offer.is_stand_in
    return not caller.allowed_models or may_use(caller.allowed_models, offer.model)


def _model(
    model: AIModel, offers: Iterable[Candidate], bars: Mapping[str, float]
) -> dict[str, Any]:
    places = sorted(map(_offer, offers), key=_price_order)
    return {
        "id": model.slug,
        "object": "model",
        "created": _seconds(model.released_on),
        "owned_by": model.author,
        "model_name": model.name,
        "strengths": _strengths(next(iter(offers)).task_scores, bars),
        "supports_functions": model.has_tools,
        "supports_vision": model.has_vision,
        "kind": model.kind,
        **places[0],
        "offers": places,
    }


def _offer(offer: Candidate) -> dict[str, Any]:
    return {
        "provider": offer.provider,
        "cost_input": _per_million(offer.price, fresh=_SAMPLE),
        "cost_output": _per_million(offer.price, output=_SAMPLE),
        "avg_latency": offer.latency_ms,
        "max_tokens": offer.max_output_tokens,
        "context_tokens": offer.context_tokens,
    }


def _price_order(offer: dict[str, Any]) -> tuple[bool, Decimal, str]:
    prices = (offer["cost_input"], offer["cost_output"])
    known = [price for price in prices if price is not None]
    return len(known) < len(prices), sum(known, Decimal(0)), offer["provider"]


def _per_million(
    price: CompiledPrice | None, *, fresh: int = 0, output: int = 0
) -> Decimal | None:
    """The price of a million tokens, without what each request costs by itself."""
    if price is None:
        return None
    charged = price.cost_nano(fresh, 0, 0, 0, output, 0)
    fee = price.cost_nano(0, 0, 0, 0, 0, 0)
    if charged is None or fee is None:
        return None
    return from_nano(charged - fee) * 1_000_000 / _SAMPLE


def _seconds(day: date | None) -> int:
    """OpenAI's shape wants a moment; 0 says that no source gives one."""
    return int(datetime.combine(day, time(), UTC).timestamp()) if day else 0


def _bars(snapshot: Snapshot) -> dict[str, float]:
    """The least score of the best third at each task, over the whole catalog."""
    closed = (excluded.candidate for excluded in snapshot.closed)
    known = {offer.model_id: offer.task_scores for offer in (*snapshot.pool, *closed)}
    scores: dict[str, list[float]] = defaultdict(list)
    for of_model in known.values():
        for task, score in of_model.items():
            scores[task].append(score)
    return {
        task: sorted(values, reverse=True)[(len(values) - 1) // STRONG_SHARE]
        for task, values in scores.items()
    }


def _strengths(scores: Mapping[str, float], bars: Mapping[str, float]) -> list[str]:
    strong = {t: s for t, s in scores.items() if t != GENERAL and s >= bars[t]}
    return sorted(strong, key=lambda task: (-strong[task], task))

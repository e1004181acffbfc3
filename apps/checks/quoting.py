"""Before a check runs: to whom its prompts go, and what it costs at the most."""

from collections.abc import Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.conf import settings

from apps.accounts.keys import Caller
from apps.checks.asking import UnpricedError, Way, way_of
from apps.checks.bodies import answer_body, longest_judge_body
from apps.checks.cells import Asked
from apps.checks.errors import NotCheckableError
from apps.kit.errors import AppError
from apps.router import runtime, snapshot
from apps.router.engine.judging import is_third
from apps.router.engine.need import Candidate
from apps.router.plan import Planner
from apps.tenancy.scope import require_org_id

# A judge that costs more per million output tokens is nobody's default.
JUDGE_PRICE_NANO: Final = 20_000_000_000


@dataclass(frozen=True, slots=True)
class Quoted:
    """One model's part of a check: who gets the prompts, and the most it costs."""

    model: str
    providers: tuple[str, ...]
    calls: int
    most_usd: Decimal
    is_judge: bool = False


@dataclass(frozen=True, slots=True)
class Quote:
    """What a check may cost, by model; the total is where its ceiling begins."""

    parts: tuple[Quoted, ...]

    @property
    def most_usd(self) -> Decimal:
        return sum((part.most_usd for part in self.parts), Decimal(0))

    @property
    def providers(self) -> tuple[str, ...]:
        """Everyone who may get a prompt, each once."""
        return tuple(dict.fromkeys(p for part in self.parts for p in part.providers))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be quoted."""

    seats: Sequence[str]
    prompts: Sequence[Asked]
    system: str
    parameters: Mapping[str, Any]
    judge_model: str = ""


def quote(wanted: Wanted) -> Quote:
    """Raises NotCheckableError naming the model that cannot take part, and why."""
    planner = planner_now()
    parts = [_answers(planner, wanted, model) for model in wanted.seats]
    if wanted.judge_model:
        parts.append(_judgements(planner, wanted))
    return Quote(tuple(parts))


def planner_now() -> Planner:
    """This process's planner; where no router runs, one of this moment."""
    running = runtime.running()
    if running is not None:
        return running.planner
    # Outside of any scope: the picture is of every organization's rules.
    return Planner(Context().run(snapshot.load), settings.PREMIUM_MODEL)


def models_now() -> list[str]:
    """The models that the organization in scope may and can call."""
    return sorted({offer.model for offer in _pool(planner_now())})


def usual_judge(seats: Sequence[str]) -> str:
    """The best of the models of another maker at a usual price; empty when none is."""
    best: dict[str, tuple[float, int]] = {}
    for offer in _pool(planner_now()):
        quality = offer.quality_at("reasoning")
        price = offer.price.dearest_output_nano() if offer.price else None
        if quality is None or price is None or price > JUDGE_PRICE_NANO:
            continue
        if not offer.is_stand_in and is_third(offer.model, *seats):
            best[offer.model] = max(best.get(offer.model, (0.0, 0)), (quality, -price))
    return max(best, key=lambda model: best[model]) if best else ""


def _pool(planner: Planner) -> list[Candidate]:
    market = planner.market_of(Caller.of_member(require_org_id()))
    return [offer for offer in market.pool if not offer.unavailable]


def _answers(planner: Planner, wanted: Wanted, model: str) -> Quoted:
    bodies = (
        answer_body(asked.messages, wanted.system, wanted.parameters)
        for asked in wanted.prompts
    )
    ways = [_way(planner, body, model) for body in bodies]
    return _quoted(model, ways)


def _judgements(planner: Planner, wanted: Wanted) -> Quoted:
    bodies = (
        longest_judge_body(asked.messages, wanted.system) for asked in wanted.prompts
    )
    ways = [_way(planner, body, wanted.judge_model) for body in bodies]
    pairs = 2 * (len(wanted.seats) - 1)
    return _quoted(wanted.judge_model, ways, each=pairs, is_judge=True)


def _way(planner: Planner, body: Mapping[str, Any], model: str) -> Way:
    try:
        return way_of(planner, require_org_id(), body, model)
    except UnpricedError:
        raise NotCheckableError(
            f"No price of {model} is known, so its cost cannot be held to a ceiling.",
            param="models",
        ) from None
    except AppError as problem:
        raise NotCheckableError(
            f"{model} cannot take part: {problem.message}", param="models"
        ) from problem


def _quoted(
    model: str, ways: Sequence[Way], *, each: int = 1, is_judge: bool = False
) -> Quoted:
    providers = tuple(dict.fromkeys(p for way in ways for p in way.providers))
    most = sum((way.most_usd for way in ways), Decimal(0)) * each
    return Quoted(model, providers, len(ways) * each, most, is_judge)

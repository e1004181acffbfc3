"""From a parsed body to a decision: what is needed, and which offers serve it.

Scoring hundreds of offers takes about a millisecond, so decisions are remembered
per snapshot. Token counts are rounded up to steps of a fifth before they count as
part of a need: they are estimates with a larger error than that, and most requests
then find their decision made.
"""

from collections import OrderedDict
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final
from uuid import UUID

from apps.accounts.keys import Caller
from apps.kit.errors import NotFoundError
from apps.router.bodies import ChatBody
from apps.router.engine.chain import barred_models, decide, refusal
from apps.router.engine.need import (
    ANYWHERE,
    FAST_WEIGHTS,
    Candidate,
    Decision,
    Need,
    Priority,
    Reach,
    Weights,
)
from apps.router.engine.task import TaskGuess, detect, has_image, text_of
from apps.router.explained import content_of
from apps.router.replies import encode_json
from apps.router.snapshot import Snapshot
from apps.router.ways import Market, market_within

REMEMBERED: Final = 4096
CHARACTERS_PER_TOKEN: Final = 4
TOKENS_PER_MESSAGE: Final = 4
# What an image part counts for until the provider says: OpenAI's high-detail tile
# price for a picture of 1024 × 1024 (platform docs, "Calculating costs").
TOKENS_PER_IMAGE: Final = 765
AUTO: Final[dict[str, Priority]] = {
    "auto": "balanced",
    "auto:cheap": "cheap",
    "auto:best": "best",
}


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A decision with the id and content under which it is kept."""

    decision: Decision
    decision_id: UUID
    content: bytes
    baseline_model: str


class Planner:
    """Makes decisions against one snapshot and remembers them."""

    def __init__(self, snapshot: Snapshot, premium_model: str) -> None:
        self.snapshot = snapshot
        self._premium_model = premium_model
        self._plans: OrderedDict[Need, Plan] = OrderedDict()
        self._markets: dict[Reach, Market] = {}

    def plan(self, caller: Caller, body: ChatBody, raw: dict[str, Any]) -> Plan:
        """The plan for a request; raises an AppError when nothing can serve it."""
        plan = self._remembered(self.need(caller, body, raw))
        if not plan.decision.chain:
            raise refusal(plan.decision)
        return plan

    def explain(self, caller: Caller, body: ChatBody, raw: dict[str, Any]) -> Decision:
        """The whole decision, also when its chain is empty."""
        return self._remembered(self.need(caller, body, raw)).decision

    def need(self, caller: Caller, body: ChatBody, raw: dict[str, Any]) -> Need:
        guess = detect(raw, declared=body.task or "")
        policy = self.snapshot.policy(caller.org_id)
        output = self._output_tokens(body, guess)
        model, priority = self._model(body)
        return Need(
            task=guess.task,
            task_probabilities=_coarse(guess),
            priority=priority,
            latency_pref=body.latency_pref,
            input_tokens=to_step(count_tokens(raw["messages"])),
            output_tokens=to_step(output),
            needs_vision=has_image(raw["messages"]),
            needs_tools=bool(body.tools),
            needs_json_schema=_wants_schema(body),
            max_cost_nano=None if body.max_cost is None else round(body.max_cost * 1e9),
            quality_floor=body.quality_floor,
            models=tuple(sorted(self._slug(name) for name in body.models)),
            model=model,
            is_test=caller.is_test,
            allowed_models=caller.allowed_models,
            is_budgeted=bool(policy.limits.budgets_of(caller.key_id)),
            weights=_weights(policy.weights, body),
            reach=self._reach(caller),
            baseline_model=policy.premium_model or self._premium_model,
        )

    def market_of(self, caller: Caller) -> Market:
        """The offers as this caller's organization can call them."""
        return self._market(self._reach(caller))

    def _reach(self, caller: Caller) -> Reach:
        own = self.snapshot.org_ways.get(caller.org_id)
        return ANYWHERE if own is None or caller.is_test else own.reach

    def _market(self, reach: Reach) -> Market:
        market = self._markets.get(reach)
        if market is None:
            shot = self.snapshot
            market = market_within(reach, shot.pool, shot.closed)
            self._markets[reach] = market
        return market

    def _remembered(self, need: Need) -> Plan:
        plan = self._plans.get(need)
        if plan is None:
            plan = self._plans[need] = self._decide(need)
            if len(self._plans) > REMEMBERED:
                self._plans.popitem(last=False)
        return plan

    def _decide(self, need: Need) -> Plan:
        market = self._market(need.reach)
        if need.is_test and (need.model or need.models):
            decision = decide(self._stand_ins(need), need)
        elif need.model:
            decision = decide(market.seen(self.snapshot.names[need.model]), need)
        else:
            decision = decide(market.pool, need, market.closed)
        content = encode_json(content_of(decision))
        digest = blake2b(content, digest_size=16).digest()
        return Plan(decision, UUID(bytes=digest), content, need.baseline_model)

    def _stand_ins(self, need: Need) -> list[Candidate]:
        """What answers a test key, whichever models it asks for and may use."""
        if barred_models(need):
            return []
        return [offer for offer in self.snapshot.pool if offer.is_stand_in]

    def _model(self, body: ChatBody) -> tuple[str, Priority]:
        if body.model in AUTO:
            is_plain = body.model == "auto"
            return "", body.priority if is_plain else AUTO[body.model]
        return self._slug(body.model, param="model"), body.priority

    def _slug(self, name: str, *, param: str = "models") -> str:
        offers = self.snapshot.names.get(name)
        if not offers:
            raise NotFoundError(f"There is no model named {name!r}.", param=param)
        return offers[0].model

    def _output_tokens(self, body: ChatBody, guess: TaskGuess) -> int:
        expected = self.snapshot.expected_output(guess.task)
        limit = body.max_completion_tokens or body.max_tokens
        return min(expected, limit) if limit else expected


def count_tokens(messages: list[dict[str, Any]]) -> int:
    """About how many tokens a conversation has: four characters each."""
    total = 0
    for message in messages:
        content = message.get("content")
        total += len(text_of(content)) // CHARACTERS_PER_TOKEN + TOKENS_PER_MESSAGE
        if isinstance(content, list):
            total += TOKENS_PER_IMAGE * has_image([message])
    return total


def to_step(tokens: int) -> int:
    """Round up to two significant binary digits: 5 steps an octave at the most."""
    if tokens <= 8:
        return tokens
    step = 1 << (tokens.bit_length() - 3)
    return -(-tokens // step) * step


def _coarse(guess: TaskGuess) -> tuple[tuple[str, float], ...]:
    return tuple((task, round(share, 1)) for task, share in guess.probabilities)


def _wants_schema(body: ChatBody) -> bool:
    wanted = body.response_format
    return wanted is not None and wanted.type == "json_schema"


def _weights(own: Weights | None, body: ChatBody) -> Weights:
    if body.latency_pref == "fast" and own is None:
        return FAST_WEIGHTS
    weights = own or Weights()
    if body.latency_pref == "fast":
        return Weights(weights.latency, weights.cost, weights.task_match)
    return weights

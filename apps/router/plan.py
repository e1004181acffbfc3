"""From a parsed body to a decision: what is needed, and which offers serve it.

Scoring hundreds of offers takes about a millisecond, so decisions are remembered
per snapshot. Token counts are rounded up to steps of a fifth before they count as
part of a need: they are estimates with a larger error than that, and most requests
then find their decision made.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, Final
from uuid import UUID

from msgspec import structs

from apps.accounts.keys import Caller
from apps.kit.errors import NotFoundError, ValidationError
from apps.router.bodies import ChatBody, Inbound
from apps.router.context import NO_CONTEXT, Context
from apps.router.engine.chain import barred_models, decide, refusal
from apps.router.engine.choosing import choose, expected_of
from apps.router.engine.domain import domain_of
from apps.router.engine.need import (
    ANYWHERE,
    FAST_WEIGHTS,
    NOTHING_CLOSED,
    Candidate,
    Decision,
    Excluded,
    LatencyPref,
    Need,
    Reach,
    Stay,
)
from apps.router.engine.parameters import named_in
from apps.router.engine.rules import Rules, Weights
from apps.router.engine.task import TaskGuess, detect, has_image, text_of
from apps.router.explained import content_of
from apps.router.model_names import find
from apps.router.org_policies import OrgPolicy
from apps.router.replies import encode_json
from apps.router.snapshot import Snapshot
from apps.router.steering import Course, steer
from apps.router.ways import Market, market_within

REMEMBERED: Final = 4096
CHARACTERS_PER_TOKEN: Final = 4
TOKENS_PER_MESSAGE: Final = 4
# What the ledger calls the task of embeddings, and who makes those of test keys.
EMBEDDING: Final = "embedding"
ECHO: Final = "modeloptix/echo"
# What an image part counts for until the provider says: OpenAI's high-detail tile
# price for a picture of 1024 × 1024 (platform docs, "Calculating costs").
TOKENS_PER_IMAGE: Final = 765


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

    def course(self, caller: Caller, inbound: Inbound) -> Course:
        """The rules that a request falls under."""
        return steer(self.snapshot, caller.org_id, inbound)

    def plan(
        self,
        caller: Caller,
        inbound: Inbound,
        course: Course,
        context: Context = NO_CONTEXT,
    ) -> Plan:
        """The plan for a request; raises an AppError when nothing can serve it."""
        plan = self._remembered(self.need(caller, inbound, course, context))
        if not plan.decision.chain:
            raise refusal(plan.decision)
        decision = self._learned(plan.decision, caller, context)
        return plan if decision is plan.decision else _plan_of(decision)

    def decision(self, need: Need) -> Decision:
        """The whole decision for a need that stands already."""
        return self._remembered(need).decision

    def explain(
        self, caller: Caller, inbound: Inbound, context: Context = NO_CONTEXT
    ) -> Decision:
        """The whole decision, also when its chain is empty."""
        course = self.course(caller, inbound)
        need = self.need(caller, inbound, course, context)
        decision = self._learned(self._remembered(need).decision, caller, context)
        guess = detect(inbound.body, declared=inbound.typed.task or "")
        shares = tuple((task, round(share, 3)) for task, share in guess.probabilities)
        whole = structs.replace(decision.need, task_probabilities=shares)
        return replace(decision, need=whole)

    def _learned(
        self, decision: Decision, caller: Caller, context: Context
    ) -> Decision:
        """The decision by the organization's own outcomes, where they may choose."""
        if context.prompt is None or decision.need.rules.strategy != "learned":
            return decision
        learner = self.snapshot.learners.get(caller.org_id)
        if learner is None or learner.learned is None:
            return decision
        vector = context.prompt.vector
        expected = expected_of(learner.learned, vector, decision.need)
        return decision if expected is None else choose(decision, expected)

    def need(
        self,
        caller: Caller,
        inbound: Inbound,
        course: Course,
        context: Context = NO_CONTEXT,
    ) -> Need:
        if inbound.is_embedding:
            return self._embedding_need(caller, inbound, course)
        body, raw, rules = inbound.typed, inbound.body, course.rules
        guess = detect(raw, declared=body.task or "")
        policy = self.snapshot.policy(caller.org_id)
        output = self._output_tokens(body, guess)
        tokens = count_tokens(raw["messages"])
        alias_id = course.alias.id if course.alias else None
        return Need(
            task=guess.task,
            task_probabilities=_coarse(guess),
            is_task_sure=guess.is_sure,
            domain=domain_of(guess.treated_as, raw, input_tokens=tokens),
            priority=course.priority,
            latency_pref=course.latency_pref,
            input_tokens=rounded_up(tokens, rules),
            output_tokens=to_step(output),
            output_limit=to_step(body.max_completion_tokens or body.max_tokens or 0),
            needs_vision=has_image(raw["messages"]),
            needs_tools=bool(body.tools),
            needs_json_schema=_wants_schema(body),
            max_cost_nano=_least_cost(body.max_cost, rules),
            quality_floor=_highest_floor(body.quality_floor, rules),
            models=tuple(sorted(self._slug(name) for name in body.models)),
            model=self._slug(course.model, param="model") if course.model else "",
            is_test=caller.is_test,
            allowed_models=caller.allowed_models,
            is_budgeted=bool(policy.limits.budgets_of(caller.key_id, alias_id)),
            weights=weights_for(rules.weights or policy.weights, course.latency_pref),
            rules=rules,
            parameters=named_in(raw) if rules.require_parameters else (),
            reach=self._reach(caller),
            baseline_model=self._baseline_of(policy, course),
            stay=_coarse_stay(context.stay),
        )

    def _baseline_of(self, policy: OrgPolicy, course: Course) -> str:
        """The organization's own choice, else the model before the alias's switch."""
        before = course.alias.baseline_model if course.alias else ""
        return policy.premium_model or before or self._premium_model

    def _embedding_need(self, caller: Caller, inbound: Inbound, course: Course) -> Need:
        """What embeddings need. Vectors of two models cannot be compared, so one model
        has to be named, and no other one stands in for it.
        """
        policy = self.snapshot.policy(caller.org_id)
        alias_id = course.alias.id if course.alias else None
        rules = structs.replace(course.rules, fallbacks=())
        return Need(
            task=EMBEDDING,
            task_probabilities=((EMBEDDING, 1.0),),
            priority=course.priority,
            latency_pref=course.latency_pref,
            input_tokens=rounded_up(count_tokens(inbound.body["messages"]), rules),
            max_cost_nano=_least_cost(inbound.typed.max_cost, rules),
            model=self._embedder(course.model),
            is_test=caller.is_test,
            allowed_models=caller.allowed_models,
            is_budgeted=bool(policy.limits.budgets_of(caller.key_id, alias_id)),
            weights=weights_for(rules.weights or policy.weights, course.latency_pref),
            rules=rules,
            parameters=named_in(inbound.sent) if rules.require_parameters else (),
            reach=self._reach(caller),
        )

    def _embedder(self, name: str) -> str:
        if not name:
            raise ValidationError(
                "Name the model that makes the embeddings.", param="model"
            )
        offers = self.snapshot.embedders.get(name)
        if offers:
            return offers[0].model
        if name in self.snapshot.names:
            raise ValidationError(f"{name} makes no embeddings.", param="model")
        raise NotFoundError(f"There is no model named {name!r}.", param="model")

    def market_of(self, caller: Caller) -> Market:
        """The offers as this caller's organization can call them."""
        return self._market(self._reach(caller))

    def embedders_of(self, caller: Caller) -> Iterable[Candidate]:
        """The offers of embedding models, as this caller's organization sees them."""
        slugs = {
            offer.model for own in self.snapshot.embedders.values() for offer in own
        }
        for slug in sorted(slugs):
            yield from _within(self._reach(caller), self.snapshot.embedders[slug]).pool

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
        if need.task == EMBEDDING:
            seen = self._embedders(need)
            decision = decide(seen.pool, need, seen.closed)
        elif need.is_test and (need.model or need.models):
            decision = decide(self._stand_ins(need), need)
        elif need.model:
            decision = decide(market.seen(self._named(need)), need)
        else:
            decision = decide(market.pool, need, market.closed)
        return _plan_of(decision)

    def _named(self, need: Need) -> list[Candidate]:
        """The offers of the model it names, and of those that may stand in for it."""
        names = dict.fromkeys((need.model, *need.rules.fallbacks))
        offers = self.snapshot.names
        return [offer for name in names for offer in offers.get(name, ())]

    def _embedders(self, need: Need) -> Market:
        """Who embeds for this request; for test keys the echo, which calls nobody."""
        if need.is_test:
            echoes = () if barred_models(need) else self.snapshot.names.get(ECHO, ())
            return Market(
                tuple(replace(o, unavailable="") for o in echoes), NOTHING_CLOSED
            )
        return _within(need.reach, self.snapshot.embedders[need.model])

    def _stand_ins(self, need: Need) -> list[Candidate]:
        """What answers a test key, whichever models it asks for and may use."""
        if barred_models(need):
            return []
        return [offer for offer in self.snapshot.pool if offer.is_stand_in]

    def _slug(self, name: str, *, param: str = "models") -> str:
        offers = find(self.snapshot.names, name)
        if not offers and name in self.snapshot.embedders:
            raise ValidationError(
                f"{name} makes embeddings: send it to /v1/embeddings.", param=param
            )
        if not offers:
            raise NotFoundError(f"There is no model named {name!r}.", param=param)
        return offers[0].model

    def _output_tokens(self, body: ChatBody, guess: TaskGuess) -> int:
        expected = self.snapshot.expected_output(guess.task)
        limit = body.max_completion_tokens or body.max_tokens
        return min(expected, limit) if limit else expected


def _within(reach: Reach, offers: Iterable[Candidate]) -> Market:
    """Offers of one model as an organization can call them."""
    pool = tuple(offer for offer in offers if not offer.unavailable)
    shut = (Excluded(o, o.unavailable, "unavailable") for o in offers if o.unavailable)
    return market_within(reach, pool, tuple(shut))


def _plan_of(decision: Decision) -> Plan:
    content = encode_json(content_of(decision))
    digest = blake2b(content, digest_size=16).digest()
    return Plan(decision, UUID(bytes=digest), content, decision.need.baseline_model)


def count_tokens(messages: list[dict[str, Any]]) -> int:
    """About how many tokens a conversation has: four characters each."""
    total = 0
    for message in messages:
        content = message.get("content")
        total += len(text_of(content)) // CHARACTERS_PER_TOKEN + TOKENS_PER_MESSAGE
        if isinstance(content, list):
            total += TOKENS_PER_IMAGE * has_image([message])
    return total


def rounded_up(tokens: int, rules: Rules) -> int:
    """A prompt's tokens as they count in a need; what the rules let pass is never
    rounded beyond what they let pass.
    """
    limit = rules.max_prompt_tokens
    if limit is not None and tokens <= limit:
        return min(to_step(tokens), limit)
    return to_step(tokens)


def to_step(tokens: int) -> int:
    """Round up to two significant binary digits: 5 steps an octave at the most."""
    if tokens <= 8:
        return tokens
    step = 1 << (tokens.bit_length() - 3)
    return -(-tokens // step) * step


def _coarse_stay(stay: Stay | None) -> Stay | None:
    if stay is None:
        return None
    return structs.replace(stay, cached_tokens=to_step(stay.cached_tokens))


def _coarse(guess: TaskGuess) -> tuple[tuple[str, float], ...]:
    """The probabilities as they count in a need: where one task is likely enough to be
    acted upon the others say nothing, and would make a decision anew for each prompt.
    """
    if guess.is_sure:
        return ((guess.task, round(guess.confidence, 1)),)
    shares = ((task, round(share, 1)) for task, share in guess.probabilities)
    return tuple((task, share) for task, share in shares if share)


def _wants_schema(body: ChatBody) -> bool:
    wanted = body.response_format
    return wanted is not None and wanted.type == "json_schema"


def _least_cost(max_cost: float | None, rules: Rules) -> int | None:
    own = None if max_cost is None else round(max_cost * 1e9)
    limits = [limit for limit in (own, rules.max_cost_nano) if limit is not None]
    return min(limits, default=None)


def _highest_floor(own: float | None, rules: Rules) -> float | None:
    floors = [floor for floor in (own, rules.quality_floor) if floor is not None]
    return max(floors, default=None)


def weights_for(own: Weights | None, latency_pref: LatencyPref) -> Weights:
    if latency_pref == "fast" and own is None:
        return FAST_WEIGHTS
    weights = own or Weights()
    if latency_pref == "fast":
        return Weights(weights.latency, weights.cost, weights.task_match)
    return weights

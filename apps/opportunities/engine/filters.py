"""Who can never be recommended for a use case, each reason in words.

`fit.Table` asks the same questions of a whole market at once; a test holds the two
to the same answers.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from apps.opportunities.engine.candidates import ACTIVE, GENERAL, Candidate, Quality
from apps.opportunities.engine.need import Evidence, Need
from apps.router.engine.need import may_use
from apps.router.engine.rules import Rules, allowed_sets

# Pairs of offers of which is remembered what does not depend on the use case.
REMEMBERED: Final = 16_384
# What is switched off sooner is no model to move to.
LEAST_DAYS_LEFT: Final = 90
# How far below the current model's quality a candidate may stand, of 1.
WORSE_BY: Final = {"best": 0.0, "good": 0.15, "acceptable": 0.30}
CAPABILITIES: Final = ("vision", "tools", "json")
WORDS: Final = {"vision": "vision", "tools": "tool calls", "json": "JSON schema"}
type Has = Callable[[Candidate], bool | None]
HAS: Final[dict[str, Has]] = {
    "vision": lambda c: c.has_vision,
    "tools": lambda c: c.has_tools,
    "json": lambda c: c.has_json_schema,
}


def refusals(
    candidate: Candidate,
    need: Need,
    *,
    today: date,
    current: Candidate | None = None,
    evidence: Evidence | None = None,
) -> list[str]:
    """Every reason that stands against a candidate; empty: it may be recommended."""
    return [
        *gone(candidate, today),
        *_lacking(candidate, need),
        *barred(candidate, need.rules),
        *_unpriced(candidate, need),
        *_too_slow(candidate, need),
        *_too_weak(candidate, need, current, evidence),
    ]


def gone(candidate: Candidate, today: date) -> Iterator[str]:
    if not candidate.is_available:
        yield "no longer offered"
    elif candidate.status != ACTIVE:
        yield f"its catalog entry says {candidate.status}"
    ends = candidate.sunset_on
    if ends is not None and (ends - today).days < LEAST_DAYS_LEFT:
        yield f"it is switched off on {ends:%Y-%m-%d}"
    if candidate.exclusion:
        yield f"excluded by our editors: {candidate.exclusion}"


def _lacking(candidate: Candidate, need: Need) -> Iterator[str]:
    context = candidate.context_tokens
    if context is None:
        yield "context not assessed"
    elif context < need.required_context:
        yield f"context of {context:,} tokens, {need.required_context:,} needed"
    for name in CAPABILITIES:
        if name not in need.capabilities:
            continue
        has = HAS[name](candidate)
        if not has:
            yield f"no {WORDS[name]}" if has is False else f"{WORDS[name]} not assessed"


def barred(candidate: Candidate, rules: Rules) -> Iterator[str]:
    """What the organization's policy or the alias's rules hold against an offer."""
    if may_use(rules.barred_models, candidate.model):
        yield "barred by your rules"
    if not all(may_use(some, candidate.model) for some in allowed_sets(rules.models)):
        yield "not among the models that your rules allow"
    if candidate.provider in rules.ignored:
        yield f"your rules bar {candidate.provider_name or candidate.provider}"
    elif rules.providers and candidate.provider not in rules.providers:
        yield "not served by a provider that your rules allow"
    yield from _data_policy(candidate, rules)
    if rules.quantizations and candidate.quantization not in rules.quantizations:
        yield f"quantization {candidate.quantization or 'not assessed'}"
    yield from _price_limits(candidate, rules)


def _data_policy(candidate: Candidate, rules: Rules) -> Iterator[str]:
    policy = candidate.data_policy
    if rules.no_training and policy.trains is not False:
        yield _not_kept(policy.trains, "trains on prompts")
    if rules.zero_retention and policy.retains is not False:
        yield _not_kept(policy.retains, "keeps prompts")
    if rules.regions and not policy.regions:
        yield "its region is not assessed, and your rules name some"
    elif rules.regions and not set(policy.regions) <= set(rules.regions):
        yield f"runs in {', '.join(policy.regions)}, outside the regions you allow"


def _not_kept(is_so: bool | None, what: str) -> str:
    return what if is_so else f"not assessed whether it {what}"


def _price_limits(candidate: Candidate, rules: Rules) -> Iterator[str]:
    price = candidate.price_at(0)
    for name, limit, usd in (
        ("prompt", rules.max_prompt_price, price.input),
        ("output", rules.max_output_price, price.output),
    ):
        if limit is not None and usd is not None and usd > limit:
            yield f"{name} price ${usd:f} / M, above your limit of ${limit:g}"


def _unpriced(candidate: Candidate, need: Need) -> Iterator[str]:
    """Without a price nothing can be said of cost, and no bill be foretold."""
    if candidate.is_price_variable:
        yield "its price varies by request"
    elif not candidate.price_at(need.prompt_tokens).is_known:
        yield "price not known"


def _too_slow(candidate: Candidate, need: Need) -> Iterator[str]:
    wait = candidate.speed.ttft_ms
    if need.latency_need_ms and wait is not None and wait > need.latency_need_ms:
        yield f"first token after {wait:,.0f} ms, {need.latency_need_ms:,} needed"


def _too_weak(
    candidate: Candidate,
    need: Need,
    current: Candidate | None,
    evidence: Evidence | None,
) -> Iterator[str]:
    """Own prompts say more than benchmarks, in both directions."""
    if evidence is not None and evidence.verdict:
        if evidence.verdict == "worse":
            yield f"worse on your own prompts ({evidence.prompts} of them)"
        return
    gap = None if current is None else quality_gap(current, candidate, need.task)
    if gap is not None and gap > WORSE_BY[need.quality_need]:
        yield f"{gap:.2f} below the current model in benchmarks, of 1"


def quality_gap(current: Candidate, candidate: Candidate, task: str) -> float | None:
    """How much worse the candidate is at the task; None where nothing compares them."""
    pair = quality_pair(current, candidate, task)
    return None if pair is None else pair.current.score - pair.candidate.score


@dataclass(frozen=True, slots=True)
class QualityPair:
    """Two qualities of one kind: of the task, or of all tasks together."""

    current: Quality
    candidate: Quality
    is_of_task: bool


@lru_cache(maxsize=REMEMBERED)
def quality_pair(
    current: Candidate, candidate: Candidate, task: str
) -> QualityPair | None:
    """The task's benchmarks where both have some, else the general score of both."""
    for name in (task, GENERAL):
        mine, theirs = current.qualities.get(name), candidate.qualities.get(name)
        if mine is not None and theirs is not None:
            return QualityPair(mine, theirs, is_of_task=name == task)
    return None

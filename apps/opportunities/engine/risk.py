"""What could go wrong with a switch: the worst of eight named dimensions, 0 to 4.

The maximum and not a mean, because one thing that breaks is enough. 0 is nothing
known against it, 2 is "look before you switch", 4 is "expect it to break".
"""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from apps.opportunities.engine.candidates import Candidate
from apps.opportunities.engine.confidence import Basis
from apps.opportunities.engine.filters import REMEMBERED, quality_gap
from apps.opportunities.engine.need import Evidence, Need
from apps.router.engine.parameters import ESSENTIAL

WORDS: Final = ("none known", "very low", "low", "medium", "high")
LABELS: Final = {
    "quality_gap": "Quality gap",
    "quality_evidence": "Quality evidence",
    "context": "Context",
    "parameters": "Parameters",
    "modality": "Modality",
    "latency": "Latency",
    "data_policy": "Data policy",
    "lifecycle": "Lifecycle",
}
# Scores are shown with two digits.
VISIBLE: Final = 0.005
_PREVIEWS: Final = ("preview", "-exp", "beta", "experimental")


@dataclass(frozen=True, slots=True)
class Dimension:
    """One way to fail, and how likely that is by what is known."""

    name: str
    level: int
    reason: str

    @property
    def label(self) -> str:
        return LABELS[self.name]


QUALITY_EVIDENCE: Final[dict[Basis, Dimension]] = {
    "experiment": Dimension("quality_evidence", 0, "tried on live traffic"),
    "check": Dimension("quality_evidence", 0, "checked on your own prompts"),
    "task_benchmark": Dimension(
        "quality_evidence", 1, "independent benchmarks of this task"
    ),
    "composite": Dimension("quality_evidence", 2, "general benchmarks only"),
    "price": Dimension(
        "quality_evidence",
        4,
        "nothing compares their quality: check it on your prompts",
    ),
}


@dataclass(frozen=True, slots=True)
class Risk:
    level: int
    dimensions: tuple[Dimension, ...]

    @property
    def worst(self) -> Dimension:
        return max(self.dimensions, key=lambda one: one.level)


def risk(
    current: Candidate,
    candidate: Candidate,
    need: Need,
    *,
    today: date,
    basis: Basis,
    evidence: Evidence | None = None,
) -> Risk:
    """Every dimension with its reason; the level is the highest of them."""
    before, after, level = _fixed(
        current, candidate, need.required_context, need.parameters, today
    )
    quality = _quality_gap(current, candidate, need.task, evidence)
    first = quality, QUALITY_EVIDENCE[basis]
    latency = _latency(current, candidate, need)
    highest = max(level, quality.level, first[1].level, latency.level)
    return Risk(highest, (*first, *before, latency, *after))


@lru_cache(maxsize=REMEMBERED)
def _fixed(  # of a key
    current: Candidate,
    candidate: Candidate,
    required_context: int,
    parameters: tuple[str, ...],
    today: date,
) -> tuple[tuple[Dimension, ...], tuple[Dimension, ...], int]:
    """What depends neither on evidence nor on the volume, and the highest of it."""
    before = (
        _context(current, candidate, required_context),
        _parameters(candidate, parameters),
        _modality(current, candidate),
    )
    after = _data_policy(current, candidate), _lifecycle(candidate, today)
    return before, after, max(one.level for one in (*before, *after))


def gap_level(gap: float) -> int:
    """From benchmarks: how many of 1 the candidate stands below the current model."""
    return sum(gap > limit for limit in (VISIBLE, 0.03, 0.08, 0.15))


@lru_cache(maxsize=REMEMBERED)
def _quality_gap(
    current: Candidate, candidate: Candidate, task: str, evidence: Evidence | None
) -> Dimension:
    name = "quality_gap"
    if evidence is not None and evidence.verdict == "better":
        return Dimension(name, 0, "better on your own prompts")
    if evidence is not None and evidence.verdict == "not_worse":
        return Dimension(
            name, 1, f"not worse by {evidence.margin * 100:.0f} % on your prompts"
        )
    gap = quality_gap(current, candidate, task)
    if gap is None:
        return Dimension(name, 2, "not assessed: no benchmark compares the two")
    if gap <= VISIBLE:
        return Dimension(name, 0, "as good or better in benchmarks")
    return Dimension(name, gap_level(gap), f"{gap:.2f} lower in benchmarks, of 1")


@lru_cache(maxsize=REMEMBERED)
def _context(current: Candidate, candidate: Candidate, needed: int) -> Dimension:
    room = candidate.context_tokens or 0
    if needed and room < needed * 1.25:
        return Dimension(
            "context", 2, f"{room:,} tokens, hardly more than the {needed:,} needed"
        )
    before = current.context_tokens
    if before is not None and room < before:
        return Dimension("context", 1, f"{room:,} tokens, {before:,} now")
    return Dimension("context", 0, f"{room:,} tokens")


@lru_cache(maxsize=REMEMBERED)
def _parameters(candidate: Candidate, parameters: tuple[str, ...]) -> Dimension:
    name = "parameters"
    if not parameters:
        return Dimension(name, 0, "the use case names none")
    if candidate.matrix is None:
        return Dimension(name, 1, "its parameters are not assessed")
    taken = {one: candidate.matrix.takes(one) for one in parameters}
    refused = sorted(one for one, is_taken in taken.items() if is_taken is False)
    if broken := [one for one in refused if one in ESSENTIAL]:
        return Dimension(name, 4, f"does not take {', '.join(broken)}")
    if refused:
        return Dimension(name, 2, f"drops {', '.join(refused)}")
    if unknown := sorted(one for one, is_taken in taken.items() if is_taken is None):
        return Dimension(name, 1, f"not assessed: {', '.join(unknown)}")
    return Dimension(name, 0, "takes all that are in use")


@lru_cache(maxsize=REMEMBERED)
def _modality(current: Candidate, candidate: Candidate) -> Dimension:
    """What is needed was filtered; this is what is had today and not asked for."""
    lost = [
        word
        for word, mine, theirs in (
            ("images", current.has_vision, candidate.has_vision),
            ("tools", current.has_tools, candidate.has_tools),
            ("JSON schema", current.has_json_schema, candidate.has_json_schema),
        )
        if mine and not theirs
    ]
    if lost:
        return Dimension(
            "modality", 1, f"the current model takes {', '.join(lost)}, this may not"
        )
    return Dimension("modality", 0, "takes what the current model takes")


def _latency(current: Candidate, candidate: Candidate, need: Need) -> Dimension:
    output = float(need.volume.output_tokens or 0)
    now, then = current.speed.seconds(output), candidate.speed.seconds(output)
    if then is None or not now:
        level = 2 if need.latency_need_ms else 1
        return Dimension("latency", level, "not assessed for both models")
    ratio = then / now
    level = sum(ratio > limit for limit in (1.1, 1.5, 2.0))
    words = f"{then:.1f} s an answer, {now:.1f} s now"
    return Dimension("latency", level, words)


@lru_cache(maxsize=REMEMBERED)
def _data_policy(current: Candidate, candidate: Candidate) -> Dimension:
    name, policy = "data_policy", candidate.data_policy
    if policy.trains or policy.may_publish:
        what = "trains on prompts" if policy.trains else "may publish prompts"
        return Dimension(name, 4, f"{candidate.provider_name} {what}")
    if candidate.trust.tier == "C":
        return Dimension(name, 3, f"{candidate.provider_name} is in trust tier C")
    if policy.trains is None:
        is_same = candidate.provider == current.provider
        level = 0 if is_same else 2
        return Dimension(name, level, "not assessed whether it trains on prompts")
    if policy.retains and not current.data_policy.retains:
        return Dimension(name, 1, "keeps prompts, unlike or unknown today")
    return Dimension(name, 0, "does not train on prompts")


@lru_cache(maxsize=REMEMBERED)
def _lifecycle(candidate: Candidate, today: date) -> Dimension:
    name = "lifecycle"
    if candidate.sunset_on is not None:
        left = (candidate.sunset_on - today).days
        level = 3 if left < 365 else 2
        return Dimension(name, level, f"is switched off on {candidate.sunset_on}")
    if candidate.deprecated_on is not None:
        return Dimension(name, 3, f"its end was announced on {candidate.deprecated_on}")
    if any(word in candidate.model for word in _PREVIEWS):
        return Dimension(name, 2, "a preview, which may change or go")
    released = candidate.released_on
    if released is not None and (today - released).days < 30:
        return Dimension(name, 1, f"released on {released}: few have run it for long")
    return Dimension(name, 0, "no end is announced")

"""How sure an opportunity is, 0 to 100: capped by its best evidence, then lowered.

The cap says what the claim rests on at most; each doubt takes some points away. All of
it is listed, so that a reader can add it up.
"""

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Final, Literal

from apps.opportunities.engine.candidates import Candidate
from apps.opportunities.engine.filters import REMEMBERED, QualityPair, quality_pair
from apps.opportunities.engine.need import Evidence, Need

Basis = Literal["experiment", "check", "task_benchmark", "composite", "price"]
CAPS: Final[dict[Basis, int]] = {
    "experiment": 95,
    "check": 85,
    "task_benchmark": 65,
    "composite": 50,
    "price": 30,
}
WORDS: Final[dict[Basis, str]] = {
    "experiment": "tried on your live traffic",
    "check": "checked on your own prompts",
    "task_benchmark": "independent benchmarks of this task",
    "composite": "general benchmarks",
    "price": "prices alone: nothing compares their quality",
}
LEAST_PROMPTS: Final = 30
LEAST_CONSISTENCY: Final = 0.8
# A benchmark older than nine months says less: tests get known.
STALE_SCORE_DAYS: Final = 270


@dataclass(frozen=True, slots=True)
class Part:
    """One reason, and the points it gives (the cap) or takes away."""

    text: str
    points: int


TYPED: Final = Part("the volume is typed, not measured", 5)
UNKNOWN_VOLUME: Final = Part("the volume is not known", 10)


@dataclass(frozen=True, slots=True)
class Confidence:
    """`value` is the sum of the points of `parts`, and never below 0."""

    value: int
    basis: Basis
    parts: tuple[Part, ...]

    @property
    def words(self) -> str:
        return WORDS[self.basis]


def confidence(
    current: Candidate,
    candidate: Candidate,
    need: Need,
    *,
    now: datetime,
    evidence: Evidence | None = None,
    unknown_weight: float = 0.0,
) -> Confidence:
    """`unknown_weight`: how much of the weights belongs to factors not assessed."""
    volume = _volume(need)
    return _confidence(
        current, candidate, need.task, now, evidence, (unknown_weight, volume)
    )


@lru_cache(maxsize=REMEMBERED)
def _confidence(  # of a key
    current: Candidate,
    candidate: Candidate,
    task: str,
    now: datetime,
    evidence: Evidence | None,
    known: tuple[float, Part | None],
) -> Confidence:
    unknown_weight, volume = known
    basis = basis_of(quality_pair(current, candidate, task), evidence)
    doubts = [
        _price_age(current, candidate, now),
        *(
            _benchmarks(current, candidate, task, now.date())
            if CAPS[basis] <= CAPS["task_benchmark"]
            else ()
        ),
        _interval(evidence, basis),
        _coverage(unknown_weight),
        volume,
        _discount(current, candidate),
        _thinking(current, candidate, evidence),
    ]
    cap = CAPS[basis]
    parts = [Part(WORDS[basis].capitalize(), cap)]
    left = cap
    for doubt in doubts:
        if doubt is None:
            continue
        points = min(doubt.points, left)
        left -= points
        parts.append(Part(doubt.text, -points))
    return Confidence(left, basis, tuple(parts))


def basis_of(pair: QualityPair | None, evidence: Evidence | None) -> Basis:
    """The best evidence there is."""
    if evidence is not None and counts(evidence):
        return evidence.source
    if pair is None:
        return "price"
    is_independent = pair.current.independent > 0 and pair.candidate.independent > 0
    return "task_benchmark" if pair.is_of_task and is_independent else "composite"


def counts(evidence: Evidence) -> bool:
    """Whether own evidence is enough to stand on (reference: 30 prompts, 0.8)."""
    if not evidence.verdict or evidence.verdict == "worse":
        return False
    if evidence.source == "experiment":
        return True
    consistent = evidence.consistency
    is_consistent = consistent is None or consistent >= LEAST_CONSISTENCY
    return evidence.prompts >= LEAST_PROMPTS and is_consistent


@lru_cache(maxsize=REMEMBERED)
def _price_age(current: Candidate, candidate: Candidate, now: datetime) -> Part | None:
    moments = [c.price_checked_at for c in (current, candidate)]
    known = [moment for moment in moments if moment is not None]
    if len(known) < len(moments):
        return Part("nobody says when the prices were read", 10)
    days = (now - min(known)).total_seconds() / 86_400
    for over, points, word in ((30, 15, "critical"), (7, 8, "stale"), (1, 3, "aging")):
        if days > over:
            return Part(f"prices read {days:.0f} days ago: {word}", points)
    return None


@lru_cache(maxsize=REMEMBERED)
def _benchmarks(
    current: Candidate, candidate: Candidate, task: str, today: date
) -> tuple[Part, ...]:
    """What weakens published results; own prompts make them matter less."""
    pair = quality_pair(current, candidate, task)
    if pair is None:
        return ()
    found = []
    both = (pair.current, pair.candidate)
    newest = [quality.newest for quality in both if quality.newest]
    if newest and (today - min(newest)).days > STALE_SCORE_DAYS:
        found.append(Part(f"benchmarks of {min(newest):%b %Y}, over 9 months old", 5))
    share = max(quality.self_reported_share for quality in both)
    if points := round(10 * share):
        found.append(
            Part(f"{share * 100:.0f} % of the results are the makers' own word", points)
        )
    overlap = pair.candidate.low < pair.current.high
    if overlap and pair.candidate.score > pair.current.score:
        found.append(Part("the two intervals of quality overlap", 3))
    return tuple(found)


def _interval(evidence: Evidence | None, basis: Basis) -> Part | None:
    """A wide interval leaves open how much worse it may be."""
    if evidence is None:
        return None
    if basis not in {"check", "experiment"}:
        return Part("a check is there, but too small or too unsure for a verdict", 0)
    points = round(10 * min(evidence.high - evidence.low, 1.0))
    low, high = f"{evidence.low * 100:+.0f} %", f"{evidence.high * 100:+.0f} %"
    return Part(f"net wins between {low} and {high} on your prompts", points)


def _coverage(unknown_weight: float) -> Part | None:
    points = round(20 * unknown_weight)
    if not points:
        return None
    return Part(f"{unknown_weight * 100:.0f} % of the weights are not assessed", points)


def _volume(need: Need) -> Part | None:
    if need.volume.basis == "measured":
        return None
    return TYPED if need.has_volume else UNKNOWN_VOLUME


def _discount(current: Candidate, candidate: Candidate) -> Part | None:
    if current.is_discounted:
        return Part("the current model is discounted today: you may pay less now", 5)
    if candidate.is_discounted:
        return Part("the new model is discounted today, which may end", 3)
    return None


def _thinking(
    current: Candidate, candidate: Candidate, evidence: Evidence | None
) -> Part | None:
    is_measured = evidence is not None and evidence.output_ratio is not None
    if is_measured or not candidate.has_reasoning or current.has_reasoning:
        return None
    return Part("it thinks before it answers: how many tokens, nobody measured", 8)

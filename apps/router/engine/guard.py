"""Whether an organization's outcomes may choose: only where a replay says so."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from apps.router.engine.learned import LEAST_GRADES, Outcome, gather
from apps.router.engine.replay import FOLDS, Played, folds, replay, teach

# Below this, a choice learned from outcomes is worse than a table of means.
LEAST_OUTCOMES: Final = 300
# Prompts on which at least two models were graded, so that a choice can be judged.
LEAST_COMPARABLE: Final = 100


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which targets may be chosen by outcomes; none: `why` says what is missing."""

    grades: int
    why: str = ""
    rates: Mapping[str, float] = field(default_factory=dict)
    usual_weight: float = 0.0
    played: Mapping[str, Played] = field(default_factory=dict)

    @property
    def is_on(self) -> bool:
        return bool(self.rates)


def judge(rows: Iterable[Outcome]) -> Verdict:
    """Replay the outcomes: a target is used when its gain over the static mix is above
    0 at the lower end of its interval.
    """
    rows = list(rows)
    usable = of_usable_models(rows)
    if why := _missing(len(rows), usable):
        return Verdict(len(rows), why)
    outcomes = gather(usable)
    comparable = int((outcomes.known.sum(axis=1) >= 2).sum())
    if comparable < LEAST_COMPARABLE:
        why = f"{comparable} prompts graded on two models, {LEAST_COMPARABLE} needed"
        return Verdict(len(rows), why)
    played = replay(outcomes, folds(np.arange(len(outcomes)) % FOLDS))
    learned = teach(outcomes)
    rates = {
        target: rate
        for target, rate in learned.rates.items()
        if played[target].points.low > 0
    }
    why = "" if rates else _no_gain(played)
    return Verdict(len(rows), why, rates, learned.usual_weight, played)


def of_usable_models(rows: Iterable[Outcome]) -> list[Outcome]:
    """The grades of models that have enough of them to be chosen by."""
    rows = list(rows)
    counts = Counter(row.model for row in rows)
    return [row for row in rows if counts[row.model] >= LEAST_GRADES]


def _missing(grades: int, usable: list[Outcome]) -> str:
    if grades < LEAST_OUTCOMES:
        return f"{grades} graded answers, {LEAST_OUTCOMES} needed"
    if len({row.model for row in usable}) < 2:
        return f"fewer than two models have {LEAST_GRADES} graded answers"
    return ""


def _no_gain(played: Mapping[str, Played]) -> str:
    best = max(played.values(), key=lambda one: one.points.low)
    points = best.points
    return (
        f"in replay {points.value:+.1f} points over the best fixed mix, "
        f"from {points.low:+.1f} to {points.high:+.1f}: not surely better"
    )

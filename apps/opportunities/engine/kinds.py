"""What an opportunity is good for, and from where on it is one."""

from collections.abc import Mapping
from typing import Final, Literal

import numpy as np

from apps.opportunities.engine.confidence import CAPS
from apps.opportunities.engine.fit import Pair, Scores
from apps.opportunities.engine.need import FACTORS, Factor, Need, Thresholds
from apps.opportunities.engine.table import Flags, Floats, column

Kind = Literal[
    "cost_saving",
    "speed_improvement",
    "quality_upgrade",
    "trust_upgrade",
    "context_upgrade",
]
KINDS: Final[dict[Factor, Kind]] = {
    "cost": "cost_saving",
    "quality": "quality_upgrade",
    "speed": "speed_improvement",
    "trust": "trust_upgrade",
    "context": "context_upgrade",
}
Band = Literal["minor", "moderate", "major"]
# Of the gain in FitScore.
MODERATE_FROM, MAJOR_ABOVE = 0.25, 0.50
# What a threshold is compared with has been through some divisions.
SLACK: Final = 1e-9
# Steps of the quality gap as `risk.gap_level` has them; each is an eighth less worth.
_GAPS: Final = (0.0, 0.03, 0.08, 0.15)
# What a gain is still worth of a model that thinks, where today's does not.
THINKS: Final = 0.8


def band(gain: float) -> Band:
    if gain > MAJOR_ABOVE:
        return "major"
    return "moderate" if gain >= MODERATE_FROM else "minor"


def met(scores: Scores, wanted: Thresholds) -> dict[Factor, Flags]:
    """Which thresholds each candidate passes."""
    calls = column(
        [case.need.volume for case in scores.cases], lambda volume: volume.calls_month
    )[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        cheaper = _less(scores.costs)
        saved = (scores.costs[1] - scores.costs[0]) * calls
        # Without a volume there are no dollars, and so no saving.
        cost = (cheaper >= wanted.cost - SLACK) & (
            saved >= float(wanted.cost_usd_month) - SLACK
        )
        return {
            "cost": cost,
            "speed": _less(scores.seconds) >= wanted.speed - SLACK,
            "quality": _more(scores.quality.pair) >= wanted.quality - SLACK,
            "trust": scores.trust[0] - scores.trust[1] >= wanted.trust - SLACK,
            "context": _roomier(scores, wanted),
        }


def _less(pair: Pair) -> Floats:
    return 1 - pair[0] / pair[1]


def _more(pair: Pair) -> Floats:
    return pair[0] / pair[1] - 1


def _roomier(scores: Scores, wanted: Thresholds) -> Flags:
    """Twice the room is an upgrade only where the use case can make use of it."""
    theirs, mine = scores.factors["context"]
    ratio = scores.context[0] / scores.context[1]
    return (ratio >= wanted.context - SLACK) & (theirs > mine)


def found(scores: Scores, kinds: Mapping[Factor, Flags], wanted: Thresholds) -> Flags:
    """Opportunities: a better fit, and one of the thresholds that tell why."""
    is_any = np.logical_or.reduce([kinds[factor] for factor in FACTORS])
    is_better = scores.gain >= wanted.fit - SLACK
    return np.asarray(scores.is_fit & is_better & is_any)


def worth(scores: Scores, is_found: Flags) -> Floats:
    """By what the options of one use case are ranked: the gain, less where it is less
    sure, where quality may fall (by the lower end of its interval), and where a model
    thinks first, which no price per token tells.
    """
    quality = scores.quality
    risk = quality.pair[1] - np.fmin(quality.low, quality.pair[0])
    by_task = quality.is_of_task & quality.is_independent
    other = np.where(np.isnan(risk), CAPS["price"], CAPS["composite"])
    cap = np.where(by_task, CAPS["task_benchmark"], other)
    steps = sum((risk > step).astype(float) for step in _GAPS)
    levels = np.where(np.isnan(risk), 2.0, steps)
    thinks_not = ~np.array(
        [case.current.has_reasoning is True for case in scores.cases]
    )
    more = scores.rows.has_reasoning & thinks_not[:, None]
    found_worth = scores.gain * cap * (1 - levels / 8) * np.where(more, THINKS, 1.0)
    return np.where(is_found, found_worth, 0.0)


def leading(
    need: Need, kinds: Mapping[Factor, Flags], row: int, place: int
) -> list[Kind]:
    """All kinds of one option; first the one that the use case needs most."""
    order = dict.fromkeys((*need.needs, *KINDS))
    return [KINDS[factor] for factor in order if kinds[factor][row, place]]

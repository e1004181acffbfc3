"""Replay a choice by outcomes against the choice of fixed models, on held-out prompts.

Each split teaches by some prompts, the rate of money included, and decides others; the
figures are taken over all that were decided. What is compared with is the *static mix*:
the best random mix of single models, as the same teaching rows rank them, at the very
cost of our choice on the very same prompts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from apps.router.engine.learned import (
    Learned,
    Outcomes,
    Picks,
    estimate,
    learn,
    pick,
    rate_grid,
)

type Rows = NDArray[np.float64]
type Mask = NDArray[np.bool_]
# Which prompts teach, and which are decided.
type Split = tuple[Mask, Mask]

# The share of the best model's quality to keep; BEST: as much quality as there is.
BEST: Final = "best"
TARGETS: Final = {BEST: None, "99": 0.99, "95": 0.95}
FOLDS: Final = 5
# Standard errors of room for the target, so that it is also met on what comes.
ROOM: Final = 1.0
Z_90: Final = 1.645
USUAL_PERCENTILE: Final = 33


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its two-sided 90 % interval, so `low` holds with 95 %."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Played:
    """One target's figures over all held-out prompts."""

    prompts: int
    quality: float
    dollars: float
    points: Interval  # above the static mix at the same cost, of 100
    retained: Interval  # quality, as a share of the best single model's
    saved: Interval  # cost, as a share of the best single model's
    # The same as `points`, with the mix chosen in hindsight, by the decided prompts.
    hindsight: float


def teach(outcomes: Outcomes) -> Learned:
    """Learn from outcomes, each prompt judged by the others alone: how much weight is
    usual, and for each target the rate of money.
    """
    learned = learn(outcomes)
    plain = estimate(learned, outcomes.vectors, is_own=True)
    usual = float(np.percentile(plain.weight, USUAL_PERCENTILE))
    learned = replace(learned, usual_weight=usual)
    expected = estimate(learned, outcomes.vectors, is_own=True)
    grid = rate_grid(outcomes.dollars, outcomes.known)
    tried = [
        _taken(outcomes, pick(expected.quality, expected.dollars, r, outcomes.known))
        for r in grid
    ]
    best, _ = _fixed(outcomes, learned, 0.0)
    rates = {
        name: grid[_highest_enough([quality for quality, _ in tried], best, share)]
        for name, share in TARGETS.items()
    }
    return replace(learned, rates=rates)


def _highest_enough(tried: Sequence[Rows], best: Rows, share: float | None) -> int:
    """The place of the highest rate that keeps the share, with room for chance."""
    if share is None:
        return int(np.argmax([quality.mean() for quality in tried]))
    enough = 0
    for place, quality in enumerate(tried):
        spare = quality - share * best
        if spare.mean() >= ROOM * spare.std() / max(len(spare), 1) ** 0.5:
            enough = place
    return enough


def folds(groups: NDArray[np.intp]) -> list[Split]:
    """Each group decided by what all others teach."""
    return [(groups != group, groups == group) for group in np.unique(groups)]


def replay(outcomes: Outcomes, splits: Iterable[Split]) -> dict[str, Played]:
    """What each target would have got on every prompt with two models graded."""
    comparable = outcomes.known.sum(axis=1) >= 2
    decided = np.zeros(len(outcomes), bool)
    taken = {name: np.zeros((3, len(outcomes))) for name in TARGETS}
    for teaches, is_held in splits:
        held = is_held & comparable
        if not held.any() or not teaches.any():
            continue
        decided |= held
        for name, rows in _decide(outcomes.at(teaches), outcomes.at(held)).items():
            taken[name][:, held] = rows
    if not decided.any():
        return {}
    truth = learn(outcomes.at(decided))
    return {name: _figures(rows[:, decided], truth) for name, rows in taken.items()}


def _decide(taught: Outcomes, held: Outcomes) -> dict[str, Rows]:
    """By target: quality and dollars of our picks, and the static mix's quality."""
    learned = teach(taught)
    expected = estimate(learned, held.vectors)
    statics = _static_ways(learned, held)
    decided = {}
    for name, rate in learned.rates.items():
        picks = pick(expected.quality, expected.dollars, rate, held.known)
        quality, dollars = _taken(held, picks)
        mixed = _mix_at(statics, float(dollars.mean()))
        decided[name] = np.stack([quality, dollars, mixed])
    return decided


def _taken(outcomes: Outcomes, picks: Picks) -> tuple[Rows, Rows]:
    """Quality and dollars of the answer that was picked at each prompt."""
    rows = np.arange(len(outcomes))
    quality, dollars = outcomes.quality[rows, picks], outcomes.dollars[rows, picks]
    return quality.astype(np.float64), dollars.astype(np.float64)


def _fixed(outcomes: Outcomes, learned: Learned, rate: float) -> tuple[Rows, Rows]:
    """The same model everywhere: the one worth most in the mean.

    Where it was not graded, the next one of those that were.
    """
    shape = outcomes.known.shape
    quality = np.broadcast_to(learned.mean_quality, shape)
    dollars = np.broadcast_to(learned.mean_dollars, shape)
    return _taken(outcomes, pick(quality, dollars, rate, outcomes.known))


def _static_ways(learned: Learned, held: Outcomes) -> list[tuple[Rows, Rows]]:
    """Every fixed choice that is best at some rate, the dearest first."""
    ways: list[tuple[Rows, Rows]] = []
    for rate in rate_grid(learned.outcomes.dollars, learned.outcomes.known):
        way = _fixed(held, learned, rate)
        if not ways or not np.array_equal(way[1], ways[-1][1]):
            ways.append(way)
    return ways


def _mix_at(ways: Sequence[tuple[Rows, Rows]], dollars: float) -> Rows:
    """The quality at each prompt of the mix of two fixed choices at that mean cost."""
    if ways[0][1].mean() <= dollars:
        return ways[0][0]
    for dearer, cheaper in pairwise(ways):
        high, low = dearer[1].mean(), cheaper[1].mean()
        if low <= dollars < high:
            share = (dollars - low) / (high - low)
            return np.asarray(share * dearer[0] + (1 - share) * cheaper[0])
    return ways[-1][0]


def _figures(rows: Rows, truth: Learned) -> Played:
    quality, dollars, mixed = rows
    best_quality, best_dollars = _fixed(truth.outcomes, truth, 0.0)
    hindsight = _mix_at(_static_ways(truth, truth.outcomes), float(dollars.mean()))
    return Played(
        prompts=rows.shape[1],
        quality=float(quality.mean()),
        dollars=float(dollars.mean()),
        points=_mean(100 * (quality - mixed)),
        retained=_ratio(quality, best_quality),
        saved=_share_saved(dollars, best_dollars),
        hindsight=100 * float(quality.mean() - hindsight.mean()),
    )


def _mean(values: Rows) -> Interval:
    mean, error = float(values.mean()), _error(values)
    return Interval(mean, mean - Z_90 * error, mean + Z_90 * error)


def _ratio(part: Rows, whole: Rows) -> Interval:
    """A ratio of two means; its error by the delta method, for the rows are pairs."""
    below = max(float(whole.mean()), 1e-12)
    ratio = float(part.mean()) / below
    error = _error(part - ratio * whole) / below
    return Interval(ratio, ratio - Z_90 * error, ratio + Z_90 * error)


def _share_saved(ours: Rows, theirs: Rows) -> Interval:
    spent = _ratio(ours, theirs)
    return Interval(1 - spent.value, 1 - spent.high, 1 - spent.low)


def _error(values: Rows) -> float:
    return float(values.std() / np.sqrt(max(len(values), 1)))

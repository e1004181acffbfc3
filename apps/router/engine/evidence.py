"""How sure a comparison can be, however often somebody looks at it.

An experiment is watched while it runs, and it ends when it looks decided. An interval
made for one look is wrong by far more than it says when it is looked at every minute;
these are confidence sequences, which hold for all looks at once. Their form is the
asymptotic one of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central
limit theory and asymptotic confidence sequences" (Annals of Statistics 52(6), 2024,
equation 9); `TUNED_FOR` is where it is tightest. The first LEAST are not judged: it
holds from there on.

What is asked is whether the candidate is not worse by more than the margin: at a
hundred pairs "no difference found" means nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log, sqrt
from statistics import NormalDist
from typing import Final, Literal

Verdict = Literal["", "better", "not_worse", "worse"]

# Below, an asymptotic interval is too narrow.
LEAST: Final = 50
# The number of answers at which a sequence is tightest.
TUNED_FOR: Final = 500
# A judge that says otherwise when the answers are swapped, more than every fifth time,
# says nothing (reference: an inconsistent judge accepts a worse model twice as often).
LEAST_CONSISTENCY: Final = 0.8


@dataclass(frozen=True, slots=True)
class Sample:
    """What is known of a figure: how many, their mean, their variance."""

    count: int = 0
    mean: float = 0.0
    variance: float = 0.0

    @classmethod
    def of(cls, values: Sequence[float]) -> "Sample":
        count = len(values)
        if not count:
            return cls()
        mean = sum(values) / count
        return cls(count, mean, sum((v - mean) ** 2 for v in values) / count)

    @classmethod
    def of_sums(cls, count: int, total: float, squares: float) -> "Sample":
        """From the number of values, their sum and the sum of their squares."""
        if not count:
            return cls()
        mean = total / count
        return cls(count, mean, max(0.0, squares / count - mean * mean))


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and between what it lies."""

    middle: float
    low: float
    high: float

    @property
    def is_known(self) -> bool:
        return self.low > -inf and self.high < inf


UNKNOWN: Final = Interval(0.0, -inf, inf)


def sequence(sample: Sample, alpha: float) -> Interval:
    """The mean, with bounds that hold at every look with probability 1 − alpha."""
    if sample.count < LEAST:
        return Interval(sample.mean, -inf, inf)
    # A figure that never varied yet may still do so once in a while.
    variance = max(sample.variance, 1 / sample.count)
    reach = _radius(sample.count, variance, alpha)
    return Interval(sample.mean, sample.mean - reach, sample.mean + reach)


def _radius(count: int, variance: float, alpha: float) -> float:
    rho = _rho(alpha)
    grown = count * variance * rho + 1
    spread = 2 * grown / (count * count * rho) * log(sqrt(grown) / alpha)
    return sqrt(spread)


def _rho(alpha: float) -> float:
    """The square of the paper's rho that is tightest at TUNED_FOR (appendix B.2)."""
    return (-2 * log(alpha) + log(-2 * log(alpha) + 1)) / TUNED_FOR


def difference(control: Sample, candidate: Sample, alpha: float) -> Interval:
    """Candidate less control, each within its own sequence at half of alpha."""
    one, two = sequence(control, alpha / 2), sequence(candidate, alpha / 2)
    middle = candidate.mean - control.mean
    return Interval(middle, two.low - one.high, two.high - one.low)


def verdict(gain: Interval, margin: float) -> Verdict:
    """What is certain of a gain in quality by now; empty is nothing yet."""
    if gain.high < -margin:
        return "worse"
    if gain.low > 0:
        return "better"
    return "not_worse" if gain.low > -margin else ""


def share(count: int, total: int, confidence: float = 0.95) -> Interval:
    """A share with Wilson's interval, which is right for few and for none, too."""
    if not total:
        return UNKNOWN
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    rate = count / total
    base = 1 + z * z / total
    middle = (rate + z * z / (2 * total)) / base
    reach = z * sqrt(rate * (1 - rate) / total + z * z / (4 * total * total)) / base
    return Interval(rate, max(0.0, middle - reach), min(1.0, middle + reach))


def mean(sample: Sample, confidence: float = 0.95) -> Interval:
    """A mean with the usual interval of one look, for figures that decide nothing."""
    if sample.count < 2:
        return Interval(sample.mean, -inf, inf)
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    reach = z * sqrt(sample.variance / (sample.count - 1))
    return Interval(sample.mean, sample.mean - reach, sample.mean + reach)


def quantile_places(
    quantile: float, count: int, confidence: float = 0.95
) -> tuple[float, float]:
    """The quantiles between which a quantile lies: the binomial's own spread.

    Holds whatever the distribution; both ends are shares from 0 to 1.
    """
    if not count:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    reach = z * sqrt(quantile * (1 - quantile) / count)
    return max(0.0, quantile - reach), min(1.0, quantile + reach)


def needed(gain: Interval, sample: Sample, margin: float, alpha: float) -> int | None:
    """About how many would do for "not worse", if things go on as they are.

    None when no number would: the gain seen so far is no better than the margin.
    """
    room = gain.middle + margin
    if room <= 0 or sample.count < 2:
        return None
    low, high = LEAST, LEAST
    while _radius(high, max(sample.variance, 0.01), alpha) > room:
        low, high = high, high * 2
        if high > 10_000_000:
            return None
    while high - low > max(1, low // 100):
        middle = (low + high) // 2
        if _radius(middle, max(sample.variance, 0.01), alpha) > room:
            low = middle
        else:
            high = middle
    return high

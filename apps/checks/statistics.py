"""What a check's pairs allow to be said. Pure.

Each prompt gives one pair: the candidate wins, loses, or neither (a tie, which is also
what a judge makes whose two orders disagree). The net share is wins less losses over
all pairs, and the question is whether it lies above minus the margin: "no difference
found" means nothing at twenty prompts, so it is never said.

Each bound holds with 95 %, so that the true figure lies between the two in 90 of 100
checks. `./run bench checks` shows how often which verdict comes out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, comb, sqrt
from statistics import NormalDist
from typing import Final, Literal

Verdict = Literal["", "better", "not_worse", "worse"]
Outcome = Literal["win", "loss", "tie"]

LEAST_PROMPTS: Final = 30
RECOMMENDED_PROMPTS: Final = 50
USUAL_MARGIN: Final = 0.15
# Below, swapping two answers changes what the judge says more than every fifth time: a
# judge of that kind lets a worse model pass at every number of prompts.
LEAST_CONSISTENCY: Final = 0.8
# Nobody asks more prompts than that, so more are not called for.
MOST_NEEDED: Final = 100_000
_Z: Final = NormalDist().inv_cdf(0.95)
# How many prompts are called for: so many that four of five such checks get a verdict.
_Z_POWER: Final = NormalDist().inv_cdf(0.8)
_WORTH: Final[dict[Outcome, float]] = {"win": 1.0, "loss": -1.0, "tie": 0.0}


@dataclass(frozen=True, slots=True)
class Net:
    """A net share, and between what it lies."""

    pairs: int
    net: float
    low: float
    high: float
    # Of one pair's worth.
    deviation: float


@dataclass(frozen=True, slots=True)
class Finding:
    """What may be said: a verdict, or why there is none."""

    net: Net
    verdict: Verdict
    why: str = ""
    # About how many prompts a verdict would need; None: it has one, or none would do.
    needed: int | None = None


def worth(outcome: Outcome) -> float:
    """What a pair counts for the candidate: 1, 0 or -1."""
    return _WORTH[outcome]


def net_of(values: Sequence[float]) -> Net:
    """The mean of pairs' worths (-1 to 1) with its bounds."""
    pairs = len(values)
    if not pairs:
        return Net(0, 0.0, -1.0, 1.0, 1.0)
    mean = sum(values) / pairs
    spread = sum((value - mean) ** 2 for value in values) / pairs
    # Pairs that all went one way may still go another once in a while.
    deviation = sqrt(max(spread, 1 / pairs))
    reach = _Z * deviation / sqrt(pairs)
    return Net(pairs, mean, max(-1.0, mean - reach), min(1.0, mean + reach), deviation)


def net_of_passes(pairs: Iterable[tuple[bool, bool]]) -> Net:
    """The difference of two pass rates on the same prompts: (baseline, candidate).

    Newcombe's interval for paired shares (Statistics in Medicine 17, 1998, method 10),
    which stays right where nearly everything passes and the usual one is no wider than
    nothing.
    """
    counted = list(pairs)
    count = len(counted)
    if not count:
        return Net(0, 0.0, -1.0, 1.0, 1.0)
    both = sum(base and own for base, own in counted)
    gained = sum(own and not base for base, own in counted)
    lost = sum(base and not own for base, own in counted)
    neither = count - both - gained - lost
    base_rate, own_rate = (both + lost) / count, (both + gained) / count
    bond = _bond(both, gained, lost, neither)
    base_low, base_high = _wilson(both + lost, count)
    own_low, own_high = _wilson(both + gained, count)
    net = own_rate - base_rate
    down = _together(own_rate - own_low, base_high - base_rate, bond)
    up = _together(own_high - own_rate, base_rate - base_low, bond)
    spread = (gained + lost) / count - net * net
    deviation = sqrt(max(spread, 1 / count))
    return Net(count, net, max(-1.0, net - down), min(1.0, net + up), deviation)


def mcnemar(gained: int, lost: int) -> float:
    """The exact two-sided p-value that passing is as likely for both models."""
    return sign_test(gained, lost)


def sign_test(wins: int, losses: int) -> float:
    """The exact two-sided p-value that winning is as likely as losing."""
    decided = wins + losses
    if not decided:
        return 1.0
    tail = sum(comb(decided, k) for k in range(min(wins, losses) + 1))
    return min(1.0, 2.0 * tail / float(2**decided))


def is_not_worse(net: Net, margin: float) -> bool:
    """Whether it is certain to be worse by less than the margin."""
    return net.low > -margin


def find(net: Net, *, margin: float, consistency: float | None = None) -> Finding:
    """The verdict, where the pairs and the judge allow one."""
    if consistency is not None and consistency < LEAST_CONSISTENCY:
        return Finding(net, "", _torn(consistency))
    if net.pairs < LEAST_PROMPTS:
        needed = max(LEAST_PROMPTS, needed_for(net, margin) or RECOMMENDED_PROMPTS)
        return Finding(net, "", _too_few(needed), needed)
    verdict = _verdict(net, margin)
    if verdict:
        return Finding(net, verdict)
    needed_now = needed_for(net, margin)
    if needed_now is None:
        return Finding(net, "", "It is as much worse as the margin allows.")
    return Finding(net, "", _too_few(needed_now), needed_now)


def needed_for(net: Net, margin: float) -> int | None:
    """About how many prompts would do, if things go on like this; None: no number."""
    room = abs(net.net + margin)
    if not net.pairs or room * sqrt(MOST_NEEDED) <= (_Z + _Z_POWER) * net.deviation:
        return None
    wanted = ((_Z + _Z_POWER) * net.deviation / room) ** 2
    return max(net.pairs + 1, ceil(wanted))


def consistency_of(agreed: int, asked: int) -> float | None:
    """How often a judge says the same with the answers swapped; None: never asked."""
    return agreed / asked if asked else None


def _verdict(net: Net, margin: float) -> Verdict:
    if net.low > 0:
        return "better"
    if is_not_worse(net, margin):
        return "not_worse"
    return "worse" if net.high < -margin else ""


def _torn(consistency: float) -> str:
    return (
        f"The judge says the same in both orders only {consistency:.0%} of the time; "
        f"{LEAST_CONSISTENCY:.0%} are needed."
    )


def _too_few(needed: int) -> str:
    return f"Not enough prompts: need about {needed:,}."


def _wilson(count: int, total: int) -> tuple[float, float]:
    rate, square = count / total, _Z * _Z
    base = 1 + square / total
    middle = (rate + square / (2 * total)) / base
    reach = _Z * sqrt(rate * (1 - rate) / total + square / (4 * total**2)) / base
    return max(0.0, middle - reach), min(1.0, middle + reach)


def _bond(both: int, gained: int, lost: int, neither: int) -> float:
    """How much the two models' passes go together, from -1 to 1; less where few."""
    base = (both + lost) * (gained + neither) * (both + gained) * (lost + neither)
    if not base:
        return 0.0
    total = both + gained + lost + neither
    cross = both * neither - gained * lost
    if cross > total / 2:
        cross_fit: float = cross - total / 2
    else:
        cross_fit = min(cross, 0)
    return cross_fit / sqrt(base)


def _together(one: float, other: float, bond: float) -> float:
    return sqrt(max(0.0, one * one - 2 * bond * one * other + other * other))

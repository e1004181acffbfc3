"""Intervals that hold at every look, and the verdicts they allow."""

import random
from math import inf

import pytest

from apps.router.engine.evidence import (
    LEAST,
    Interval,
    Sample,
    difference,
    mean,
    needed,
    quantile_places,
    sequence,
    share,
    verdict,
)

MARGIN = 0.15


def test_a_sample_from_sums_is_the_sample_of_its_values() -> None:
    values = [0.0, 1.0, 1.0, 0.5]

    summed = Sample.of_sums(4, sum(values), sum(v * v for v in values))

    assert summed.mean == Sample.of(values).mean == 0.625
    assert summed.variance == pytest.approx(Sample.of(values).variance)
    assert Sample.of([]) == Sample.of_sums(0, 0, 0) == Sample()


def test_too_few_say_nothing() -> None:
    few = sequence(Sample(LEAST - 1, 0.9, 0.1), 0.05)

    assert (few.low, few.high, few.is_known) == (-inf, inf, False)
    assert verdict(few, MARGIN) == ""


def test_what_never_varied_is_not_certain_for_that() -> None:
    never = sequence(Sample(LEAST, 0.0, 0.0), 0.05)

    assert never.low < -0.05
    assert never.high > 0.05


@pytest.mark.parametrize(
    ("gain", "expected"),
    [
        (Interval(0.2, 0.01, 0.4), "better"),
        (Interval(0.0, -0.1, 0.1), "not_worse"),
        (Interval(-0.3, -0.4, -0.2), "worse"),
        (Interval(-0.1, -0.3, 0.1), ""),
        (Interval(-0.2, -0.3, -0.1), ""),
    ],
)
def test_a_verdict_is_what_the_whole_interval_says(
    gain: Interval, expected: str
) -> None:
    assert verdict(gain, MARGIN) == expected


def _first_verdict(chances: tuple[float, float], seed: int, looks: int = 1500) -> str:
    """Look after every pair, with these chances to win and to lose."""
    rng, win, lose = random.Random(seed), *chances
    total = squares = 0
    for count in range(1, looks + 1):
        drawn = rng.random()
        outcome = 1 if drawn < win else -1 if drawn < win + lose else 0
        total, squares = total + outcome, squares + outcome * outcome
        if found := verdict(
            sequence(Sample.of_sums(count, total, squares), 0.05), MARGIN
        ):
            return found
    return ""


def test_looking_all_the_time_does_not_let_a_worse_one_pass() -> None:
    """At the very margin, 5 % of false verdicts are accepted over the whole run."""
    found = [_first_verdict((0.175, 0.325), seed) for seed in range(120)]

    assert sum(one in {"not_worse", "better"} for one in found) <= 6
    assert sum(one == "worse" for one in found) <= 6


def test_an_equal_one_is_found_not_worse_and_a_worse_one_worse() -> None:
    equal = [_first_verdict((0.25, 0.25), seed) for seed in range(40)]
    worse = [_first_verdict((0.1, 0.5), seed) for seed in range(40)]

    assert equal.count("not_worse") >= 39
    assert worse.count("worse") >= 39


def test_the_difference_of_two_arms_holds_both_sequences() -> None:
    control, candidate = Sample(400, 0.8, 0.16), Sample(300, 0.7, 0.21)

    gain = difference(control, candidate, 0.05)

    one, two = sequence(control, 0.025), sequence(candidate, 0.025)
    assert gain.middle == pytest.approx(-0.1)
    assert gain.low == pytest.approx(two.low - one.high)
    assert gain.high == pytest.approx(two.high - one.low)


def test_wilsons_interval_of_a_share() -> None:
    """Newcombe 1998, table I: 15 of 148 is 0.0624 to 0.1605."""
    found = share(15, 148)

    assert found.middle == pytest.approx(15 / 148)
    assert (found.low, found.high) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert share(0, 20).low == pytest.approx(0)
    assert not share(0, 0).is_known


def test_the_interval_of_a_mean_needs_two() -> None:
    assert not mean(Sample.of([1.0])).is_known
    found = mean(Sample.of([1.0, 3.0]))
    assert (found.middle, found.low < 1, found.high > 3) == (2.0, True, True)


def test_a_quantile_lies_between_two_places() -> None:
    low, high = quantile_places(0.5, 100)

    assert (low, high) == pytest.approx((0.402, 0.598), abs=1e-3)
    assert quantile_places(0.95, 10)[1] == 1.0
    assert quantile_places(0.5, 0) == (0.0, 1.0)


def test_how_many_more_it_takes() -> None:
    sample = Sample(60, 0.0, 0.5)

    enough = needed(Interval(0.0, -1, 1), sample, MARGIN, 0.05)

    assert enough is not None
    assert sequence(Sample(enough, 0.0, 0.5), 0.05).low > -MARGIN
    assert sequence(Sample(enough * 9 // 10, 0.0, 0.5), 0.05).low < -MARGIN
    assert needed(Interval(-0.2, -1, 1), sample, MARGIN, 0.05) is None
    assert needed(Interval(0.0, -1, 1), Sample(1, 0, 0), MARGIN, 0.05) is None
    assert needed(Interval(-0.1499999, -1, 1), sample, MARGIN, 0.05) is None

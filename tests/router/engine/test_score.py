"""The formula, its scales, and what is left out when nobody knows it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.router.engine.rules import Weights
from apps.router.engine.score import log_scale, score_all, weighted
from tests.router.engine.offers import need, offer


def test_log_scale_puts_the_least_at_zero_and_the_greatest_at_one() -> None:
    assert log_scale([1.0, 10.0, 100.0]) == [0.0, pytest.approx(0.5), 1.0]


def test_a_free_offer_stands_a_decade_below_the_cheapest_paid_one() -> None:
    assert log_scale([0.0, 1.0, 10.0]) == [0.0, pytest.approx(0.5), 1.0]


def test_equal_values_are_equally_good() -> None:
    assert log_scale([3.0, 3.0]) == [0.0, 0.0]


def test_only_free_offers_are_equally_good() -> None:
    assert log_scale([0.0, None]) == [0.0, None]


@given(st.lists(st.one_of(st.none(), st.floats(0, 1e12)), max_size=20))
def test_every_place_is_a_share_and_unknown_stays_unknown(
    values: list[float | None],
) -> None:
    placed = log_scale(values)

    assert [p is None for p in placed] == [v is None for v in values]
    assert all(-1e-9 <= p <= 1 + 1e-9 for p in placed if p is not None)


def test_the_documented_formula() -> None:
    weights = Weights(cost=0.4, latency=0.3, task_match=0.3)

    score = weighted(weights, cost=0.25, latency=0.5, task_match=0.8)

    assert score == pytest.approx(0.4 * 0.75 + 0.3 * 0.5 + 0.3 * 0.8)


def test_an_unknown_factor_is_left_out_and_the_weights_renormalised() -> None:
    score = weighted(Weights(), cost=0.5, latency=None, task_match=None)

    assert score == pytest.approx(0.5)


def test_a_score_of_nothing_known_is_zero() -> None:
    assert weighted(Weights(), cost=None, latency=None, task_match=None) == 0.0


def test_cost_is_that_of_the_request_s_own_tokens() -> None:
    pool = [
        offer("a/writes-cheap", usd=("10", "1")),
        offer("b/reads-cheap", usd=("1", "10")),
    ]

    reading = score_all(pool, need(input_tokens=9000, output_tokens=10))
    writing = score_all(pool, need(input_tokens=10, output_tokens=9000))

    assert [s.cost for s in reading] == [1.0, 0.0]
    assert [s.cost for s in writing] == [0.0, 1.0]


def test_one_dear_model_does_not_hide_the_difference_between_cheap_ones() -> None:
    pool = [
        offer("a/small", usd=("0.15", "0.60")),
        offer("b/middle", usd=("2.50", "10.00")),
        offer("c/huge", usd=("150", "600")),
    ]

    small, middle, _huge = score_all(pool, need())

    # On a linear scale the two would be 0.016 apart.
    assert middle.cost is not None
    assert small.cost is not None
    assert middle.cost - small.cost > 0.35

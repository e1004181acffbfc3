"""What a month costs, what it would save, and between what."""

from dataclasses import replace
from decimal import Decimal

import pytest

from apps.opportunities.engine.candidates import Candidate, Prices
from apps.opportunities.engine.money import NOT_ASSESSED, cost_of_month, savings
from tests.opportunities.offers import GPT_4O, MINI, need, offer, volume

CACHED = need(volume=volume(cached_share=Decimal("0.4")))


def test_the_golden_vectors() -> None:
    assert cost_of_month(GPT_4O, need()) == Decimal(875)
    assert cost_of_month(MINI, need()) == Decimal("52.50")
    assert savings(GPT_4O, MINI, need()).usd == Decimal("822.50")


def test_without_anything_unsure_the_range_is_the_figure() -> None:
    found = savings(GPT_4O, MINI, need())

    assert (found.low_usd, found.high_usd) == (found.usd, found.usd)
    assert found.range_of == ()


def test_the_cache_share_is_part_of_figure_and_range() -> None:
    found = savings(GPT_4O, MINI, CACHED)

    assert found.current_usd == Decimal(800)
    assert found.candidate_usd == Decimal(48)
    assert (found.low_usd, found.high_usd) == (Decimal("747.50"), Decimal("822.50"))
    assert "cache hits: 40 % of the prompt" in found.range_of[0]


def test_longer_answers_that_a_check_measured_count() -> None:
    found = savings(GPT_4O, MINI, need(), output_ratio=2.0)

    assert found.candidate_usd == Decimal("82.50")
    assert (found.low_usd, found.high_usd) == (Decimal("792.50"), Decimal("822.50"))
    assert "2.00 times as long" in found.range_of[0]


def test_discounts_are_in_the_range_and_never_in_the_figure() -> None:
    half = (Prices(Decimal("0.075"), Decimal("0.3")),)
    current_half = (Prices(Decimal("1.25"), Decimal(5)),)

    found = savings(
        replace(GPT_4O, discounted=current_half), replace(MINI, discounted=half), need()
    )

    assert found.usd == Decimal("822.50")
    assert (found.low_usd, found.high_usd) == (Decimal(385), Decimal("848.75"))
    assert len(found.range_of) == 2


def test_a_dearer_model_is_shown_as_a_loss() -> None:
    assert savings(MINI, GPT_4O, need()).usd == Decimal("-822.50")


@pytest.mark.parametrize(
    "pair",
    [
        (GPT_4O, replace(MINI, is_price_variable=True)),
        (replace(GPT_4O, is_price_variable=True), MINI),
        (GPT_4O, offer("h/m", None, None)),
        (offer("h/m", "1", None), MINI),
    ],
)
def test_an_unknown_price_saves_nothing(pair: tuple[Candidate, Candidate]) -> None:
    assert savings(*pair, need()) == NOT_ASSESSED


def test_without_calls_only_the_share_is_known() -> None:
    found = savings(GPT_4O, MINI, need(volume=volume(calls=None)))

    assert (found.usd, round(found.share or 0, 2)) == (None, 0.94)
    assert cost_of_month(GPT_4O, need(volume=volume(calls=None))) is None


def test_a_free_model_has_no_share_to_save() -> None:
    free = offer("h/free", "0", "0")

    assert savings(free, free, need()).share is None


def test_a_fee_of_each_request_counts() -> None:
    fee = replace(MINI, prices=(replace(MINI.prices[0], request=Decimal("0.001")),))

    assert cost_of_month(fee, need()) == Decimal("152.50")


def test_large_prompts_cost_what_large_prompts_cost() -> None:
    tiered = replace(
        MINI, prices=(MINI.prices[0], Prices(Decimal(1), Decimal(2), above=1000))
    )

    assert cost_of_month(tiered, need()) == Decimal(250)
    assert cost_of_month(tiered, need(volume=volume(input_tokens=1000))) == Decimal(45)


def test_a_measured_volume_is_no_estimate() -> None:
    measured = need(volume=volume(basis="measured"))

    assert savings(GPT_4O, MINI, measured).is_estimate is False

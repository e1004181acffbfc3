"""The calculator's arithmetic and filters, against arithmetic of the test's own."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.opportunities.engine.candidates import Candidate
from apps.opportunities.engine.filters import refusals
from apps.portfolio.blueprints import BY_SLUG, TEMPLATES
from apps.web.calculator import (
    LEAST_BENCHMARKS,
    NOT_COMPARED,
    Calculation,
    Question,
    calculate,
    group_of,
)
from tests.opportunities.offers import GPT_4O, MARKET, MINI, TODAY, offer

SUPPORT = BY_SLUG["support-chatbot"]
CENT = Fraction(1, 100)


def _ask(**fields: Any) -> Question:
    usual: dict[str, Any] = {
        "kind": SUPPORT,
        "model": "openai/gpt-4o",
        "calls": 100_000,
        "input_tokens": 1_500,
        "output_tokens": 500,
        "quality_need": "good",
    }
    return Question(**{**usual, **fields})


def _calculated(
    question: Question | None = None,
    current: Candidate = GPT_4O,
    market: tuple[Candidate, ...] = MARKET,
) -> Calculation:
    found = calculate(question or _ask(), current, market, today=TODAY)
    assert found is not None
    return found


def _usd(candidate: Candidate, question: Question) -> Fraction:
    """A month in fractions: tokens of all calls times the price of one token."""
    prices = candidate.prices[0]
    assert prices.input is not None
    assert prices.output is not None
    read = prices.input if prices.cached is None else prices.cached
    share = Fraction(question.cached_share)
    tokens_in = question.calls * question.input_tokens
    return (
        Fraction(prices.input) * tokens_in * (1 - share)
        + Fraction(read) * tokens_in * share
        + Fraction(prices.output) * question.calls * question.output_tokens
    ) / 1_000_000


def test_the_golden_case_to_the_cent() -> None:
    found = _calculated()

    assert f"{found.today.month_usd:.2f}" == "875.00"
    assert found.best is not None
    assert found.best.candidate is MINI
    assert f"{found.best.month_usd:.2f}" == "52.50"
    assert f"{found.best.saving_usd:.2f}" == "822.50"
    assert f"{found.best.saving_year_usd:.2f}" == "9870.00"
    assert found.best.share is not None
    assert round(found.best.share, 3) == Fraction(94, 100)


@pytest.mark.parametrize("template", TEMPLATES, ids=[t.slug for t in TEMPLATES])
def test_every_kind_of_use_case_is_priced_by_its_own_tokens(template: Any) -> None:
    question = _ask(
        kind=template,
        input_tokens=template.input_tokens,
        output_tokens=template.output_tokens,
    )

    found = _calculated(question)

    assert abs(Fraction(found.today.month_usd) - _usd(GPT_4O, question)) < CENT
    for line in found.found:
        assert abs(Fraction(line.month_usd) - _usd(line.candidate, question)) < CENT


def test_the_chosen_model_decides_what_is_saved() -> None:
    """D-A1: percentages were constants, whatever model was chosen."""
    cheap = offer("cheap/flash", "0.075", "0.30", quality=0.55)

    found = _calculated(_ask(model="cheap/flash"), cheap, (*MARKET, cheap))

    assert found.best is None
    assert found.saving_usd == 0


def test_tokens_read_from_a_cache_cost_what_the_offer_says() -> None:
    question = _ask(cached_share=Decimal("0.4"))

    found = _calculated(question)

    assert abs(Fraction(found.today.month_usd) - _usd(GPT_4O, question)) < CENT
    assert found.best is not None
    assert abs(Fraction(found.best.month_usd) - _usd(MINI, question)) < CENT


def test_the_engines_own_filters_decide() -> None:
    blind = offer("mini/blind", "0.01", "0.02", quality=0.55, has_tools=False)
    small = offer("mini/small", "0.01", "0.02", quality=0.55, context_tokens=2_000)
    gone = offer("mini/gone", "0.01", "0.02", quality=0.55, is_available=False)

    found = _calculated(market=(*MARKET, blind, small, gone))

    reasons = {one.line.candidate.model: one.reasons for one in found.left_out}
    for one in (blind, small, gone):
        assert reasons[one.model] == refusals(
            one, found.question.need, today=TODAY, current=GPT_4O
        )
    assert found.best is not None
    assert found.best.candidate is MINI


def test_a_model_that_hardly_anybody_rated_is_not_called_adequate() -> None:
    rated = offer("mini/new", "0.01", "0.02", quality=None)

    found = _calculated(market=(*MARKET, rated))

    (out,) = [one for one in found.left_out if one.line.candidate is rated]
    assert NOT_COMPARED in out.reasons
    assert out.line.quality is None


def test_without_a_rating_of_todays_model_no_saving_is_claimed() -> None:
    unrated = offer("openai/gpt-4o", "2.5", "10", quality=None)

    found = _calculated(current=unrated)

    assert not found.is_compared
    assert found.saving_usd is None
    assert found.best is not None
    assert found.best.quality_gap is None


def test_at_least_as_good_is_meant() -> None:
    found = _calculated(_ask(quality_need="best"))

    assert MINI not in [line.candidate for line in found.found]
    assert "too far below your model in benchmarks" in dict(found.reasons)


def test_an_unknown_price_of_todays_model_is_no_answer() -> None:
    unknown = offer("openai/gpt-4o", None, None)

    assert calculate(_ask(), unknown, MARKET, today=TODAY) is None


def test_a_price_that_varies_is_never_computed_with() -> None:
    varies = offer("router/auto", "0.01", "0.01", is_price_variable=True)

    found = _calculated(market=(*MARKET, varies))

    shown = [one.line for one in found.left_out] + found.found
    assert varies not in [line.candidate for line in shown]
    assert ("price not known, or varies by request", 1) in found.reasons


@pytest.mark.parametrize(
    ("reason", "group"),
    [
        (
            "context of 8,192 tokens, 16,384 needed",
            "context too small, or not assessed",
        ),
        ("no tool calls", "cannot do what is needed"),
        ("0.21 below the current model in benchmarks, of 1", "too far below"),
        (NOT_COMPARED, "quality not assessed"),
        ("something new", "something new"),
    ],
)
def test_reasons_are_counted_by_kind(reason: str, group: str) -> None:
    assert group_of(reason).startswith(group)


usd = st.decimals("0", "200", places=3)
market = st.lists(
    st.tuples(usd, usd, st.floats(0.05, 0.95), st.booleans()), min_size=1, max_size=8
)


@given(
    market,
    usd,
    usd,
    st.integers(10_000, 1_000_000),
    st.integers(1, 100_000),
    st.integers(1, 20_000),
    st.decimals("0", "1", places=2),
)
def test_whatever_the_market_the_figures_agree(
    rows: Any, in_usd: Any, out_usd: Any, calls: int, size: int, out: int, share: Any
) -> None:
    offers = tuple(
        offer(f"house/m{i}", str(a), str(b), quality=q, has_tools=can)
        for i, (a, b, q, can) in enumerate(rows)
    )
    current = offer("openai/gpt-4o", str(in_usd), str(out_usd), quality=0.5)
    question = _ask(
        calls=calls, input_tokens=size, output_tokens=out, cached_share=share
    )

    found = _calculated(question, current, (*offers, current))

    assert abs(Fraction(found.today.month_usd) - _usd(current, question)) < CENT
    for line in found.found:
        assert abs(Fraction(line.month_usd) - _usd(line.candidate, question)) < CENT
        assert line.saving_usd == found.today.month_usd - line.month_usd > 0
        need = question.need
        assert not refusals(line.candidate, need, today=TODAY, current=current)
    months = [line.month_usd for line in found.found]
    assert months == sorted(months)
    assert len(found.found) + len(found.left_out) + found.dearer <= len(offers)
    assert current not in [line.candidate for line in found.found]


def test_the_bar_for_a_comparison_is_what_the_page_says() -> None:
    assert f"fewer than {LEAST_BENCHMARKS} benchmarks" in NOT_COMPARED

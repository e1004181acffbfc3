"""What holds of the engine for any market, use case and volume."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.opportunities.engine.candidates import (
    Candidate,
    DataPolicy,
    Prices,
    Speed,
    Trust,
)
from apps.opportunities.engine.filters import refusals
from apps.opportunities.engine.finding import Option, find, found_models
from apps.opportunities.engine.fit import Case, score
from apps.opportunities.engine.money import Savings
from apps.opportunities.engine.need import USUAL, Need
from apps.opportunities.engine.table import Table
from apps.portfolio.volume import Volume
from apps.router.engine.rules import Rules
from tests.opportunities.offers import NOW, TODAY, offer, qualities

SCORES = st.none() | st.floats(0.05, 0.95)
USD = st.none() | st.decimals(0, 500, places=3, allow_nan=False)
BOOLS = st.none() | st.booleans()
RULES = st.sampled_from(
    (
        Rules(),
        Rules(barred_models=("*0",)),
        Rules(models=("house1/*", "house2/*")),
        Rules(no_training=True),
        Rules(zero_retention=True),
        Rules(regions=("DE",)),
        Rules(ignored=("house1",)),
        Rules(providers=("house2",)),
        Rules(quantizations=("fp8",)),
        Rules(max_prompt_price=2.0, max_output_price=5.0),
    )
)


@st.composite
def offers(draw: st.DrawFn, number: int) -> Candidate:
    task, general = draw(SCORES), draw(SCORES)
    known = {} if task is None else {"chat": qualities(task)["chat"]}
    if general is not None:
        known["general"] = qualities(general)["general"]
    first = Prices(draw(USD), draw(USD), draw(USD))
    large = Prices(draw(USD), draw(USD), above=1000)
    rate = draw(st.none() | st.floats(1, 900))
    return replace(
        offer(f"house{number % 3}/m{number}"),
        prices=draw(st.sampled_from(((), (first,), (first, large)))),
        is_price_variable=draw(st.sampled_from((False, False, True))),
        context_tokens=draw(st.none() | st.integers(1, 300_000)),
        has_vision=draw(BOOLS),
        has_tools=draw(BOOLS),
        has_json_schema=draw(BOOLS),
        qualities=known,
        speed=Speed(rate, draw(st.none() | st.floats(0, 9000)), "test"),
        trust=Trust(
            draw(st.none() | st.floats(0, 100)),
            draw(st.sampled_from("ABC") | st.just("")),
        ),
        data_policy=DataPolicy(draw(BOOLS), draw(BOOLS), regions=("DE",)),
        downrank=draw(st.sampled_from((1.0, 1.0, 0.5))),
        exclusion=draw(st.sampled_from(("", "", "an outage"))),
        is_available=draw(st.sampled_from((True, True, False))),
    )


MARKETS = st.integers(2, 4).flatmap(
    lambda count: st.tuples(*(offers(number) for number in range(count)))
)
COUNTS = st.none() | st.integers(0, 1_000_000)


@st.composite
def needs(draw: st.DrawFn) -> Need:
    numbers = [draw(COUNTS) for _ in range(3)]
    calls, inputs, outputs = (None if n is None else Decimal(n) for n in numbers)
    share = draw(st.none() | st.decimals(0, 1, places=2))
    ordered: Any = draw(st.permutations(("cost", "speed", "quality", "trust")))
    return Need(
        task=draw(st.sampled_from(("chat", "coding"))),
        needs=tuple(ordered[: draw(st.integers(0, 3))]),
        required_context=draw(st.integers(0, 100_000)),
        capabilities=draw(st.frozensets(st.sampled_from(("vision", "tools", "json")))),
        latency_need_ms=draw(st.none() | st.integers(1, 5000)),
        quality_need=draw(st.sampled_from(("best", "good", "acceptable"))),
        volume=Volume(calls, inputs, outputs, share, "typed"),
        rules=draw(RULES),
    )


QUICK = settings(max_examples=40, deadline=None)


@QUICK
@given(MARKETS, needs())
def test_scores_are_between_0_and_1_and_what_is_listed_adds_up(
    market: tuple[Candidate, ...], need: Need
) -> None:
    options = find(need, market[0], market, now=NOW)

    case = Case(market[0].model_id, need, market[0])
    every = found_models(case, Table(market), now=NOW)
    assert {option.candidate.model_id for option in options} <= every
    assert len(options) <= USUAL.options
    for option in options:
        _holds(option)
        _adds_up(option.savings)


def _holds(option: Option) -> None:
    scores = [option.fit, option.current_fit]
    scores += [f.candidate for f in option.factors if f.candidate is not None]
    scores += [f.current for f in option.factors if f.current is not None]
    assert all(0 <= one <= 1 for one in scores)
    assert 0 <= option.confidence.value <= 100
    parts = option.confidence.parts
    assert sum(part.points for part in parts) == option.confidence.value
    levels = [one.level for one in option.risk.dimensions]
    assert option.risk.level == max(levels) <= 4
    assert sum(factor.weight for factor in option.factors) == pytest.approx(1)


def _adds_up(saved: Savings) -> None:
    if saved.usd is None:
        return
    assert saved.current_usd is not None
    assert saved.candidate_usd is not None
    assert saved.low_usd is not None
    assert saved.high_usd is not None
    difference = saved.current_usd - saved.candidate_usd
    assert abs(saved.usd - difference) <= Decimal("0.000002")
    assert saved.low_usd <= saved.usd <= saved.high_usd


@QUICK
@given(MARKETS, needs())
def test_savings_never_come_from_nothing(
    market: tuple[Candidate, ...], need: Need
) -> None:
    quiet = replace(need, volume=replace(need.volume, calls_month=None))

    for option in find(quiet, market[0], market, now=NOW):
        assert option.savings.usd is None
        assert option.savings.current_usd is None
        assert "cost_saving" not in option.kinds


@QUICK
@given(offers(0), needs())
def test_equal_models_are_no_opportunity(one: Candidate, need: Need) -> None:
    twin = replace(one, model="other/twin", model_id=offer("other/twin").model_id)

    assert find(need, one, (one, twin), now=NOW) == []


@QUICK
@given(MARKETS, needs())
def test_columns_and_words_refuse_the_same(
    market: tuple[Candidate, ...], need: Need
) -> None:
    current = market[0]
    table = Table(market)
    rows = table.view(need, TODAY)
    passed = set()
    if len(rows):
        scores = score([Case(current.model_id, need, current)], rows)
        fit = scores.is_fit[0]
        passed = {o.model for o, is_fit in zip(rows.offers, fit, strict=True) if is_fit}

    in_words = {
        one.model
        for one in market
        if one is not current and not refusals(one, need, today=TODAY, current=current)
    }

    assert passed == in_words

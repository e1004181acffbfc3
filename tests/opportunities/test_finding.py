"""Which options the engine finds, and which it must never find."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from apps.opportunities.engine.candidates import Candidate, Quality, Speed, Trust
from apps.opportunities.engine.finding import (
    Option,
    find,
    find_all,
    found_models,
)
from apps.opportunities.engine.fit import Case
from apps.opportunities.engine.need import Evidence, Need, Thresholds, weights
from apps.opportunities.engine.table import Floats, Table
from apps.router.engine.rules import Rules
from tests.opportunities.offers import (
    DEAR,
    GPT_4O,
    MARKET,
    MINI,
    NOW,
    SONNET,
    need,
    offer,
    qualities,
    volume,
)


def models(options: Iterable[Option]) -> list[str]:
    return [option.candidate.model for option in options]


def found(
    market: Iterable[Candidate] = MARKET, current: Candidate = GPT_4O, **fields: Any
) -> list[Option]:
    return find(need(**fields), current, market, now=NOW)


def test_gpt_4o_mini_is_found_for_a_cost_first_use_case() -> None:
    [best, *_] = found()

    assert best.candidate is MINI
    assert (best.kind, best.band) == ("cost_saving", "moderate")
    assert best.savings.usd == Decimal("822.50")
    assert round(best.savings.share or 0, 3) == 0.94


def linear(values: Floats, own: Floats) -> tuple[Floats, Floats]:
    """The predecessors' min-max scale."""
    both = np.concatenate([values, own], axis=1)
    low, high = both.min(axis=1, keepdims=True), both.max(axis=1, keepdims=True)
    width = np.where(high > low, high - low, 1.0)
    place = 1 - (both - low) / width
    return place[:, :-1], place[:, -1:]


def test_a_linear_scale_in_its_place_would_hide_it() -> None:
    case = Case(GPT_4O.model_id, need(), GPT_4O)

    [(_, options)] = find_all([case], Table(MARKET), now=NOW, scale=linear)

    assert "openai/gpt-4o-mini" not in models(options)


def test_a_vision_use_case_never_gets_a_text_model() -> None:
    text = replace(MINI, has_vision=False)
    unknown = offer("house/unknown", "0.1", "0.2", has_vision=None)

    assert models(found((GPT_4O, text, unknown, DEAR))) != []
    seeing = frozenset({"vision"})
    assert found((GPT_4O, text, unknown, DEAR), capabilities=seeing) == []


def test_a_variable_price_moves_no_score() -> None:
    variable = offer("router/auto", "0", "0", is_price_variable=True)
    unpriced = offer("house/unpriced", None, None)

    with_them = found((*MARKET, variable, unpriced))

    assert [(o.candidate, o.fit, o.gain) for o in with_them] == [
        (o.candidate, o.fit, o.gain) for o in found()
    ]


def test_a_current_model_of_a_variable_price_has_no_cost_to_save() -> None:
    variable = offer("router/auto", "1", "1", is_price_variable=True)

    options = found((*MARKET, variable), variable)

    assert all(o.savings.usd is None and o.kind != "cost_saving" for o in options)


def test_an_excluded_model_never_appears() -> None:
    excluded = replace(MINI, exclusion="an outage (until 2026-12-01)")

    assert "openai/gpt-4o-mini" not in models(found((GPT_4O, excluded, DEAR)))


def test_a_downranked_model_falls_behind() -> None:
    downranked = replace(MINI, downrank=0.5)

    assert "openai/gpt-4o-mini" not in models(found((GPT_4O, downranked, DEAR)))


def test_equal_models_are_no_opportunity() -> None:
    twin = replace(GPT_4O, model="other/same", model_id=DEAR.model_id)

    assert found((GPT_4O, twin)) == []


def test_the_model_itself_is_no_candidate() -> None:
    cheaper = replace(GPT_4O, provider="azure", prices=MINI.prices)

    assert found((GPT_4O, cheaper, DEAR)) == []


def test_a_second_name_of_the_same_thing_is_told_once() -> None:
    dated = replace(MINI, model="openai/gpt-4o-mini-2024", model_id=SONNET.model_id)

    assert models(found((*MARKET[:3], dated))) == ["openai/gpt-4o-mini"]


def test_not_more_than_two_of_one_maker_are_told() -> None:
    same = [offer(f"house/m{n}", f"0.{n}", "1", quality=0.6 + n / 90) for n in range(5)]

    assert len(found((GPT_4O, DEAR, *same))) == 2


@pytest.mark.parametrize(
    "fields",
    [{"calls": None}, {"input_tokens": None}, {"output_tokens": None}],
    ids=["no calls", "no prompt", "no answer"],
)
def test_without_a_volume_nothing_is_said_to_be_saved(fields: dict[str, Any]) -> None:
    options = found(volume=volume(**fields), needs=())

    assert all(o.kind != "cost_saving" for o in options)
    assert all(o.savings.usd is None for o in options)


def test_a_saving_below_ten_dollars_a_month_is_no_opportunity() -> None:
    assert found((GPT_4O, MINI, DEAR), volume=volume(calls=1_000)) == []


def test_what_is_cheaper_but_too_weak_is_left_out() -> None:
    weak = offer("house/weak", "0.1", "0.2", quality=0.3)

    assert "house/weak" not in models(found((*MARKET, weak)))
    assert "house/weak" in models(found((*MARKET, weak), quality_need="acceptable"))


def test_where_the_best_is_needed_nothing_worse_is_told() -> None:
    assert "openai/gpt-4o-mini" not in models(found(quality_need="best"))


def test_what_is_too_slow_is_left_out() -> None:
    slow = replace(MINI, speed=Speed(100.0, 900.0, "test"))

    assert found((GPT_4O, slow, DEAR), latency_need_ms=500) == []


def test_the_organizations_rules_bar() -> None:
    rules = Rules(barred_models=("*mini*",))

    assert "openai/gpt-4o-mini" not in models(found(rules=rules))


def test_an_empty_market_has_nothing_to_tell() -> None:
    assert found((GPT_4O,), required_context=10**9) == []
    case = Case(GPT_4O.model_id, need(required_context=10**9), GPT_4O)
    assert found_models(case, Table((GPT_4O,)), now=NOW) == frozenset()


def test_every_kind_is_found_by_its_own_threshold() -> None:
    base = offer("a/base", quality=0.5)
    better = {
        "quality_upgrade": offer("b/good", quality=0.7),
        "speed_improvement": offer("c/fast", quality=0.5, speed=Speed(300.0, 100.0)),
        "trust_upgrade": offer("d/safe", quality=0.5, trust=Trust(95.0, "A")),
    }

    for kind, candidate in better.items():
        word: Any = kind.partition("_")[0]
        [option] = found((base, candidate), base, needs=(word,))
        assert option.kinds == (kind,)


def test_twice_the_room_counts_only_where_it_is_needed() -> None:
    small = offer("a/small", context_tokens=8_000)
    large = offer("b/large", context_tokens=64_000)

    assert found((small, large), small, needs=("context",)) == []
    [option] = found((small, large), small, needs=("context",), required_context=16_000)
    assert option.kind == "context_upgrade"


def test_a_factor_unknown_on_one_side_weighs_nothing() -> None:
    unrated = replace(MINI, qualities={}, speed=Speed(), trust=Trust())

    [option, *_] = found((GPT_4O, unrated, DEAR))

    known = {one.factor for one in option.factors if one.is_known}
    assert known == {"cost", "context"}
    assert option.confidence.basis == "price"
    assert option.confidence.value <= 30


def test_general_scores_stand_in_where_one_side_has_no_task_score() -> None:
    general = replace(MINI, qualities={"general": qualities(0.5)["general"]})

    [option, *_] = found((GPT_4O, general, DEAR))

    quality = next(one for one in option.factors if one.factor == "quality")
    assert (quality.candidate, quality.current) == (0.5, 0.55)
    assert option.confidence.basis == "composite"


def test_worse_on_own_prompts_is_out_and_not_worse_is_in() -> None:
    weak = offer("house/weak", "0.1", "0.2", quality=0.3)
    for verdict, is_told in (
        *(("worse", False), ("", False)),
        *(("not_worse", True), ("better", True)),
    ):
        evidence = Evidence("check", verdict, 50, -0.1, 0.1, 0.9, judged_at=NOW)  # type: ignore[arg-type]
        case = Case(GPT_4O.model_id, need(), GPT_4O, evidence={weak.model_id: evidence})

        [(_, options)] = find_all([case], Table((*MARKET, weak)), now=NOW)

        assert ("house/weak" in models(options)) is is_told


def test_a_check_stands_in_place_of_the_benchmarks() -> None:
    evidence = Evidence("check", "better", 50, 0.1, 0.5, 0.9, judged_at=NOW)
    case = Case(GPT_4O.model_id, need(), GPT_4O, evidence={MINI.model_id: evidence})

    [(_, [best, *_])] = find_all([case], Table(MARKET), now=NOW)

    quality = next(one for one in best.factors if one.factor == "quality")
    assert best.candidate is MINI
    assert (quality.candidate or 0) > (quality.current or 0)
    assert best.confidence.basis == "check"


def test_what_was_decided_on_is_spoken_of_whatever_its_rank() -> None:
    rivals = [offer(f"h{n}/cheap", f"0.0{n}", "0.1", quality=0.7) for n in range(1, 9)]
    table = Table((*MARKET, *rivals))
    case = Case(GPT_4O.model_id, need(), GPT_4O)
    held = replace(case, held=frozenset({MINI.model_id}))

    [(_, plain)] = find_all([case], table, now=NOW)
    [(_, spoken)] = find_all([held], table, now=NOW)

    assert "openai/gpt-4o-mini" in models(plain)  # the maker's own other model
    assert models(spoken)[-1] == "openai/gpt-4o-mini"


def test_what_is_told_today_keeps_its_place_among_near_equals() -> None:
    one = offer("a/one", "0.20", "0.80", quality=0.6)
    other = offer("b/other", "0.19", "0.79", quality=0.6)
    table, few = Table((GPT_4O, DEAR, one, other)), Thresholds(options=1)
    case = Case(GPT_4O.model_id, need(), GPT_4O)
    staying = replace(case, open=frozenset({one.model_id}))

    [(_, fresh)] = find_all([case], table, now=NOW, thresholds=few)
    [(_, kept)] = find_all([staying], table, now=NOW, thresholds=few)

    assert (models(fresh), models(kept)) == (["b/other"], ["a/one"])


def test_only_the_models_asked_for_are_explained() -> None:
    case = Case(GPT_4O.model_id, need(), GPT_4O)
    only = frozenset({DEAR.model_id})

    assert list(find_all([case], Table(MARKET), now=NOW, only=only)) == [(case.key, [])]


def test_a_second_run_says_the_same() -> None:
    case = Case(GPT_4O.model_id, need(needs=()), GPT_4O)

    runs = [
        [(o.candidate.model, o.fit) for _, options in found_ for o in options]
        for found_ in (
            find_all([case], Table(MARKET), now=NOW),
            find_all([case], Table(MARKET[::-1]), now=NOW + timedelta(seconds=1)),
        )
    ]

    assert runs[0] == runs[1]


def test_the_cheapest_offer_that_passes_is_the_one_that_counts() -> None:
    cheap = replace(
        MINI, provider="small", prices=(replace(MINI.prices[0], input=Decimal("0.1")),)
    )
    small = replace(cheap, context_tokens=2_000)

    [best, *_] = found((*MARKET, cheap))
    assert best.candidate is cheap
    [best, *_] = found((*MARKET, small))
    assert best.candidate is MINI


def test_all_that_would_be_opportunities_can_be_asked_for() -> None:
    case = Case(GPT_4O.model_id, need(), GPT_4O)

    assert found_models(case, Table(MARKET), now=NOW) == {MINI.model_id}


def test_a_wide_interval_ranks_lower() -> None:
    sure = offer("a/sure", "0.2", "0.8", quality=0.56)
    wide = offer("b/wide", "0.2", "0.8", quality=None)
    quality = Quality(0.56, 0.3, 0.8, 1, 1, NOW.date())
    wide = replace(wide, qualities={"chat": quality, "general": quality})

    assert models(found((GPT_4O, DEAR, wide, sure))) == ["a/sure", "b/wide"]


def test_needs_are_weighed_by_their_rank() -> None:
    assert weights(("cost", "quality", "speed"))["cost"] == 0.55
    assert sum(weights(("cost",)).values()) == pytest.approx(1)
    assert set(weights(()).values()) == {0.2}
    assert Need().has_volume is False

"""Why a model can never be recommended, in words; and the table's memory."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from apps.opportunities.engine import table as table_module
from apps.opportunities.engine.candidates import (
    UNPRICED,
    DataPolicy,
    Prices,
    Speed,
    Trust,
)
from apps.opportunities.engine.filters import refusals
from apps.opportunities.engine.kinds import band
from apps.opportunities.engine.need import Evidence
from apps.opportunities.engine.table import Table
from apps.router.engine.rules import Rules
from tests.opportunities.offers import GPT_4O, MARKET, MINI, TODAY, need, offer


def refused(fields: dict[str, Any], **wanted: Any) -> str:
    candidate = replace(MINI, **fields)
    return "; ".join(refusals(candidate, need(**wanted), today=TODAY, current=GPT_4O))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"is_available": False}, "no longer offered"),
        ({"status": "deprecated"}, "its catalog entry says deprecated"),
        ({"sunset_on": date(2027, 1, 1)}, "it is switched off on 2027-01-01"),
        ({"exclusion": "an outage"}, "excluded by our editors: an outage"),
        ({"context_tokens": None}, "context not assessed"),
        ({"context_tokens": 100}, "context of 100 tokens, 4,096 needed"),
        ({"is_price_variable": True}, "its price varies by request"),
        ({"prices": ()}, "price not known"),
        ({"qualities": offer("h/m", quality=0.2).qualities}, "0.35 below the current"),
    ],
)
def test_what_stands_against_a_model_is_said(
    fields: dict[str, Any], words: str
) -> None:
    assert words in refused(fields)


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"barred_models": ("gpt-4o-mini",)}, "barred by your rules"),
        ({"models": ("anthropic/*",)}, "not among the models that your rules allow"),
        ({"ignored": ("openai",)}, "your rules bar Openai"),
        ({"providers": ("azure",)}, "not served by a provider that your rules allow"),
        ({"no_training": True}, "not assessed whether it trains on prompts"),
        ({"zero_retention": True}, "keeps prompts"),
        ({"regions": ("FR",)}, "runs in DE, outside the regions you allow"),
        ({"quantizations": ("fp8",)}, "quantization not assessed"),
        ({"max_prompt_price": 0.1}, "prompt price $0.15 / M, above your limit of $0.1"),
    ],
)
def test_the_organizations_rules_are_named(rules: dict[str, Any], words: str) -> None:
    policy = DataPolicy(retains=True, regions=("DE",))

    assert words in refused({"data_policy": policy}, rules=Rules(**rules))


def test_a_region_that_nobody_states_is_refused_where_some_are_named() -> None:
    assert "region is not assessed" in refused({}, rules=Rules(regions=("DE",)))


@pytest.mark.parametrize(
    ("name", "field"),
    [("vision", "has_vision"), ("tools", "has_tools"), ("json", "has_json_schema")],
)
def test_what_a_model_cannot_do_or_may_not_is_said(name: str, field: str) -> None:
    wanted = frozenset((name, "streaming"))

    assert "no " in refused({field: False}, capabilities=wanted)
    assert "not assessed" in refused({field: None}, capabilities=wanted)
    assert refused({}, capabilities=wanted) == ""


def test_slowness_counts_where_a_limit_is_named() -> None:
    slow = {"speed": Speed(10.0, 900.0)}

    assert "900 ms, 500 needed" in refused(slow, latency_need_ms=500)
    assert refused(slow) == ""


def test_a_good_check_answers_a_bad_benchmark() -> None:
    weak = offer("h/weak", quality=0.1)
    fine = Evidence("check", "not_worse", 50, -0.1, 0.1)

    assert refusals(weak, need(), today=TODAY, current=GPT_4O, evidence=fine) == []


def test_worse_on_own_prompts_is_said() -> None:
    evidence = Evidence("check", "worse", 50, -0.5, -0.2)
    found = refusals(MINI, need(), today=TODAY, evidence=evidence)

    assert found == ["worse on your own prompts (50 of them)"]
    assert evidence.net == -0.35


def test_a_market_remembers_only_so_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_module, "REMEMBERED", 2)
    table = Table(MARKET)
    rules = [Rules(barred_models=(f"m{n}",)) for n in range(4)]

    sizes = [len(table.view(need(rules=one), TODAY)) for one in rules]
    again = [len(table.view(need(rules=one), TODAY)) for one in rules[-1:]]

    assert len(table) == 4
    assert sizes == [4, 4, 4, 4]
    assert again == [4]
    assert len(table.view(need(rules=rules[-1]), TODAY + timedelta(days=1))) == 4


def test_prices_speeds_and_trust_know_what_they_do_not_know() -> None:
    priced = replace(MINI, discounted=(Prices(Decimal(1), Decimal(1)),))

    assert offer("h/m", None).price_at(0).is_known is False
    assert replace(MINI, prices=()).price_at(0) is UNPRICED
    assert replace(MINI, prices=(), is_price_variable=True).has_price is False
    assert MINI.has_price
    assert priced.price_at(0, discounted=True).input == 1
    assert priced.is_discounted
    assert Speed(None, 5.0).seconds(10) is None
    assert Speed(10.0, None).seconds(10) is None
    assert Speed(10.0, None, is_end_to_end=True).seconds(10) == 1
    assert (Trust().points, Trust(None, "A").points) == (None, 90.0)
    assert [one.source for one in (Trust(), Trust(None, "A"), Trust(5.0))] == [
        "",
        "tier A",
        "trust dimensions",
    ]
    assert MINI.quality_at("coding") is MINI.qualities["general"]
    assert replace(MINI, qualities={}).quality_at("chat") is None
    end_to_end = replace(MINI, speed=Speed(9.0, None, is_end_to_end=True))
    assert Table((end_to_end,)).view(need(), TODAY).wait_s[0] == 0


def test_bands_follow_the_gain() -> None:
    assert [band(g) for g in (0.1, 0.25, 0.5, 0.51)] == [
        "minor",
        "moderate",
        "moderate",
        "major",
    ]

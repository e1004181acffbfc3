"""Each hard filter, with the words it gives as its reason."""

from typing import Any

import pytest

from apps.router.engine.filters import split
from apps.router.engine.need import may_use
from tests.router.engine.offers import need, offer

PRICED: dict[str, Any] = {"usd": ("1", "2")}


@pytest.mark.parametrize(
    ("facts", "wish", "reason"),
    [
        ({"unavailable": "no key: set X"}, {}, "no key: set X"),
        ({}, {"is_test": True}, "a test key never reaches a provider"),
        ({}, {"models": ("b/other",)}, "not in the request's list of models"),
        (
            {},
            {"allowed_models": ("b/*",)},
            "not among the models that this key may use",
        ),
        ({"usd": None}, {"is_budgeted": True}, "price not known, and a budget is set"),
        ({"context_tokens": 1000}, {}, "context of 1,000 tokens, about 1,500 needed"),
        ({"has_vision": False}, {"needs_vision": True}, "no vision"),
        ({"has_vision": None}, {"needs_vision": True}, "vision not assessed"),
        ({"has_tools": False}, {"needs_tools": True}, "no tool calls"),
        ({}, {"needs_json_schema": True}, "JSON schema not assessed"),
        ({"usd": None}, {}, "price not known"),
        ({}, {"quality_floor": 0.5}, "quality at chat not assessed, a floor is set"),
        (
            {"task_scores": {"chat": 0.4}},
            {"quality_floor": 0.5},
            "quality 0.40 at chat is below 0.50",
        ),
        ({}, {"max_cost_nano": 1000}, "about $0.002500, above max_cost"),
    ],
)
def test_an_offer_is_excluded_with_its_reason(
    facts: dict[str, Any], wish: dict[str, Any], reason: str
) -> None:
    fit, excluded = split([offer("a/model", **PRICED | facts)], need(**wish))

    assert fit == []
    assert [item.reason for item in excluded] == [reason]


def test_an_offer_that_fits_is_kept() -> None:
    able = offer(
        "a/model",
        usd=("1", "2"),
        context_tokens=2000,
        has_vision=True,
        has_tools=True,
        has_json_schema=True,
        task_scores={"chat": 0.5},
    )
    wish = need(
        needs_vision=True,
        needs_tools=True,
        needs_json_schema=True,
        quality_floor=0.5,
        max_cost_nano=2_500_000,
        models=("a/model",),
    )

    assert split([able], wish) == ([able], [])


def test_a_named_model_is_the_caller_s_choice_whatever_is_not_assessed() -> None:
    named = offer("a/model", has_vision=None)

    fit, _ = split([named], need(model="a/model", needs_vision=True))

    assert fit == [named]


def test_a_named_model_without_a_price_is_refused_under_a_max_cost() -> None:
    _, excluded = split(
        [offer("a/model")], need(model="a/model", max_cost_nano=1_000_000)
    )

    assert excluded[0].reason == "price not known, max_cost is set"


def test_the_stand_in_leaves_live_traffic_to_a_real_provider() -> None:
    stand_in = offer("local/small", usd=("0", "0"), is_stand_in=True)
    real = offer("a/model", usd=("1", "2"))

    fit, excluded = split([stand_in, real], need())

    assert fit == [real]
    assert excluded[0].code == "stand_in"


def test_the_stand_in_answers_until_a_provider_is_configured() -> None:
    stand_in = offer("local/small", usd=("0", "0"), is_stand_in=True)
    closed = offer("a/model", usd=("1", "2"), unavailable="set A_API_KEY")

    assert split([stand_in, closed], need())[0] == [stand_in]


def test_the_stand_in_does_not_answer_what_a_real_provider_may_not() -> None:
    stand_in = offer("local/small", usd=("0", "0"), is_stand_in=True)
    dear = offer("a/model", usd=("1", "2"))

    assert split([stand_in, dear], need(max_cost_nano=1))[0] == []


def test_the_stand_in_answers_when_it_is_on_the_list() -> None:
    stand_in = offer("local/small", usd=("0", "0"), is_stand_in=True)
    real = offer("a/model", usd=("1", "2"))

    assert split([stand_in, real], need(models=("local/small",)))[0] == [stand_in]


def test_a_test_key_reaches_the_stand_in_alone() -> None:
    stand_in = offer("local/small", usd=("0", "0"), is_stand_in=True)
    real = offer("a/model", usd=("1", "2"))

    fit, _ = split([stand_in, real], need(is_test=True))

    assert fit == [stand_in]


@pytest.mark.parametrize(
    ("patterns", "model", "is_allowed"),
    [
        (("openai/gpt-5",), "openai/gpt-5", True),
        (("openai/*",), "openai/gpt-5", True),
        (("gpt-5",), "openai/gpt-5", True),
        (("*-mini", "gpt-?"), "openai/gpt-5", True),
        (("openai/gpt",), "openai/gpt-5", False),
        (("groq/*",), "openai/gpt-5", False),
        (("openai",), "openai/gpt-5", False),
    ],
)
def test_ids_and_patterns_allow_models(
    patterns: tuple[str, ...], model: str, *, is_allowed: bool
) -> None:
    assert may_use(patterns, model) is is_allowed

"""Rules of several levels, merged: what bars adds up, what prefers is the nearest's."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.router.engine.chain import decide
from apps.router.engine.filters import split
from apps.router.engine.rules import NOTHING, Rules, Weights, read_rules
from tests.router.engine.offers import need, offer

PRICED: dict[str, Any] = {"usd": ("1", "2")}
NAMES = st.lists(st.sampled_from(["a/*", "b/*", "a/one", "b/two"]), max_size=3)
HOUSES = st.lists(st.sampled_from(["a", "b", "c"]), max_size=2)
RULES = st.builds(
    Rules,
    models=NAMES.map(tuple),
    barred_models=NAMES.map(tuple),
    providers=HOUSES.map(tuple),
    ignored=HOUSES.map(tuple),
    regions=st.sampled_from([(), ("DE",), ("DE", "FR"), ("US",)]),
    no_training=st.booleans(),
    zero_retention=st.booleans(),
    quality_floor=st.none() | st.floats(0, 1),
    max_cost_nano=st.none() | st.integers(0, 10_000_000),
    max_prompt_price=st.none() | st.floats(0, 5),
    max_prompt_tokens=st.none() | st.integers(1, 5000),
)
POOL = [
    offer(
        f"{house}/{name}",
        usd=(usd, usd),
        regions=regions,
        trains_on_prompts=trains,
        retains_prompts=trains,
        task_scores={"chat": 0.6},
    )
    for house, name, usd, regions, trains in (
        ("a", "one", "1", ("DE",), False),
        ("b", "two", "2", ("US",), None),
        ("c", "three", "4", ("DE", "FR"), True),
    )
]


def allowed(rules: Rules) -> set[str]:
    fit, _ = split(POOL, need(rules=rules, **limits(rules)))
    return {candidate.model for candidate in fit}


def limits(rules: Rules) -> dict[str, Any]:
    """What the planner takes over from the rules into the need itself."""
    return {
        "quality_floor": rules.quality_floor,
        "max_cost_nano": rules.max_cost_nano,
    }


@given(above=RULES, nearer=RULES)
def test_merging_lets_through_what_both_let_through(
    above: Rules, nearer: Rules
) -> None:
    both = above.narrowed_by(nearer)

    assert allowed(both) == allowed(above) & allowed(nearer)


@given(one=RULES, two=RULES, three=RULES)
def test_three_levels_bar_the_same_however_they_are_merged(
    one: Rules, two: Rules, three: Rules
) -> None:
    left = one.narrowed_by(two).narrowed_by(three)
    right = one.narrowed_by(two.narrowed_by(three))

    assert allowed(left) == allowed(right)


def test_preferences_are_the_nearest_ones() -> None:
    above = Rules(weights=Weights(1, 0, 0), strategy="learned", sort="price")
    nearer = Rules(weights=Weights(0, 1, 0), sort="latency")

    merged = above.narrowed_by(nearer)

    assert merged.weights == Weights(0, 1, 0)
    assert merged.sort == "latency"
    assert merged.strategy == "learned"


def test_rules_that_share_no_provider_allow_none() -> None:
    merged = Rules(providers=("a",)).narrowed_by(Rules(providers=("b",)))

    assert merged.providers == (NOTHING,)
    assert allowed(merged) == set()


def test_a_typo_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="zero_retntion"):
        read_rules({"zero_retntion": True})


@given(RULES)
def test_rules_are_stored_and_read_back(rules: Rules) -> None:
    assert read_rules(msgspec.to_builtins(rules)) == rules


@pytest.mark.parametrize(
    ("facts", "rules", "reason"),
    [
        ({}, Rules(models=("b/*",)), "not among the models that the rules allow"),
        ({}, Rules(barred_models=("a/*",)), "barred by the rules of this request"),
        ({}, Rules(ignored=("a",)), "a is barred by the rules"),
        (
            {},
            Rules(providers=("b",)),
            "a is not among the providers that the rules allow",
        ),
        (
            {},
            Rules(order=("b",), allow_fallbacks=False),
            "a is not in `order`, and fallbacks are off",
        ),
        (
            {},
            Rules(no_training=True),
            "not assessed whether it trains on prompts",
        ),
        (
            {"trains_on_prompts": True},
            Rules(no_training=True),
            "trains on prompts",
        ),
        (
            {"retains_prompts": True},
            Rules(zero_retention=True),
            "retains prompts",
        ),
        ({}, Rules(regions=("DE",)), "region not assessed, and the rules name some"),
        (
            {"regions": ("US", "DE")},
            Rules(regions=("DE",)),
            "runs in US, DE, outside the regions allowed",
        ),
        ({}, Rules(quantizations=("fp8",)), "quantization not assessed"),
        (
            {"quantization": "int4"},
            Rules(quantizations=("fp8",)),
            "quantization int4",
        ),
        ({}, Rules(max_prompt_price=0.5), "prompt price $1 / M, above $0.5"),
        ({}, Rules(max_output_price=1.5), "output price $2 / M, above $1.5"),
        (
            {},
            Rules(max_prompt_tokens=1000),
            "about 1,500 prompt tokens, 1,000 allowed",
        ),
    ],
)
def test_a_rule_bars_with_its_reason(
    facts: dict[str, Any], rules: Rules, reason: str
) -> None:
    candidate = offer("a/model", **PRICED | facts)

    for wish in (need(rules=rules), need(rules=rules, model="a/model")):
        fit, excluded = split([candidate], wish)
        assert fit == []
        assert [item.reason for item in excluded] == [reason]


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        (None, "its parameters are not assessed, and all are required"),
        (frozenset({"tools"}), "does not take seed"),
    ],
)
def test_all_parameters_can_be_required(
    known: frozenset[str] | None, reason: str
) -> None:
    candidate = offer("a/model", parameters=known, **PRICED)

    _, excluded = split([candidate], need(parameters=("seed", "tools")))

    assert [item.reason for item in excluded] == [reason]


def test_a_stand_in_keeps_every_promise_about_data() -> None:
    here = offer("local/small", is_stand_in=True, **PRICED)
    strict = Rules(no_training=True, zero_retention=True, regions=("DE",))

    fit, _ = split([here], need(rules=strict, is_test=True))

    assert fit == [here]


def test_named_fallbacks_are_tried_in_their_order() -> None:
    pool = [
        offer("a/one", usd=("9", "9")),
        offer("b/two", usd=("1", "1")),
        offer("c/three", usd=("2", "2")),
        offer("d/four", usd=("3", "3")),
    ]
    rules = Rules(fallbacks=("c/three", "b/two"))

    decision = decide(pool[:3], need(model="a/one", rules=rules))

    models = [step.candidate.model for step in decision.chain]
    assert models == ["a/one", "c/three", "b/two"]


def test_without_fallbacks_the_chain_is_one_offer() -> None:
    pool = [offer("a/one", usd=("1", "1")), offer("b/two", usd=("2", "2"))]

    decision = decide(pool, need(rules=Rules(allow_fallbacks=False)))

    assert [step.candidate.model for step in decision.chain] == ["a/one"]


def test_the_order_of_providers_goes_before_the_score() -> None:
    pool = [
        offer("x/model", provider="cheap", usd=("1", "1")),
        offer("x/model", provider="dear", usd=("5", "5")),
    ]

    decision = decide(pool, need(rules=Rules(order=("dear",))))

    assert [s.candidate.provider for s in decision.ranked] == ["dear", "cheap"]


@pytest.mark.parametrize(
    ("rules", "first"),
    [
        (Rules(sort="price"), "cheap"),
        (Rules(sort="latency"), "quick"),
        (Rules(sort="throughput"), "strong"),
        (Rules(max_latency_ms=200), "quick"),
        (Rules(min_tokens_per_s=90.0), "strong"),
    ],
)
def test_a_wish_for_speed_orders_and_bars_nothing(rules: Rules, first: str) -> None:
    pool = [
        offer("x/m", provider="cheap", usd=("1", "1"), latency_ms=900, tokens_per_s=10),
        offer("x/m", provider="quick", usd=("2", "2"), latency_ms=100, tokens_per_s=50),
        offer(
            "x/m", provider="strong", usd=("3", "3"), latency_ms=500, tokens_per_s=99
        ),
    ]

    decision = decide(pool, need(rules=rules, priority="cheap"))

    assert decision.chain[0].candidate.provider == first
    assert len(decision.ranked) == 3

"""OpenRouter's dialect, as rules of the engine."""

from typing import Any

import pytest

from apps.kit.errors import NotFoundError, ValidationError
from apps.router.engine.rules import NO_RULES, Rules
from apps.router.openrouter import NO_WISHES, Named, named_by, read

KNOWN = {
    "gpt": "openai/gpt",
    "openai/gpt": "openai/gpt",
    "claude": "anthropic/claude",
    "anthropic/claude": "anthropic/claude",
    "llama:8b": "meta/llama",
    "odd:free": "odd/free",
}


def named(model: str, **body: Any) -> Named:
    return named_by(model, read({"model": model, **body}), KNOWN.get)


def test_a_plain_body_says_nothing() -> None:
    assert read({"model": "gpt", "messages": []}) is NO_WISHES
    assert named("gpt") == Named("gpt", NO_RULES)


def test_every_preference_becomes_a_rule() -> None:
    wishes = read(
        {
            "provider": {
                "order": ["openai", "azure"],
                "only": ["openai", "azure", "groq"],
                "ignore": ["deepinfra"],
                "allow_fallbacks": False,
                "require_parameters": True,
                "data_collection": "deny",
                "zdr": True,
                "quantizations": ["FP8", "unknown"],
                "sort": "latency",
                "max_price": {"prompt": 1, "completion": "2.50"},
                "preferred_max_latency": {"p90": 3, "p50": 1.5},
                "preferred_min_throughput": 50,
            }
        }
    )

    assert wishes.rules == Rules(
        order=("openai", "azure"),
        providers=("openai", "azure", "groq"),
        ignored=("deepinfra",),
        allow_fallbacks=False,
        require_parameters=True,
        no_training=True,
        zero_retention=True,
        quantizations=("fp8", ""),
        sort="latency",
        max_prompt_price=1.0,
        max_output_price=2.5,
        max_latency_ms=1500,
        min_tokens_per_s=50.0,
    )


def test_nulls_say_nothing() -> None:
    body = {"provider": {"order": None, "sort": None, "max_price": None, "zdr": None}}

    assert read({**body, "models": None, "plugins": None}).rules == NO_RULES


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"provider": {"max_prize": {"prompt": 1}}}, "provider.max_prize"),
        ({"provider": {"max_price": {"promt": 1}}}, "provider.max_price.promt"),
        ({"provider": {"max_price": {"prompt": -1}}}, "provider.max_price.prompt"),
        ({"provider": {"max_price": {"prompt": "1e3"}}}, "provider.max_price.prompt"),
        ({"provider": {"max_price": {"image": 1}}}, "provider.max_price.image"),
        ({"provider": {"data_collection": "no"}}, "provider.data_collection"),
        ({"provider": {"sort": "exacto"}}, "provider.sort"),
        ({"provider": {"sort": {"by": "price", "of": "x"}}}, "provider.sort.of"),
        ({"provider": {"enforce_distillable_text": True}}, "provider.enforce_"),
        ({"provider": {"order": "openai"}}, "provider.order"),
        ({"provider": "openai"}, "provider"),
        ({"plugins": [{"id": "web"}]}, "plugins"),
        ({"route": "sideways"}, "route"),
        ({"models": ["x"] * 40}, "models"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_known_or_not_offered_is_refused_by_name(
    body: dict[str, Any], param: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        read(body)

    assert (caught.value.param or "").startswith(param)


def test_what_is_off_is_no_wish_for_it() -> None:
    off = {"provider": {"enforce_distillable_text": False}, "plugins": []}

    assert read({**off, "transforms": [], "route": "fallback"}).dropped == ()


def test_transforms_are_left_out_and_named() -> None:
    assert read({"transforms": ["middle-out"]}).dropped == ("dropped:transforms",)


def test_usage_include_asks_for_the_usage() -> None:
    assert read({"usage": {"include": True}}).wants_usage is True
    assert read({"usage": {"include": False}}).wants_usage is False


def test_models_are_gone_down_in_their_order() -> None:
    asked = named("gpt", models=["claude", "gpt"])

    assert asked.model == "gpt"
    assert asked.rules.fallbacks == ("anthropic/claude",)


def test_a_list_alone_begins_with_its_first() -> None:
    asked = named_by("auto", read({"models": ["claude", "gpt"]}), KNOWN.get)

    assert asked == Named("claude", Rules(fallbacks=("openai/gpt",)))


def test_auto_chooses_among_the_list() -> None:
    asked = named("auto", models=["claude", "gpt"])

    assert asked.model == "auto"
    assert asked.rules.models == ("anthropic/claude", "openai/gpt")


def test_without_a_partition_the_list_is_one_pool() -> None:
    provider = {"sort": {"by": "price", "partition": "none"}}

    asked = named("gpt", models=["claude"], provider=provider)

    assert asked.model == "auto"
    assert asked.rules.models == ("openai/gpt", "anthropic/claude")


def test_an_unknown_name_in_the_list_is_refused() -> None:
    with pytest.raises(NotFoundError, match="'nope'"):
        named("gpt", models=["nope"])


@pytest.mark.parametrize(
    ("name", "model", "rules"),
    [
        ("gpt:nitro", "gpt", Rules(sort="throughput")),
        ("gpt:floor", "gpt", Rules(sort="price")),
        ("gpt:free", "gpt", Rules(max_prompt_price=0.0, max_output_price=0.0)),
        ("odd:free", "odd:free", NO_RULES),
        ("llama:8b", "llama:8b", NO_RULES),
        ("auto:cheap", "auto:cheap", NO_RULES),
        ("auto:floor", "auto", Rules(sort="price")),
        ("openrouter/auto", "auto", NO_RULES),
        ("gpt:what", "gpt:what", NO_RULES),
    ],
)
def test_suffixes(name: str, model: str, rules: Rules) -> None:
    assert named(name) == Named(model, rules)


def test_a_suffix_that_is_not_offered_is_refused_by_name() -> None:
    with pytest.raises(ValidationError, match=":online"):
        named("gpt:online")


def test_a_suffix_in_the_list_holds_for_all_of_it() -> None:
    asked = named("gpt:floor", models=["claude"])

    assert asked.rules == Rules(sort="price", fallbacks=("anthropic/claude",))

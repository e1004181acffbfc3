"""What each source says, in our words: prices and traps."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from apps.catalog import building
from apps.catalog.folding import Name
from apps.catalog.seed_format import SeedPrice
from apps.catalog.sources.genai import read_openrouter
from apps.catalog.sources.listing import Listing
from apps.catalog.sources.litellm import read_listings
from apps.catalog.sources.litellm_prices import read_prices
from apps.catalog.sources.modelsdev import read_facts


def entry(**fields: Any) -> dict[str, Any]:
    basis = {"litellm_provider": "openai", "mode": "chat"}
    plain = {"input_cost_per_token": 2.5e-06, "output_cost_per_token": 1e-05}
    return basis | plain | fields


def listings(**entries: dict[str, Any]) -> list[Listing]:
    return list(read_listings(entries, version="1.0"))


def prices(**fields: Any) -> set[SeedPrice]:
    return set(read_prices(entry(**fields), kind=fields.get("mode", "chat")))


def test_prices_per_token_become_prices_per_million() -> None:
    assert prices() == {
        SeedPrice("input", Decimal("2.5")),
        SeedPrice("output", Decimal(10)),
    }


def test_tiers_and_size_steps_become_conditions() -> None:
    found = prices(
        input_cost_per_token_batches=1.25e-06,
        input_cost_per_token_above_272k_tokens_priority=1e-05,
        cache_creation_input_token_cost_above_1hr=4e-06,
    )

    assert SeedPrice("input", Decimal("1.25"), service_tier="batch") in found
    assert SeedPrice("cache_write_1h", Decimal(4)) in found
    assert (
        SeedPrice(
            "input", Decimal(10), service_tier="priority", above_prompt_tokens=272_000
        )
        in found
    )


def test_steps_of_tiered_pricing_start_above_their_range() -> None:
    steps = [
        {"range": [0, 32000.0], "input_cost_per_token": 1e-06},
        {"range": [32000.0, 128000.0], "input_cost_per_token": 2e-06},
    ]

    found = prices(input_cost_per_token=None, tiered_pricing=steps)

    assert SeedPrice("input", Decimal(1)) in found
    assert SeedPrice("input", Decimal(2), above_prompt_tokens=32_000) in found


def test_off_peak_windows_use_our_weekdays() -> None:
    window = {"hours_utc": ["10:00-00:00"], "weekdays": [1, 2, 3, 4, 5]}
    weekend = {"hours_utc": "00:00-00:00", "weekdays": [6, 7]}

    found = prices(
        off_peak_pricing={"input_cost_per_token": 1e-06, "windows": [window, weekend]}
    )

    evening = SeedPrice(
        "input", Decimal(1), utc_from=time(10), utc_until=time(0), utc_weekdays="01234"
    )
    assert evening in found
    assert SeedPrice("input", Decimal(1), utc_weekdays="56") in found


def test_windows_of_another_zone_are_left_out() -> None:
    off_peak = {
        "input_cost_per_token": 1e-06,
        "weekday_timezone": "Asia/Shanghai",
        "windows": [{"hours_utc": "00:00-01:00", "weekdays": [1]}],
    }

    assert prices(off_peak_pricing=off_peak) == prices()


@pytest.mark.parametrize("field", ["input_cost_per_token", "output_cost_per_token"])
def test_a_zero_of_this_source_is_unknown_and_not_free(field: str) -> None:
    assert prices(**{field: 0.0}) == set()


def test_an_embedding_may_have_no_output_price() -> None:
    found = prices(mode="embedding", output_cost_per_token=0.0)

    assert SeedPrice("output", Decimal(0)) in found


def test_a_zero_beside_a_price_per_picture_says_nothing() -> None:
    found = prices(
        mode="image",
        input_cost_per_token=0.0,
        output_cost_per_token=0.0,
        output_cost_per_image=0.04,
    )

    assert found == set()


def test_sonar_pays_for_a_search_in_every_request() -> None:
    sizes = {"search_context_size_low": 0.005, "search_context_size_high": 0.012}

    found = prices(litellm_provider="perplexity", search_context_cost_per_query=sizes)

    assert SeedPrice("request", Decimal("0.005")) in found


@pytest.mark.parametrize(
    "key",
    ["mistral-large-latest", "ft:gpt-4o", "low/1024-x-1024/gpt-image-1", "dobby-1"],
)
def test_what_is_not_one_model_is_left_out(key: str) -> None:
    assert listings(**{key: entry()}) == []


def test_a_region_is_a_place_and_not_another_model() -> None:
    both = listings(
        **{
            "anthropic.claude-opus-5": entry(litellm_provider="bedrock"),
            "eu.anthropic.claude-opus-5": entry(litellm_provider="bedrock"),
        }
    )

    assert {x.region for x in both} == {"", "eu"}
    assert len(building.fold(both)) == 1


@pytest.mark.parametrize(
    ("key", "fields", "kind", "is_chat"),
    [
        ("gpt-6-sol", {}, "chat", True),
        ("gpt-5-pro", {"mode": "responses"}, "chat", False),
        ("gpt-5", {"supported_endpoints": ["/v1/responses"]}, "chat", False),
        ("gpt-oss-safeguard-20b", {}, "other", True),
        ("gpt-4o-audio-preview", {}, "audio", True),
    ],
)
def test_only_plain_chat_is_offered_to_the_router(
    key: str, fields: dict[str, Any], kind: str, is_chat: bool
) -> None:
    (found,) = listings(**{key: entry(**fields)})

    assert (found.kind, found.is_chat) == (kind, is_chat)


def test_unknown_facts_stay_unknown() -> None:
    (found,) = listings(
        **{"gpt-6-sol": entry(max_input_tokens=0, deprecation_date="soon")}
    )

    assert found.context_tokens is None
    assert found.sunset_on is None
    assert found.has_tools is None


def test_the_maker_has_the_last_word_on_its_model() -> None:
    name = Name("anthropic", "claude-opus-5")
    reseller = Listing(name, "vertex", "x", "chat", "s", context_tokens=200_000)
    maker = Listing(name, "anthropic", "y", "chat", "s", context_tokens=1_000_000)

    groups = building.fold([reseller, maker])
    (model,) = building.build_models(groups, {}, on=date(2026, 11, 21))

    assert model.context_tokens == 1_000_000


def test_models_dev_fills_only_what_is_unknown() -> None:
    facts = read_facts(
        {
            "anthropic/claude-opus-5": {
                "name": "Claude Opus 5",
                "release_date": "2026-06-01",
                "tool_call": True,
                "modalities": {"input": ["text", "image"]},
            }
        }
    )
    name = Name("anthropic", "claude-opus-5")
    maker = Listing(name, "anthropic", "y", "chat", "s", has_tools=False)

    groups = building.fold([maker])
    (model,) = building.build_models(groups, facts, on=date(2026, 11, 21))

    assert (model.name, model.has_tools, model.has_vision) == (
        "Claude Opus 5",
        False,
        True,
    )
    assert model.released_on == date(2026, 6, 1)


def test_openrouter_variants_and_free_models_are_left_out() -> None:
    paid = SimpleNamespace(input_mtok=Decimal(1), output_mtok=Decimal(2))
    free = SimpleNamespace(input_mtok=Decimal(0), output_mtok=Decimal(0))
    models = [
        SimpleNamespace(id="z-ai/glm-5", prices=paid, context_window=1000),
        SimpleNamespace(id="z-ai/glm-5:free", prices=paid, context_window=1000),
        SimpleNamespace(id="openrouter/auto", prices=free, context_window=None),
    ]

    at = datetime(2026, 11, 21, tzinfo=UTC)
    found = list(read_openrouter(models, version="1", at=at))

    assert [x.upstream_id for x in found] == ["z-ai/glm-5"]


def test_a_step_of_openrouters_price_is_kept() -> None:
    step = SimpleNamespace(start=200_000, price=Decimal(4))
    stepped = SimpleNamespace(base=Decimal(2), tiers=[step])
    price = SimpleNamespace(input_mtok=stepped, output_mtok=Decimal(9))
    old = SimpleNamespace(prices=None, constraint=None)
    new = SimpleNamespace(prices=price, constraint=None)
    model = SimpleNamespace(id="z-ai/glm-5", prices=[old, new], context_window=None)

    at = datetime(2026, 11, 21, tzinfo=UTC)
    (found,) = read_openrouter([model], version="1", at=at)

    assert SeedPrice("input", Decimal(4), above_prompt_tokens=200_000) in found.prices


def test_a_price_that_does_not_hold_yet_is_left_out() -> None:
    later = SimpleNamespace(active=lambda at: False)
    coming = SimpleNamespace(prices=None, constraint=later)
    model = SimpleNamespace(id="z-ai/glm-5", prices=[coming], context_window=None)

    at = datetime(2026, 11, 21, tzinfo=UTC)

    assert list(read_openrouter([model], version="1", at=at)) == []

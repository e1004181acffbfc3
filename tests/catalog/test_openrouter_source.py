"""OpenRouter's rows in our words: names, variants, prices, conditions, ends."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from apps.catalog.folding import vendor_of
from apps.catalog.seed_format import SeedOffer, SeedPrice
from apps.catalog.sources import openrouter, openrouter_endpoints
from apps.catalog.sources.base import BrokenPayloadError, Payload, Picture
from apps.catalog.sources.cleaning import clean
from apps.catalog.sources.openrouter_prices import read_prices
from apps.kit.money import PriceRow, cost
from apps.providers.wire import Usage
from tests.catalog.openrouter import ON, Row, endpoint, flash, row, several

NOON = datetime(2026, 7, 28, 12, tzinfo=UTC)


def read(*rows: Row, **envelope: Any) -> Picture:
    return openrouter.read([Payload("models", "", {"data": [*rows], **envelope})], ON)


def only(*rows: Row) -> SeedOffer:
    (offer,) = read(*rows).offers
    return offer


def usd(prices: tuple[SeedPrice, ...]) -> dict[tuple[str, int], Decimal]:
    return {(p.component, p.above_prompt_tokens): p.usd for p in prices}


def test_a_price_per_token_becomes_one_per_million() -> None:
    offer = only(row("openai/gpt-4o", "0.0000025", "0.00001"))

    assert usd(offer.prices) == {("input", 0): Decimal("2.5"), ("output", 0): 10}
    assert offer.is_headline


def test_minus_one_is_a_variable_price_and_no_price() -> None:
    picture = read(row("openrouter/auto", "-1", "-1"))

    assert picture.offers[0].is_price_variable
    assert picture.offers[0].prices == ()
    # Listed, but never among what a router may choose.
    assert picture.models[0].kind == "other"


def test_zero_is_a_price() -> None:
    offer = only(row("openai/gpt-oss-20b:free", "0", "0"))

    assert usd(offer.prices) == {("input", 0): 0, ("output", 0): 0}


def test_variants_fold_into_their_model() -> None:
    picture = read(*several())

    of_opus = [o for o in picture.offers if o.model == "anthropic/claude-opus-5"]
    assert {(o.variant, o.service_tier) for o in of_opus} == {
        ("", "standard"),
        ("batch", "batch"),
    }
    assert {p.service_tier for o in of_opus if o.variant for p in o.prices} == {"batch"}
    thinking = next(o for o in picture.offers if o.variant == "thinking")
    assert thinking.model == "qwen/qwen-plus-2025-07-28"
    assert len(picture.models) == 8
    matches = {alias.external_id: alias.match for alias in picture.aliases}
    assert matches["openai/gpt-oss-20b:free"] == "variant"


def test_a_variant_speaks_for_a_model_only_without_a_row_of_its_own() -> None:
    free = row("openai/gpt-oss-20b:free", "0", "0", context_length=8_000)
    own = row("openai/gpt-oss-20b", "0.00000003", "0.00000014")

    assert read(free, own).models[0].context_tokens == 262_144
    assert read(free).models[0].context_tokens == 8_000


def test_a_pointer_to_the_latest_is_a_name_of_its_target() -> None:
    picture = read(
        row(
            "~x-ai/grok-latest",
            "0.000002",
            "0.000006",
            alias_target={"slug": "x-ai/grok-4.5", "name": "Grok 4.5"},
        ),
        row("x-ai/grok-4.5", "0.000002", "0.000006"),
    )

    assert [model.slug for model in picture.models] == ["x-ai/grok-4.5"]
    assert [offer.upstream_id for offer in picture.offers] == ["x-ai/grok-4.5"]
    pointer = next(a for a in picture.aliases if a.match == "pointer")
    assert (pointer.external_id, pointer.model) == (
        "~x-ai/grok-latest",
        "x-ai/grok-4.5",
    )


@pytest.mark.parametrize("model_id", ["~x-ai/grok-latest", "openai/gpt-chat-latest"])
def test_a_pointer_without_a_target_is_left_out_and_named(model_id: str) -> None:
    picture = read(row(model_id, "0.1", "0.1"), flash())

    assert [model.slug for model in picture.models] == ["qwen/qwen3.7-flash"]
    assert any(model_id in note for note in picture.notes)


def test_both_authors_of_one_vendor() -> None:
    muse, scout = read(
        row("meta/muse-spark-1.1", "0.000001", "0.000004"),
        row("meta-llama/llama-4-scout", "0.0000001", "0.0000003"),
    ).models

    assert (muse.author, scout.author) == ("meta", "meta-llama")
    assert vendor_of(muse.author) == vendor_of(scout.author) == "meta"
    # The family decides, whichever of the two a source writes.
    (other,) = read(row("meta/llama-4-scout", "0.0000001", "0.0000003")).models
    assert other.slug == scout.slug


@pytest.mark.parametrize(
    ("stated", "last_day"),
    [
        ("2098-12-31", None),
        (None, None),
        ("2026-08-10", date(2026, 8, 10)),
        ("x", None),
    ],
)
def test_the_sentinel_is_no_last_day(stated: str | None, last_day: date | None) -> None:
    offer = only(row("z-ai/glm-5-turbo", "0.1", "0.1", expiration_date=stated))

    assert offer.sunset_on == last_day


@pytest.mark.parametrize(
    ("slug", "released"),
    [
        ("qwen/qwen3.7-flash-20260727", date(2026, 7, 27)),
        ("openai/gpt-5-2025-08-07", None),  # listed a year later: another date
        ("nvidia/nemotron-3-super-120b-a12b-20230311", None),
        ("openai/gpt-oss-20b", None),
    ],
)
def test_the_release_is_the_slugs_date_where_it_can_be(
    slug: str, released: date | None
) -> None:
    (model,) = read(row(slug, "0.1", "0.1", canonical_slug=slug)).models

    assert model.released_on == released


def test_a_size_step_holds_strictly_above_its_threshold() -> None:
    rows = list(map(_row, only(flash()).prices))

    assert cost(Usage(fresh=32_000), rows, NOON) == Decimal("0.00096")
    assert cost(Usage(fresh=32_001), rows, NOON) == Decimal("0.0032001")
    assert cost(Usage(fresh=256_001), rows, NOON) == Decimal("0.0512002")


def test_hours_and_days_become_windows() -> None:
    prices = read_prices(
        {
            "prompt": "0.00000028",
            "completion": "0.00000042",
            "overrides": [
                {"utc_start": 100, "utc_end": 400, "prompt": "0.00000056"},
                {"utc_start": 1630, "utc_end": 30, "prompt": "0.00000014"},
                {"utc_days": [6, 0], "completion": "0.00000021"},
                {"utc_days": ["sat", "sun"], "utc_start": 600, "prompt": "0.0000001"},
            ],
        }
    )

    windows = {
        (p.component, p.utc_from, p.utc_until, p.utc_weekdays): p.usd
        for p in prices.listed
        if p.utc_from or p.utc_weekdays
    }
    assert windows == {
        ("input", time(1), time(4), ""): Decimal("0.56"),
        ("input", time(16, 30), time(0, 30), ""): Decimal("0.14"),
        ("output", None, None, "56"): Decimal("0.21"),
        ("input", time(6), None, "56"): Decimal("0.1"),
    }


def test_later_overrides_win_where_size_and_hours_meet() -> None:
    prices = read_prices(
        {
            "prompt": "0.000001",
            "completion": "0.000002",
            "overrides": [
                {"utc_start": 100, "utc_end": 400, "prompt": "0.0000005"},
                {"min_prompt_tokens": 200_000, "prompt": "0.000004"},
            ],
        }
    ).listed
    other_way = read_prices(
        {
            "prompt": "0.000001",
            "completion": "0.000002",
            "overrides": [
                {"min_prompt_tokens": 200_000, "prompt": "0.000004"},
                {"utc_start": 100, "utc_end": 400, "prompt": "0.0000005"},
            ],
        }
    ).listed
    at = NOON.replace(hour=2)
    large = Usage(fresh=300_000)

    assert cost(large, [_row(p) for p in prices], at) == Decimal("1.2")
    assert cost(large, [_row(p) for p in other_way], at) == Decimal("0.15")
    assert cost(large, [_row(p) for p in other_way], NOON) == Decimal("1.2")


def _row(price: SeedPrice) -> PriceRow:
    return PriceRow(
        price.component,
        price.usd,
        above_prompt_tokens=price.above_prompt_tokens,
        utc_from=price.utc_from,
        utc_until=price.utc_until,
        utc_weekdays=price.utc_weekdays,
    )


def test_a_condition_that_nobody_knows_never_becomes_always() -> None:
    override = {"moon_phase": "full", "prompt": "0"}

    prices = read_prices(
        {"prompt": "0.000001", "completion": "0.000002", "overrides": [override]}
    )

    assert {p.usd for p in prices.listed} == {1, 2}
    assert "moon_phase" in prices.notes[0]


def test_a_discount_is_kept_apart_from_the_list() -> None:
    prices = read_prices(
        {"prompt": "0.00000024", "completion": "0.00000096", "discount": 0.6}
    )

    assert [p.usd for p in prices.listed] == [Decimal("0.6"), Decimal("2.4")]
    assert [p.usd for p in prices.discounted] == [Decimal("0.24"), Decimal("0.96")]


def test_a_price_per_picture_is_not_one_per_token() -> None:
    per_token = read_prices(
        {"prompt": "0.0000015", "completion": "0.0000075", "image": "0.0000015"}
    )
    per_picture = read_prices(
        {"prompt": "0.0000025", "completion": "0.00001", "image": "0.003613"}
    )

    assert usd(per_token.listed)["image", 0] == Decimal("1.5")
    assert usd(per_picture.listed)["picture", 0] == Decimal("0.003613")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"data": []},
        {"data": {}},
        {"data": ["x"]},
        {"data": [{"id": "a/b"}]},
        {"data": [row("a/b", "cheap", "0")]},
        {"data": [row("a/b", "NaN", "0")]},
        {"data": [row("a/b", "0.1", "0.1")], "total_count": 342},
        [],
        "text",
        None,
    ],
)
def test_a_broken_list_is_no_picture(body: Any) -> None:
    with pytest.raises((BrokenPayloadError, ValueError, ArithmeticError)):
        openrouter.read([Payload("models", "", body)], ON)


def test_what_no_column_can_hold_is_left_out() -> None:
    picture = clean(
        read(
            row("a/huge", "0.1", "0.1", context_length=10**18),
            row("a/text", "0.1", "0.1", context_length="much"),
            row(f"a/{'x' * 300}", "0.1", "0.1"),
        )
    )

    assert [model.slug for model in picture.models] == ["a/huge", "a/text"]
    assert [model.context_tokens for model in picture.models] == [None, None]
    assert len(picture.notes) >= 3


def test_each_endpoint_is_an_offer_with_who_serves_it() -> None:
    body = {
        "z-ai/glm-5.2": {
            "data": {
                "endpoints": [
                    endpoint("deepinfra/fp4", "0.0000002", "0.0000007",
                             quantization="fp4"),
                    endpoint("google-vertex/us-south1", "0.0000003", "0.0000012"),
                    endpoint("google-vertex/us-south1", "0.00000025", "0.000001"),
                ]
            }
        }
    }  # fmt: skip

    picture = openrouter_endpoints.read([Payload("endpoints", "", body)], ON)

    offers = {offer.endpoint_tag: offer for offer in picture.offers}
    assert list(offers) == [
        "deepinfra/fp4",
        "google-vertex/us-south1",
        "google-vertex/us-south1#2",
    ]
    assert offers["deepinfra/fp4"].quantization == "fp4"
    assert offers["deepinfra/fp4"].region == ""
    assert offers["google-vertex/us-south1"].region == "us-south1"
    assert offers["google-vertex/us-south1"].served_by == "vertex"
    assert not offers["deepinfra/fp4"].is_headline
    health = offers["deepinfra/fp4"].health
    assert health
    assert (health.uptime_30m, health.uptime_5m) == (0.995, None)
    assert health.latency_ms
    assert health.latency_ms["p50"] == 804.5

"""Our seed and our arithmetic against `genai-prices`, which was written by others.

It reads the snapshot inside the package; no network. What it does differently:

- it knows no service tiers (batch, flex, priority) and no weekdays, so standard prices
  are compared on a Wednesday;
- it has one kind of cache write, so 1-hour writes are left out;
- it adds Perplexity's request fee for the large search context, we for the small one;
- for the offers of `STATED_DIFFERENTLY` the two sources state different prices.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import pytest
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import Usage as OracleUsage

from apps.catalog.seed_format import Seed, SeedOffer
from apps.kit.money import PriceRow, compile_price, cost, from_nano
from apps.providers.wire import Usage

WEDNESDAY: Final = datetime(2026, 11, 18, 8, tzinfo=UTC)
PROVIDERS: Final = {
    "anthropic": "anthropic",
    "baseten": "baseten",
    "cerebras": "cerebras",
    "cohere": "cohere",
    "deepseek": "deepseek",
    "google": "google",
    "groq": "groq",
    "meta": "meta",
    "minimax": "minimax",
    "mistral": "mistral",
    "moonshotai": "moonshot",
    "novita": "novita",
    "openai": "openai",
    "openrouter": "openrouter",
    "together": "together",
    "x-ai": "xai",
    "zai": "zai",
}
STATED_DIFFERENTLY: Final = {
    "anthropic claude-sonnet-4-5": "its price above 200,000 tokens was dropped",
    "deepseek deepseek-chat": "an alias of another model now",
    "deepseek deepseek-reasoner": "an alias of another model now",
    "deepseek deepseek-v3.2": "no longer on DeepSeek's list",
    "mistral mistral-large-4": "1.36 / 4.18 in litellm, 0.70 / 2.10 there",
    "mistral mistral-tiny": "no longer on Mistral's list",
    "novita deepseek/deepseek-v4-pro-0813": "other cache price",
    "novita mindai/macaron-v1-tall": "discounted there",
    "novita mindai/macaron-v1-venti": "discounted there",
    "novita mistralai/mistral-nemo": "other price",
    "openai gpt-5.6-cyber": "no size step there",
    "together NousResearch/Nous-Hermes-2-Mixtral-8x7B-DPO": "other price",
    "together Qwen/Qwen3.7-Max": "other price",
    "together Qwen/Qwen3.8-2.4T-A95B": "other cache price",
    "together meta-llama/Llama-3.3-70B-Instruct-Turbo": "other price",
    "together mistralai/Mixtral-8x7B-Instruct-v0.1": "other price",
    "xai grok-code-fast-1": "other price",
}


@pytest.fixture(scope="module")
def pairs() -> list[tuple[SeedOffer, Any, Any]]:
    """Our offer, with the oracle's provider and model of the same ids."""
    seed = Seed.read()
    chats = {model.slug for model in seed.models if model.kind == "chat"}
    ours = {
        (offer.provider, offer.upstream_id): offer
        for offer in seed.offers
        if offer.prices and not offer.region and offer.model in chats
    }
    return [
        (ours[PROVIDERS[provider.id], model.id], provider, model)
        for provider in get_snapshot().providers
        if provider.id in PROVIDERS
        for model in provider.models
        if (PROVIDERS[provider.id], model.id) in ours
    ]


def usages() -> Iterator[Usage]:
    """Small and large prompts around the size steps, cached and not."""
    dice = random.Random(11)
    for _ in range(25):
        size = dice.choice([100, 30_000, 199_000, 201_000, 272_000, 400_000])
        cached = dice.choice([0, 0, dice.randint(0, size)])
        written = dice.choice([0, 0, dice.randint(0, size - cached)])
        yield Usage(
            fresh=size - cached - written,
            cache_read=cached,
            cache_write_5m=written,
            output=dice.randint(0, 50_000),
        )


def rows(offer: SeedOffer) -> list[PriceRow]:
    return [
        PriceRow(
            component=price.component,
            usd=price.usd,
            service_tier=price.service_tier,
            above_prompt_tokens=price.above_prompt_tokens,
            utc_from=price.utc_from,
            utc_until=price.utc_until,
            utc_weekdays=price.utc_weekdays,
        )
        for price in offer.prices
    ]


def oracle_cost(provider: Any, model: Any, usage: Usage) -> Decimal:
    theirs = OracleUsage(
        input_tokens=usage.prompt,
        output_tokens=usage.output,
        cache_read_tokens=usage.cache_read,
        cache_write_tokens=usage.cache_write_5m,
    )
    price = model.calc_price(theirs, provider, genai_request_timestamp=WEDNESDAY)
    return Decimal(price.total_price)


def test_every_shared_offer_costs_the_same(
    pairs: list[tuple[SeedOffer, Any, Any]],
) -> None:
    differing = set()
    for offer, provider, model in pairs:
        table = rows(offer)
        for usage in usages():
            ours = cost(usage, table, WEDNESDAY)
            # Prices of more than nine places are rounded when they enter.
            theirs = oracle_cost(provider, model, usage)
            if ours is None or abs(ours - theirs) > Decimal("1e-9"):
                differing.add(f"{offer.provider} {offer.upstream_id}")

    assert len(pairs) > 450
    assert differing == set(STATED_DIFFERENTLY)


def test_the_compiled_prices_cost_the_same(
    pairs: list[tuple[SeedOffer, Any, Any]],
) -> None:
    for offer, _, _ in pairs:
        table = rows(offer)
        compiled = compile_price(table, WEDNESDAY)
        assert compiled is not None
        for usage in usages():
            nano = compiled.cost_of(usage)
            ours = cost(usage, table, WEDNESDAY)
            assert nano is not None
            assert ours is not None
            assert abs(from_nano(nano) - ours) <= Decimal("0.5e-9")

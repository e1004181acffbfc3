"""Our arithmetic against that of `genai-prices`, on its own prices.

Its price tables are turned into our rows, so only the engines can differ. What it knows
and we do not charge, or the other way round, is left out by name in `NOT_OURS` and
`GAPS`; everything else must agree to the nano-dollar.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import (
    ConditionalPrice,
    StartDateConstraint,
    TieredPrices,
    TimeOfDateConstraint,
)
from genai_prices.types import Usage as OracleUsage

from apps.kit.money import PriceRow, compile_price, cost, from_nano
from apps.providers.wire import Usage

COMPONENTS: Final = {
    "input_mtok": "input",
    "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write_5m",
    "cache_write_1h_mtok": "cache_write_1h",
    "output_mtok": "output",
    "output_reasoning_mtok": "reasoning",
    "input_audio_mtok": "audio_input",
    "cache_audio_read_mtok": "audio_cache_read",
    "output_audio_mtok": "audio_output",
    "input_image_mtok": "image",
    "output_image_mtok": "image_output",
    "web_searches_kcount": "search",
    "requests_kcount": "request",
}
# Units that no chat is charged by here; their prices are no part of ours.
NOT_OURS: Final = {
    "audio_hours",
    "cache_image_read_mtok",
    "input_annotated_document_kpages",
    "input_audio_hours",
    "input_document_kpages",
    "input_mchars",
    "input_text_messages_kcount",
    "input_video_mtok",
    "output_citation_mtok",
    "output_video_mtok",
    "storage_searches_kcount",
}
# How the engines differ where both know a price; each is left out of the dice below.
GAPS: Final = {
    "no tiers of service": "it has no batch, flex or priority price, so ours are none",
    "no weekdays": "it has hours of the day alone",
    "no unknown": "it charges nothing where no price is known, and we say unknown",
}
FIRST_DAY: Final = datetime(2025, 1, 1, tzinfo=UTC)
DAYS: Final = 700
LEAST_PAIRS: Final = 10_000


def tables() -> Iterator[tuple[str, Any, Any, list[PriceRow]]]:
    """Every model of the oracle that is charged by what we charge by."""
    for provider in get_snapshot().providers:
        for model in provider.models:
            prices = model.prices
            versions = prices if isinstance(prices, list) else [_always(prices)]
            rows = list(_rows(versions))
            names = {row.component for row in rows}
            if {"input", "output"} <= names:
                yield f"{provider.id} {model.id}", provider, model, rows


def _always(prices: Any) -> ConditionalPrice:
    return ConditionalPrice(constraint=None, prices=prices)


def _rows(versions: list[ConditionalPrice]) -> Iterator[PriceRow]:
    """The last one that holds is charged: dates follow each other, hours lie on top."""
    dated = [v for v in versions if not isinstance(v.constraint, TimeOfDateConstraint)]
    for number, version in enumerate(dated):
        following = dated[number + 1] if number + 1 < len(dated) else None
        yield from _priced(version.prices, _start(version), _start(following))
    for version in versions:
        if isinstance(version.constraint, TimeOfDateConstraint):
            hours = (version.constraint.start_time, version.constraint.end_time)
            yield from _priced(version.prices, None, None, hours)


def _start(version: ConditionalPrice | None) -> datetime | None:
    constraint = version.constraint if version else None
    if not isinstance(constraint, StartDateConstraint):
        return None
    return datetime.combine(constraint.start_date, time.min, tzinfo=UTC)


def _priced(
    prices: Any,
    since: datetime | None,
    until: datetime | None,
    hours: tuple[time | None, time | None] = (None, None),
) -> Iterator[PriceRow]:
    for key, value in vars(prices).items():
        if value is None or key in NOT_OURS:
            continue
        factor = Decimal(1000 if key.endswith("_kcount") else 1)
        steps = [(0, value)]
        if isinstance(value, TieredPrices):
            steps = [(0, value.base), *((t.start, t.price) for t in value.tiers)]
        for above, usd in steps:
            yield PriceRow(
                COMPONENTS[key],
                usd / factor,
                above_prompt_tokens=above,
                utc_from=_plain(hours[0]),
                utc_until=_plain(hours[1]),
                valid_from=since,
                valid_until=until,
            )


def _plain(hour: time | None) -> time | None:
    return hour.replace(tzinfo=None) if hour else None


def roll(dice: random.Random, rows: list[PriceRow], at: datetime) -> Usage:
    """A call that uses only what has a price then: see "no unknown" in `GAPS`."""
    names = {row.component for row in rows if row.applies(at, 0)}
    size = dice.choice([0, 90, 31_000, 128_000, 199_999, 200_001, 272_001, 900_000])

    def part(name: str) -> int:
        is_used = name in names and dice.random() < 0.4
        return dice.randint(0, size // 4) if is_used else 0

    audio = part("audio_input")
    has_hour = "cache_write_1h" in names and "cache_write_5m" in names
    output = dice.randint(0, 60_000)
    return Usage(
        fresh=size,
        cache_read=part("cache_read"),
        cache_write_5m=part("cache_write_5m"),
        cache_write_1h=part("cache_write_1h") if has_hour else 0,
        audio_input=audio,
        audio_cache_read=part("audio_cache_read") if audio else 0,
        image=part("image"),
        output=output,
        reasoning=dice.randint(0, output // 4) if "reasoning" in names else 0,
        audio_output=dice.randint(0, output // 4) if "audio_output" in names else 0,
        image_output=dice.randint(0, output // 4) if "image_output" in names else 0,
        searches=dice.choice([0, 0, 3]) if "search" in names else 0,
    )


def charged(provider: Any, model: Any, usage: Usage, at: datetime) -> Decimal:
    """What the oracle charges; its buckets contain each other, ours are disjoint."""
    counts = {
        "input_tokens": usage.prompt,
        "cache_read_tokens": usage.cache_read + usage.audio_cache_read,
        "cache_write_tokens": usage.cache_write_5m + usage.cache_write_1h,
        "cache_write_1h_tokens": usage.cache_write_1h,
        "input_audio_tokens": usage.audio_input + usage.audio_cache_read,
        "cache_audio_read_tokens": usage.audio_cache_read,
        "input_image_tokens": usage.image,
        "cache_image_read_tokens": 0,
        "output_tokens": usage.output,
        "output_reasoning_tokens": usage.reasoning,
        "output_audio_tokens": usage.audio_output,
        "output_image_tokens": usage.image_output,
        "web_searches": usage.searches,
    }
    theirs = OracleUsage(**counts)
    price = model.calc_price(theirs, provider, genai_request_timestamp=at)
    return Decimal(price.total_price)


@pytest.fixture(scope="module")
def rolls() -> list[tuple[str, Any, Any, list[PriceRow], Usage, datetime]]:
    dice = random.Random(17)
    found = []
    for name, provider, model, rows in tables():
        for _ in range(6):
            at = FIRST_DAY + timedelta(seconds=dice.randrange(DAYS * 24 * 3600))
            found.append((name, provider, model, rows, roll(dice, rows, at), at))
    return found


def test_every_call_costs_what_the_oracle_charges(
    rolls: list[tuple[str, Any, Any, list[PriceRow], Usage, datetime]],
) -> None:
    differing = {}
    for name, provider, model, rows, usage, at in rolls:
        ours, theirs = cost(usage, rows, at), charged(provider, model, usage, at)
        if ours is None or abs(ours - theirs) > Decimal("1e-9"):
            differing[name] = (usage, at, ours, theirs)

    assert len(rolls) >= LEAST_PAIRS
    assert differing == {}


def test_the_compiled_price_costs_the_same(
    rolls: list[tuple[str, Any, Any, list[PriceRow], Usage, datetime]],
) -> None:
    for _, _, _, rows, usage, at in rolls[::5]:
        compiled = compile_price(rows, at)
        exact = cost(usage, rows, at)
        nano = compiled.cost_of(usage) if compiled else None

        assert exact is not None
        assert nano is not None
        assert abs(from_nano(nano) - exact) <= Decimal("0.5e-9")

"""The engine against a second one, written from the rules alone, in fractions.

It asks each row in turn and keeps the best by the words of the rules: the largest step
that the prompt is strictly above, in it a window before the plain price, of two the
younger. No code is shared with `kit.money`.
"""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from apps.kit.money import PriceRow, cost
from apps.providers.wire import Usage

START = datetime(2026, 1, 1, tzinfo=UTC)
TIERS = ("standard", "batch", "flex", "priority")
TOKENS = {
    "input": "fresh",
    "cache_read": "cache_read",
    "cache_write_5m": "cache_write_5m",
    "cache_write_1h": "cache_write_1h",
    "audio_input": "audio_input",
    "audio_cache_read": "audio_cache_read",
    "image": "image",
    "reasoning": "reasoning",
    "audio_output": "audio_output",
    "image_output": "image_output",
}
UNITS = {"search": "searches", "picture": "pictures"}
# What is charged like another where it has no price of its own.
LIKE = {
    "cache_read": "input",
    "cache_write_5m": "input",
    "cache_write_1h": "cache_write_5m",
    "reasoning": "output",
    "audio_input": "input",
    "audio_cache_read": "cache_read",
    "image": "input",
    "audio_output": "output",
    "image_output": "output",
}
counts = st.integers(0, 400_000)
moments = st.integers(0, 400 * 24 * 60).map(lambda n: START + timedelta(minutes=n))
hours = st.integers(0, 47).map(lambda half: time(half // 2, half % 2 * 30))


@st.composite
def rows(draw: st.DrawFn) -> PriceRow:
    has_hours = draw(st.booleans())
    return PriceRow(
        draw(st.sampled_from([*TOKENS, "output", "request", *UNITS])),
        draw(st.decimals(0, 900, places=4)),
        service_tier=draw(st.sampled_from(["standard", "standard", *TIERS])),
        above_prompt_tokens=draw(st.sampled_from([0, 0, 32_000, 200_000])),
        utc_from=draw(hours) if has_hours else None,
        utc_until=draw(hours) if has_hours else None,
        utc_weekdays=draw(st.sampled_from(["", "", "01234", "56", "3"])),
        is_discount=draw(st.sampled_from([False, False, True])),
        valid_from=draw(st.none() | moments),
        valid_until=draw(st.none() | moments),
    )


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    parts: dict[str, Any] = {
        name: draw(st.integers(0, 5000)) for name in TOKENS.values()
    }
    made = sum(parts[n] for n in ("reasoning", "audio_output", "image_output"))
    units: dict[str, Any] = {n: draw(st.integers(0, 4)) for n in UNITS.values()}
    parts["fresh"] = draw(counts)
    return Usage(**parts, **units, output=made + draw(counts))


def holds(row: PriceRow, at: datetime, prompt: int) -> bool:
    if row.above_prompt_tokens > 0 and not prompt > row.above_prompt_tokens:
        return False
    if row.valid_from is not None and not at >= row.valid_from:
        return False
    if row.valid_until is not None and not at < row.valid_until:
        return False
    days = {int(day) for day in row.utc_weekdays} or set(range(7))
    if row.utc_from is None or row.utc_until is None:
        return at.weekday() in days
    # Every window that could hold this minute began today or yesterday.
    for back in (0, 1):
        day = (at - timedelta(days=back)).date()
        begins = datetime.combine(day, row.utc_from, tzinfo=UTC)
        ends = datetime.combine(day, row.utc_until, tzinfo=UTC)
        if ends <= begins:
            ends += timedelta(days=1)
        if begins <= at < ends and begins.weekday() in days:
            return True
    return False


def price(
    table: list[PriceRow], name: str, at: datetime, prompt: int, tier: str
) -> Fraction | None:
    best: tuple[int, bool, float] | None = None
    found: Fraction | None = None
    for row in table:
        if row.component != name or row.service_tier != tier or row.is_discount:
            continue
        if not holds(row, at, prompt):
            continue
        is_window = row.utc_from is not None or row.utc_weekdays != ""
        since = row.valid_from.timestamp() if row.valid_from else 0.0
        place = (row.above_prompt_tokens, is_window, since)
        if best is None or place > best:
            best, found = place, Fraction(row.usd)
    if found is None and name in LIKE:
        return price(table, LIKE[name], at, prompt, tier)
    return found


def reference(
    table: list[PriceRow], usage: Usage, at: datetime, tier: str
) -> Fraction | None:
    amounts = {name: getattr(usage, field) for name, field in TOKENS.items()}
    made = usage.reasoning + usage.audio_output + usage.image_output
    amounts["output"] = usage.output - made
    prompt = usage.prompt
    total = price(table, "request", at, prompt, tier) or Fraction(0)
    for name, amount in amounts.items():
        usd = price(table, name, at, prompt, tier)
        if amount and usd is None:
            return None
        total += (usd or 0) * Fraction(amount, 1_000_000)
    for name, field in UNITS.items():
        usd, amount = price(table, name, at, prompt, tier), getattr(usage, field)
        if amount and usd is None:
            return None
        total += (usd or 0) * amount
    return total


@given(st.lists(rows(), max_size=14), usages(), moments, st.sampled_from(TIERS))
def test_both_engines_charge_the_same(
    table: list[PriceRow], usage: Usage, at: datetime, tier: str
) -> None:
    expected = reference(table, usage, at, tier)

    charged = cost(usage, table, at, service_tier=tier)

    assert (None if charged is None else Fraction(charged)) == expected


@given(usages())
def test_the_prompt_is_the_sum_of_disjoint_buckets(usage: Usage) -> None:
    buckets = ("fresh", "cache_read", "cache_write_5m", "cache_write_1h")
    sounds = ("audio_input", "audio_cache_read", "image")

    total = sum(getattr(usage, name) for name in (*buckets, *sounds))

    assert usage.prompt == total


def test_a_price_is_what_it_was_at_its_instant() -> None:
    june, july = datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)
    table = [
        PriceRow("input", Decimal(2), valid_until=july),
        PriceRow("input", Decimal(3), valid_from=july),
    ]
    usage = Usage(fresh=1_000_000)

    assert cost(usage, table, june) == 2
    assert cost(usage, table, july - timedelta(microseconds=1)) == 2
    assert cost(usage, table, july) == 3


def test_sound_pictures_and_searches_have_prices_of_their_own() -> None:
    table = [
        PriceRow("input", Decimal(1)),
        PriceRow("output", Decimal(2)),
        PriceRow("audio_input", Decimal(10)),
        PriceRow("audio_output", Decimal(20)),
        PriceRow("image_output", Decimal(30)),
        PriceRow("search", Decimal("0.01")),
        PriceRow("picture", Decimal("0.04")),
    ]
    usage = Usage(
        fresh=1_000_000,
        audio_input=1_000_000,
        image=1_000_000,
        output=3_000_000,
        audio_output=1_000_000,
        image_output=1_000_000,
        searches=2,
        pictures=3,
    )

    assert cost(usage, table, START) == Decimal("64.14")


def test_a_search_without_a_price_leaves_the_cost_unknown() -> None:
    assert cost(Usage(searches=1), [PriceRow("input", Decimal(1))], START) is None

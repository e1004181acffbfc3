"""What holds for any prices and any usage."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from apps.kit.money import PriceRow, compile_price, cost, from_nano, saving
from apps.providers.wire import Usage

counts = st.integers(0, 3_000_000)
prices = st.decimals(0, 2000, places=9)
hours = st.times().map(lambda moment: moment.replace(microsecond=0))
moments = st.integers(0, 366 * 24 * 3600).map(
    lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    output = draw(counts)
    return Usage(
        fresh=draw(counts),
        cache_read=draw(counts),
        cache_write_5m=draw(counts),
        cache_write_1h=draw(counts),
        output=output,
        reasoning=draw(st.integers(0, output)),
    )


components = st.sampled_from(
    ["input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning"]
)
rows = st.builds(
    PriceRow,
    components,
    prices,
    above_prompt_tokens=st.sampled_from([0, 0, 32_000, 200_000, 2_000_000]),
    utc_from=st.none() | hours,
    utc_until=hours,
    utc_weekdays=st.sampled_from(["", "", "01234", "56"]),
    valid_from=st.none() | moments,
    valid_until=st.none() | moments,
)


@given(st.lists(rows, max_size=12), usages(), moments)
def test_the_compiled_price_agrees_to_a_nano_dollar(
    table: list[PriceRow], usage: Usage, at: datetime
) -> None:
    exact = cost(usage, table, at)
    compiled = compile_price(table, at)
    nano = compiled.cost_of(usage) if compiled else None

    if exact is None or compiled is None:
        assert nano is None
    else:
        assert nano is not None
        assert abs(from_nano(nano) - exact) <= Decimal("0.5e-9")


@given(st.lists(rows, max_size=6), usages(), moments, st.floats(0, 1))
def test_a_compiled_price_holds_until_its_end(
    table: list[PriceRow], usage: Usage, at: datetime, part: float
) -> None:
    compiled = compile_price(table, at)
    end = (compiled and compiled.valid_until) or at + timedelta(days=30)
    later = at + (end - at) * part
    if compiled is None or later >= end:
        return

    again = compile_price(table, later)

    assert again is not None
    assert compiled.cost_of(usage) == again.cost_of(usage)


@given(st.lists(prices, min_size=6, max_size=6), usages(), usages(), moments)
def test_buckets_are_disjoint_so_costs_add_up(
    usd: list[Decimal], one: Usage, other: Usage, at: datetime
) -> None:
    names = ("input", "cache_read", "cache_write_5m", "cache_write_1h")
    table = [PriceRow(*pair) for pair in zip((*names, "output", "reasoning"), usd)]  # noqa: B905  # six and six
    both = Usage(
        *(getattr(one, name) + getattr(other, name) for name in Usage.__slots__[:6])
    )

    assert both.prompt == one.prompt + other.prompt
    assert cost(both, table, at) == sum(cost(u, table, at) or 0 for u in (one, other))


@given(st.decimals(0, 10**6, places=9), st.decimals(0, 10**6, places=9))
def test_baseline_is_cost_plus_saving(baseline: Decimal, actual: Decimal) -> None:
    saved = saving(baseline, actual)

    assert saved is not None
    assert actual + saved.usd == baseline


def test_a_window_without_an_end_lasts_to_midnight() -> None:
    evening = PriceRow("input", Decimal(1), utc_from=time(20))
    at = datetime(2026, 11, 18, 23, 59, tzinfo=UTC)

    assert evening.applies(at, 0)
    assert not evening.applies(at + timedelta(minutes=1), 0)

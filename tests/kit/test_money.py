"""Prices and costs: the golden vectors of the product, and the rules of choice."""

from datetime import UTC, datetime, time
from decimal import Decimal

import pytest

from apps.kit.money import (
    PriceRow,
    compile_price,
    cost,
    format_price,
    format_usd,
    from_nano,
    from_per_million,
    from_per_thousand,
    from_per_token,
    monthly,
    price_card,
    saving,
    to_nano,
)
from apps.providers.wire import Usage

NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)  # a Wednesday
PREMIUM = (PriceRow("input", Decimal("2.50")), PriceRow("output", Decimal("10.00")))
CHEAP = (PriceRow("input", Decimal("0.15")), PriceRow("output", Decimal("0.60")))


def row(component: str, usd: str, **conditions: object) -> PriceRow:
    return PriceRow(component, Decimal(usd), **conditions)  # type: ignore[arg-type]  # a test's shorthand


def test_a_month_of_the_premium_model_costs_875_dollars() -> None:
    usd = monthly(100_000, Usage(fresh=1500, output=500), PREMIUM, NOON)

    assert usd == Decimal("875.00")
    assert format_usd(usd) == "$875.00"


def test_the_cheap_model_saves_94_percent() -> None:
    each = Usage(fresh=1500, output=500)

    actual = monthly(100_000, each, CHEAP, NOON)
    saved = saving(monthly(100_000, each, PREMIUM, NOON), actual)

    assert actual == Decimal("52.50")
    assert saved is not None
    assert saved.usd == Decimal("822.50")
    assert saved.share == Decimal("0.94")


def test_one_check_costs_three_quarters_of_a_cent() -> None:
    usd = cost(Usage(fresh=1000, output=500), PREMIUM, NOON)

    assert usd == Decimal("0.0075")
    assert format_usd(usd) == "$0.0075"


def test_a_price_per_token_becomes_one_per_million() -> None:
    assert from_per_token("0.0000025") == Decimal("2.50")
    assert format_price(from_per_token("0.0000025")) == "$2.50 / M"


def test_minus_one_means_unknown_and_zero_means_free() -> None:
    assert from_per_token("-1") is None
    assert from_per_token(None) is None
    assert from_per_token("0") == 0


def test_a_float_is_read_by_its_shortest_text() -> None:
    assert from_per_token(1.4999999999999998e-06) == Decimal("1.5")
    assert from_per_token(1.4e-07) == Decimal("0.14")
    assert from_per_thousand(0.0025) == Decimal("2.5")
    assert from_per_million("0.0375") == Decimal("0.0375")


@pytest.mark.parametrize("text", ["", "free", "NaN", "Infinity", "1e12"])
def test_what_is_no_price_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="price"):
        from_per_token(text)


def test_a_needed_component_without_a_price_leaves_the_cost_unknown() -> None:
    only_input = (row("input", "1"),)

    assert cost(Usage(fresh=10, output=1), only_input, NOON) is None
    assert cost(Usage(fresh=1_000_000), only_input, NOON) == 1
    assert cost(Usage(), (), NOON) == 0


def test_unknown_costs_have_no_saving() -> None:
    assert saving(None, Decimal(1)) is None
    assert saving(Decimal(1), None) is None


def test_a_loss_is_a_negative_saving() -> None:
    saved = saving(Decimal(1), Decimal(3))

    assert saved is not None
    assert (saved.usd, saved.share) == (Decimal(-2), Decimal(-2))


def test_a_free_baseline_has_no_share() -> None:
    saved = saving(Decimal(0), Decimal(1))

    assert saved is not None
    assert saved.share is None


def test_what_has_no_price_of_its_own_is_charged_like_its_kind() -> None:
    card = price_card([*PREMIUM, row("cache_write_5m", "3")], NOON)

    assert card.cache_read == Decimal("2.50")
    assert card.cache_write_1h == 3
    assert card.reasoning == Decimal("10.00")
    assert card.request == 0


def test_reasoning_is_charged_at_its_own_price() -> None:
    prices = [*PREMIUM, row("reasoning", "20")]

    usd = cost(Usage(output=1_000_000, reasoning=400_000), prices, NOON)

    assert usd == Decimal("14.00")


def test_a_request_fee_is_added_once() -> None:
    prices = [*PREMIUM, row("request", "0.005")]
    price = compile_price(prices, NOON)

    assert cost(Usage(fresh=1000), prices, NOON) == Decimal("0.0075")
    assert price is not None
    assert price.cost_of(Usage(fresh=1000)) == 7_500_000


def test_a_size_step_starts_strictly_above_its_threshold() -> None:
    prices = [*PREMIUM, row("input", "5", above_prompt_tokens=272_000)]

    assert price_card(prices, NOON, prompt_tokens=272_000).input == Decimal("2.50")
    assert price_card(prices, NOON, prompt_tokens=272_001).input == 5


def test_a_size_step_counts_cached_tokens_and_keeps_other_prices() -> None:
    prices = [*PREMIUM, row("input", "5", above_prompt_tokens=1000)]

    usd = cost(Usage(fresh=600, cache_read=600, output=100), prices, NOON)

    assert usd == (Decimal(1200) * 5 + Decimal(100) * 10) / 1_000_000


def test_a_tier_never_borrows_the_price_of_another() -> None:
    batch = row("input", "1.25", service_tier="batch")

    card = price_card([*PREMIUM, batch], NOON, service_tier="batch")

    assert card.input == Decimal("1.25")
    assert card.output is None


def test_a_discount_counts_only_when_it_is_asked_for() -> None:
    prices = [*PREMIUM, row("input", "1", is_discount=True)]

    assert price_card(prices, NOON).input == Decimal("2.50")
    assert price_card(prices, NOON, with_discounts=True).input == 1


def test_an_old_request_keeps_its_price() -> None:
    prices = [
        row("input", "4", valid_until=NOON),
        row("input", "2", valid_from=NOON),
    ]

    assert price_card(prices, datetime(2026, 1, 1, tzinfo=UTC)).input == 4
    assert price_card(prices, NOON).input == 2


@pytest.mark.parametrize(
    ("moment", "usd"),
    [
        (datetime(2026, 11, 20, 21, 59, tzinfo=UTC), 4),
        (datetime(2026, 11, 20, 22, 0, tzinfo=UTC), 1),  # Friday evening
        (datetime(2026, 11, 21, 5, 59, tzinfo=UTC), 1),  # its night reaches Saturday
        (datetime(2026, 11, 21, 6, 0, tzinfo=UTC), 4),
        (datetime(2026, 11, 21, 23, 0, tzinfo=UTC), 4),  # no window on Saturday
    ],
)
def test_a_window_past_midnight_belongs_to_the_day_it_began_on(
    moment: datetime, usd: int
) -> None:
    night = row(
        "input", "1", utc_from=time(22), utc_until=time(6), utc_weekdays="01234"
    )

    assert price_card([row("input", "4"), night], moment).input == usd


def test_a_compiled_price_ends_where_its_window_does() -> None:
    window = row("input", "1", utc_from=time(10), utc_until=time(16))
    price = compile_price([*PREMIUM, window], NOON)

    assert price is not None
    assert price.valid_until == datetime(2026, 11, 18, 16, tzinfo=UTC)
    assert price.cost_nano(1_000_000, 0, 0, 0, 0, 0) == 10**9


def test_a_weekday_price_is_compiled_until_midnight() -> None:
    weekend = row("input", "1", utc_weekdays="56")
    price = compile_price([*PREMIUM, weekend], NOON)

    assert price is not None
    assert price.valid_until == datetime(2026, 11, 19, tzinfo=UTC)


def test_a_compiled_price_ends_when_the_next_begins() -> None:
    soon = datetime(2026, 12, 1, tzinfo=UTC)
    price = compile_price([*PREMIUM, row("input", "1", valid_from=soon)], NOON)

    assert price is not None
    assert price.valid_until == soon


def test_no_price_compiles_to_nothing() -> None:
    assert compile_price([], NOON) is None
    assert compile_price([row("input", "1", service_tier="batch")], NOON) is None


def test_a_compiled_price_knows_what_it_lacks() -> None:
    price = compile_price([row("input", "1")], NOON)

    assert price is not None
    assert not price.is_complete
    assert price.cost_nano(1_000_000, 0, 0, 0, 0, 0) == 10**9
    assert price.cost_nano(1, 0, 0, 0, 1, 0) is None


def test_nano_dollars_are_rounded_half_to_even() -> None:
    assert to_nano(Decimal("0.0000000005")) == 0
    assert to_nano(Decimal("0.0000000015")) == 2
    assert from_nano(1_500_000_000) == Decimal("1.5")


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        ("0", "$0.00"),
        ("0.15", "$0.15"),
        ("0.1", "$0.10"),
        ("0.00001234", "$0.0000123"),
        ("0.9999", "$1.00"),
        ("1", "$1.00"),
        ("1234.567", "$1,234.57"),
        ("-3.2", "-$3.20"),
    ],
)
def test_money_has_two_decimals_or_three_digits(usd: str, text: str) -> None:
    assert format_usd(Decimal(usd)) == text


def test_a_price_is_shown_whole() -> None:
    assert format_price(Decimal("0.000000000")) == "$0.00 / M"
    assert format_price(Decimal("1.375000000")) == "$1.375 / M"
    assert format_price(None) == format_usd(None) == "not assessed"

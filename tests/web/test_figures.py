from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from apps.kit.clock import utc_now
from apps.web.templatetags import figures


@pytest.mark.parametrize(
    ("usd", "shown"),
    [
        (Decimal("1234.5"), "$1,234.50"),
        ("0.00123", "$0.00123"),
        (0.0, "$0.00"),
        (Decimal("-0.5"), "−$0.50"),
    ],
)
def test_money_has_its_unit(usd: object, shown: str) -> None:
    assert shown in figures.money(usd)  # type: ignore[arg-type]  # what JSON holds


def test_unknown_is_not_zero() -> None:
    filters = (
        figures.money,
        figures.savings,
        figures.grouped,
        figures.duration,
        figures.percent,
        figures.score,
        figures.per_million,
    )

    assert all("not assessed" in show(None) for show in filters)


def test_savings_carry_a_sign_before_a_colour() -> None:
    assert "gain" in figures.savings("2")
    assert "+$2.00" in figures.savings("2")
    assert "loss" in figures.savings("-2")
    assert "−$2.00" in figures.savings("-2")
    assert "gain" not in figures.savings("0")


def test_a_price_is_per_million() -> None:
    assert "$2.50 / M" in figures.per_million(Decimal("2.5"))


def test_counts_times_and_shares() -> None:
    assert figures.grouped(1234567) == "1,234,567"
    assert figures.duration(999) == "999 ms"
    assert figures.duration(1234) == "1.23 s"
    assert figures.percent(0.004) == "< 1 %"
    assert figures.percent(0.5) == "50 %"
    assert figures.score(0.8132) == "0.81"
    assert figures.words("agent_step") == "Agent step"
    assert figures.merit(0.25) == 0.75
    assert figures.merit(None) is None


def test_an_estimate_is_underlined_and_said() -> None:
    assert 'class="est"' in figures.est("$1.00")
    assert "estimated" in figures.est("$1.00")


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=3), "3 min ago"),
        (timedelta(hours=5), "5 h ago"),
        (timedelta(days=2, hours=3), "2 d ago"),
        (-timedelta(hours=2, minutes=1), "in 2 h"),
        (-timedelta(seconds=30), "in a moment"),
    ],
)
def test_times_are_relative_with_the_exact_one_in_reach(
    age: timedelta, words: str
) -> None:
    shown = figures.ago(utc_now() - age)

    assert words in shown
    assert "UTC" in shown


def test_no_moment_is_never() -> None:
    assert "never" in figures.ago(None)
    assert "never" in figures.moment(None)


def test_an_exact_moment_is_whole() -> None:
    when = datetime(2026, 11, 21, 5, 6, 7, tzinfo=UTC)

    assert "21 Nov 2026, 05:06:07 UTC" in figures.moment(when)

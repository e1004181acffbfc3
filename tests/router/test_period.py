from datetime import UTC, date, datetime

import pytest

from apps.router.period import read_mode, read_period

TODAY = date(2026, 11, 21)


def test_the_usual_range_is_seven_days_with_today() -> None:
    period = read_period({}, today=TODAY)

    assert (period.first, period.last) == (date(2026, 11, 15), TODAY)
    assert not period.problem


@pytest.mark.parametrize(("name", "days"), [("today", 1), ("7d", 7), ("30d", 30)])
def test_a_preset_counts_today(name: str, days: int) -> None:
    assert len(read_period({"range": name}, today=TODAY).days) == days


def test_both_ends_of_a_custom_range_are_in() -> None:
    query = {"range": "custom", "from": "2026-11-01", "to": "2026-11-02"}
    period = read_period(query, today=TODAY)

    assert period.start == datetime(2026, 11, 1, tzinfo=UTC)
    assert period.end == datetime(2026, 11, 3, tzinfo=UTC)
    assert period.words == "1 Nov–2 Nov 2026"


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("", ""),
        ("2026-13-01", "2026-11-01"),
        ("2026-11-02", "2026-11-01"),
        ("2020-01-01", "2026-11-01"),
        ("9999-12-31", "9999-12-31"),
    ],
)
def test_a_senseless_range_is_named_and_replaced(first: str, last: str) -> None:
    query = {"range": "custom", "from": first, "to": last}
    period = read_period(query, today=TODAY)

    assert period.name == "7d"
    assert "7 days" in period.problem


def test_an_unknown_mode_is_all() -> None:
    assert read_mode({"mode": "sideways"}) == "all"
    assert read_mode({"mode": "test"}) == "test"

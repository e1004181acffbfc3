"""How much a use case is used: measured stands above typed, and nothing is made up."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.portfolio.volume import (
    LEAST_REQUESTS,
    MONTH_DAYS,
    UNKNOWN,
    Traffic,
    Typed,
    days_between,
    measured,
    volume,
)

# A busy machine is no fault of what is tested.
CALM = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TYPED = Typed(40_000, 1_500, 500, 0.25, origin="person")
BUSY = Traffic(3_000, 4_500_000, 900_000, 1_500_000, date(2026, 11, 6))

counts = st.integers(0, 10**12)
traffics = st.builds(
    Traffic,
    requests=st.integers(LEAST_REQUESTS, 10**9),
    input_tokens=counts,
    cached_tokens=counts,
    output_tokens=counts,
    first_day=st.dates(date(2026, 10, 1), date(2026, 11, 21)),
)


def test_measured_volume_replaces_what_was_typed_and_says_from_what() -> None:
    found = volume(TYPED, BUSY, now=NOW)

    # 15.5 days since the midnight that the first request's day began with.
    assert found.calls_month == (3_000 * MONTH_DAYS / Decimal("15.5")).quantize(
        Decimal("0.001")
    )
    assert (found.input_tokens, found.output_tokens) == (Decimal(1_500), Decimal(500))
    assert found.cached_share == Decimal("0.2")
    assert (found.basis, found.requests) == ("measured", 3_000)
    assert (found.since, found.until) == (date(2026, 11, 6), date(2026, 11, 21))


def test_too_few_requests_leave_what_was_typed() -> None:
    few = Traffic(LEAST_REQUESTS - 1, 1, 0, 1, date(2026, 11, 20))

    found = volume(TYPED, few, now=NOW)

    assert (found.calls_month, found.basis) == (Decimal(40_000), "typed")
    assert (found.cached_share, found.since) == (Decimal("0.25"), None)


def test_nothing_said_and_nothing_measured_is_not_known() -> None:
    assert volume(Typed(), None, now=NOW) == UNKNOWN
    assert UNKNOWN.basis == ""
    assert not UNKNOWN.is_complete


@pytest.mark.parametrize(
    ("first", "days"),
    [
        (date(2026, 11, 21), Decimal(1)),  # an hour of traffic is no month's pace
        (date(2026, 11, 20), Decimal("1.5")),
        (date(2026, 1, 1), Decimal(30)),  # never more than the window
    ],
)
def test_the_days_of_traffic_are_one_at_least_and_the_window_at_most(
    first: date, days: Decimal
) -> None:
    assert days_between(first, NOW) == days


def test_a_templates_tokens_are_assumed_until_they_are_measured() -> None:
    typed = Typed(1_000, 1_500, 500, origin="template", note="RAG search template")

    assert volume(typed, None, now=NOW).is_assumed
    assert not volume(typed, BUSY, now=NOW).is_assumed


@CALM
@given(traffics)
def test_measured_figures_are_never_negative_and_shares_are_shares(
    traffic: Traffic,
) -> None:
    found = measured(traffic, now=NOW)

    assert found.calls_month is not None
    assert found.calls_month >= traffic.requests * MONTH_DAYS / 30 - 1
    assert found.input_tokens is not None
    assert abs(found.input_tokens * traffic.requests - traffic.input_tokens) <= (
        traffic.requests
    )
    if found.cached_share is not None:
        assert 0 <= found.cached_share <= 1
    assert (found.cached_share is None) == (not traffic.input_tokens)


@CALM
@given(traffics, st.integers(2, 9))
def test_the_same_traffic_more_often_is_as_many_more_calls_of_the_same_size(
    traffic: Traffic, times: int
) -> None:
    more = Traffic(
        traffic.requests * times,
        traffic.input_tokens * times,
        traffic.cached_tokens * times,
        traffic.output_tokens * times,
        traffic.first_day,
    )
    one, many = measured(traffic, now=NOW), measured(more, now=NOW)

    assert one.calls_month is not None
    assert many.calls_month is not None
    assert abs(many.calls_month - one.calls_month * times) < times
    assert (many.input_tokens, many.cached_share) == (
        one.input_tokens,
        one.cached_share,
    )


@CALM
@given(st.dates(date(2026, 10, 1), date(2026, 11, 21)), st.integers(0, 86_399))
def test_the_later_it_began_the_fewer_the_days(first: date, second: int) -> None:
    now = datetime(2026, 11, 21, tzinfo=UTC) + timedelta(seconds=second)
    later = min(first + timedelta(days=1), now.date())

    assert Decimal(1) <= days_between(later, now) <= days_between(first, now) <= 30

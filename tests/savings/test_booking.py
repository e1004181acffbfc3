"""The arithmetic of the savings ledger: pure, from golden vectors to any history."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.kit.money import PriceRow
from apps.savings.booking import (
    MONTH_DAYS,
    NOTHING,
    Course,
    Day,
    Figures,
    Price,
    Span,
    Traffic,
    Volume,
    assessed,
    cost_of,
    estimated,
    shared,
    spans,
    typed_traffic,
)

DAY = date(2026, 11, 20)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATER = datetime(2026, 11, 25, tzinfo=UTC)
ONE, TWO = UUID(int=1), UUID(int=2)


def price(input_usd: str, output_usd: str, **more: str) -> Price:
    parts = {"input": input_usd, "output": output_usd, **more}
    return Price(tuple(PriceRow(name, Decimal(usd)) for name, usd in parts.items()))


BIG, SMALL = price("2.50", "10"), price("0.15", "0.60")
MONTH = Volume(Decimal(100_000), Decimal(1500), Decimal(500))


def test_the_golden_month_costs_and_saves_to_the_cent() -> None:
    span = Span(NOON, NOON + timedelta(days=float(MONTH_DAYS)), live=ONE)
    line = typed_traffic(MONTH, span)
    assert line is not None

    figures = estimated(line, BIG.card(NOON), SMALL.card(NOON))

    assert figures.baseline_usd == Decimal("875.00")
    assert figures.actual_usd == Decimal("52.50")
    assert figures.requests == 100_000


@pytest.mark.parametrize(
    "volume",
    [
        Volume(None, Decimal(1), Decimal(1)),
        Volume(Decimal(0), Decimal(1), Decimal(1)),
        Volume(Decimal(9), None, Decimal(1)),
        Volume(Decimal(9), Decimal(1), None),
    ],
)
def test_no_volume_is_not_assessed(volume: Volume) -> None:
    assert typed_traffic(volume, Span(NOON, LATER)) is None


def test_an_unknown_price_is_no_zero() -> None:
    line = Traffic(requests=Decimal(7), unpriced=2, fresh=100, output=9)

    figures = assessed(line, Price().card(NOON))

    assert (int(figures.requests), figures.unassessed) == (0, 9)
    assert figures.baseline_usd is None
    assert figures.actual_usd is None


def test_a_model_that_is_free_costs_nothing_and_is_assessed() -> None:
    line = Traffic(requests=Decimal(1), fresh=10, cost_usd=Decimal(1))

    figures = assessed(line, price("0", "0").card(NOON))

    assert figures.baseline_usd == Decimal(0)
    assert figures.actual_usd == Decimal(1)


def test_cached_tokens_have_their_own_price_where_there_is_one() -> None:
    line = Traffic(requests=Decimal(2), fresh=1_000_000, cached=1_000_000)
    dear, cheap = price("2", "1"), price("2", "1", cache_read="0.5", request="0.25")

    assert cost_of(line, dear.card(NOON)) == Decimal(4)
    assert cost_of(line, cheap.card(NOON)) == Decimal("3.00")


def test_a_dearer_candidate_is_booked_as_a_loss() -> None:
    line = Traffic(requests=Decimal(1), fresh=1_000_000, cost_usd=Decimal(3))

    figures = assessed(line, BIG.card(NOON))

    assert figures.baseline_usd is not None
    assert figures.actual_usd is not None
    assert figures.baseline_usd - figures.actual_usd == Decimal("-0.50")


def test_a_price_that_changes_at_noon_counts_from_noon() -> None:
    rows = (
        PriceRow("input", Decimal(1), valid_until=NOON),
        PriceRow("input", Decimal(3), valid_from=NOON),
        PriceRow("input", Decimal(9), service_tier="batch", valid_from=NOON),
    )
    changing, day = Price(rows), Day(DAY, LATER)
    course = Course(ONE, "b", live_at=day.start - timedelta(days=3))

    found = spans([course], day, changing.edges(day))

    usd = [changing.card(span.start).input for span in found]
    assert [span.start.hour for span in found] == [0, 12]
    assert usd == [1, 3]


def test_a_price_by_the_clock_cuts_the_day() -> None:
    night = PriceRow("input", Decimal(1), utc_from=time(16), utc_until=time(20))
    day = Day(DAY, LATER)

    found = spans(
        [Course(ONE, "b", live_at=day.start)], day, Price((night,)).edges(day)
    )

    assert [span.start.hour for span in found] == [0, 16, 20]


def test_the_present_day_ends_now() -> None:
    [span] = spans([Course(ONE, "b", live_at=NOON - timedelta(days=9))], Day(DAY, NOON))

    assert (span.end, Day(DAY, NOON).is_over) == (NOON, False)
    assert Day(DAY, NOON + timedelta(hours=17)).is_over is False
    assert Day(DAY, NOON + timedelta(hours=18)).is_over is True


def test_a_canary_beside_a_switch_in_force_counts_no_request_twice() -> None:
    before = Course(ONE, "b", live_at=NOON - timedelta(days=9))
    canary = Course(TWO, "c", canary_at=NOON)
    morning, evening = spans([before, canary], Day(DAY, LATER))
    lines = [Traffic(cost_usd=Decimal(1)), Traffic(is_candidates=True)]

    assert (morning.live, morning.canary) == (ONE, None)
    assert (evening.live, evening.canary) == (ONE, TWO)
    assert [owner for owner, _ in shared(evening, lines)] == [ONE, TWO]
    # Nobody's canary: what a candidate of another experiment answered is left.
    assert [owner for owner, _ in shared(morning, lines)] == [ONE]


def test_a_canary_alone_leaves_controls_requests_to_nobody() -> None:
    [span] = spans([Course(TWO, "c", canary_at=NOON, ended_at=LATER)], Day(DAY, LATER))

    assert span.start == NOON
    assert [owner for owner, _ in shared(span, [Traffic()])] == []


slow_machine = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
moments = st.integers(0, 4 * 24 * 60).map(
    lambda minutes: datetime(2026, 11, 18, tzinfo=UTC) + timedelta(minutes=minutes)
)


@st.composite
def histories(draw: st.DrawFn) -> list[Course]:
    """Switches of one use case, each in force until the next one is."""
    edges = sorted(draw(st.lists(moments, min_size=1, max_size=6, unique=True)))
    return [
        Course(UUID(int=n + 1), f"m{n}", live_at=start, ended_at=end)
        for n, (start, end) in enumerate(zip(edges, [*edges[1:], None], strict=True))
    ]


@slow_machine
@given(histories(), st.lists(moments, max_size=5), moments)
def test_any_history_is_cut_without_gap_or_overlap(
    courses: list[Course], edges: list[datetime], now: datetime
) -> None:
    day = Day(DAY, now)

    found = spans(courses, day, edges)

    assert all(span.start < span.end for span in found)
    assert all(a.end <= b.start for a, b in pairwise(found))
    first = courses[0].live_at
    assert first is not None
    covered = sum((span.end - span.start for span in found), timedelta())
    assert covered == max(timedelta(), day.until - max(day.start, first))


lines_of = st.builds(
    Traffic,
    requests=st.integers(0, 10_000).map(Decimal),
    unpriced=st.integers(0, 9),
    fresh=st.integers(0, 10**9),
    cached=st.integers(0, 10**9),
    output=st.integers(0, 10**9),
    cost_usd=st.decimals(0, 10_000, places=9),
)


@slow_machine
@given(st.lists(lines_of, max_size=6))
def test_sums_of_parts_are_the_whole_and_unknown_stays_unknown(
    lines: list[Traffic],
) -> None:
    card = BIG.card(NOON)

    total = sum((assessed(line, card) for line in lines), NOTHING)

    known = [line for line in lines if line.requests]
    assert total.fresh == sum(line.fresh for line in known)
    assert (total.actual_usd is None) == (not known)
    if known:
        assert total.actual_usd == sum(line.cost_usd for line in known)
        assert total.baseline_usd == sum(cost_of(line, card) or 0 for line in known)


@slow_machine
@given(lines_of)
def test_the_same_model_at_the_same_price_saves_nothing(line: Traffic) -> None:
    card = SMALL.card(NOON)
    cost = cost_of(line, card)
    assert cost is not None

    figures = assessed(replace(line, requests=Decimal(1), cost_usd=cost), card)

    assert figures.baseline_usd == figures.actual_usd


@slow_machine
@given(st.integers(1, 24 * 60 - 1))
def test_a_day_in_parts_is_estimated_like_the_whole(minutes: int) -> None:
    day = Day(DAY, LATER)
    cut = day.start + timedelta(minutes=minutes)
    parts = [Span(day.start, cut), Span(cut, day.end)]
    cards = BIG.card(NOON), SMALL.card(NOON)

    def of(span: Span) -> Figures:
        line = typed_traffic(MONTH, span)
        assert line is not None
        return estimated(line, *cards)

    whole, summed = of(Span(day.start, day.end)), of(parts[0]) + of(parts[1])

    assert whole.baseline_usd is not None
    assert summed.baseline_usd is not None
    # Tokens are whole, so a part may be half a token off.
    assert abs(whole.baseline_usd - summed.baseline_usd) < Decimal("0.0001")

"""Usage is the ledger's sums, to the nano-dollar, however far the roll-ups are."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.accounts.models import Organization
from apps.kit.ids import uuid7
from apps.router import rollups
from apps.router.queries import Mode, UsageFilter, UsageReport, usage
from apps.router.rows import RequestRow
from apps.router.usage import detailed_usage
from apps.tenancy.scope import ScopeError, scope
from tests.factories import make_key, make_org
from tests.router.ledger.rows import make_row, microseconds, ship

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
SPAN_MINUTES = 5 * 24 * 60
NANO = Decimal("0.000000001")

# Edges of hours and days are where a row could fall between two sources.
minutes = st.one_of(
    st.integers(0, SPAN_MINUTES),
    st.integers(0, SPAN_MINUTES // 60).map(lambda hour: hour * 60),
    st.integers(0, SPAN_MINUTES // 1440).map(lambda day: day * 1440),
)
moments = st.builds(
    lambda minute, micro: MONDAY + timedelta(minutes=minute, microseconds=micro),
    minutes,
    st.sampled_from([0, 0, -1, 1]),
)
money = st.none() | st.integers(0, 10**12)
facts = st.fixed_dictionaries(
    {
        "at": moments,
        "model": st.sampled_from(["a/one", "b/two"]),
        "task": st.sampled_from(["chat", "coding"]),
        "status": st.sampled_from(["ok", "failed", "cancelled"]),
        "is_test": st.booleans(),
        "input_tokens": st.integers(0, 10**6),
        "output_tokens": st.integers(0, 10**6),
        "cost_nano": money,
        "baseline_nano": money,
        "latency_ms": st.integers(0, 10**5),
        "alias": st.sampled_from(["", "uc/support"]),
        "tags": st.sampled_from(["", "team:a", "team:a team:b"]),
        "purpose": st.sampled_from(["call", "call", "shadow"]),
        "cache": st.sampled_from(["", "", "exact"]),
        "cache_saved_nano": money,
    }
)
# What happens to the ledger, one after the other: rows come, or roll-ups run.
histories = st.lists(
    st.lists(facts, min_size=1, max_size=12) | st.just("roll up"), max_size=6
)


@pytest.fixture
def org(transactional_db: None) -> Organization:
    return make_org("Acme")


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    history=histories,
    ranges=st.lists(st.tuples(moments, moments).map(sorted), min_size=1, max_size=4),
    mode=st.sampled_from(["all", "live", "test"]),
)
def test_usage_is_the_sum_of_the_rows(
    transactional_db: None,
    history: list[Any],
    ranges: list[list[datetime]],
    mode: Mode,
) -> None:
    org = make_org()
    rows: list[RequestRow] = []
    for step in history:
        if isinstance(step, str):
            rollups.roll_up()
            continue
        new = [make_row(org.id, **fact) for fact in step]
        ship(new)
        rows += new

    for start, end in ranges:
        counted = in_range(rows, start, end, mode)
        with scope(org.id):
            report = usage(start, end, mode)
            hourly = usage(start, end, mode, by_hour=True)
            details = list(
                detailed_usage(start, end, wanted=UsageFilter(mode), by_hour=True)
            )
            wanted = UsageFilter(mode, model="a/one", alias="uc/support", tag="team:b")
            few = usage(start, end, wanted=wanted)
        assert_is_sum(report, counted)
        assert_is_sum(hourly, counted)
        assert sum(line.cost for line in hourly.by_hour) == report.total_cost
        assert sum(line["cost_usd"] for line in details) == report.total_cost
        assert_is_sum(few, [row for row in counted if fits(row, wanted)])


def fits(row: RequestRow, wanted: UsageFilter) -> bool:
    of_model = row.model == wanted.model and row.alias == wanted.alias
    return of_model and wanted.tag in row.tags.split()


def in_range(
    rows: list[RequestRow], start: datetime, end: datetime, mode: Mode
) -> list[RequestRow]:
    since, until = microseconds(start), microseconds(end)
    return [
        row
        for row in rows
        if since <= row.created_at < until
        and (mode == "all" or row.is_test is (mode == "test"))
    ]


def assert_is_sum(report: UsageReport, rows: list[RequestRow]) -> None:
    both = [
        (row.baseline_nano, row.cost_nano)
        for row in rows
        if row.baseline_nano is not None and row.cost_nano is not None
    ]
    assert report.total_requests == len(rows)
    assert report.failed_requests == sum(row.status == "failed" for row in rows)
    assert report.unpriced_requests == sum(row.cost_nano is None for row in rows)
    assert report.total_cost == NANO * sum(row.cost_nano or 0 for row in rows)
    assert report.estimated_savings == NANO * sum(b - c for b, c in both)
    assert report.baseline_cost == NANO * sum(b for b, _ in both)
    assert report.total_tokens_input == sum(row.input_tokens for row in rows)
    assert report.total_tokens_output == sum(row.output_tokens for row in rows)
    asked = [row.latency_ms for row in rows if not row.cache]
    mean = sum(asked) / len(asked) if asked else None
    assert report.avg_latency_ms == mean
    assert report.cache_hits == sum(row.cache != "" for row in rows)
    saved = sum(row.cache_saved_nano or 0 for row in rows)
    assert report.cache_savings == NANO * saved
    complete = (
        *(report.by_day, report.by_model, report.by_task, report.by_key),
        *(report.by_provider, report.by_purpose),
        *((report.by_alias,) if report.by_alias else ()),
    )
    for lines in complete:
        assert sum(line.requests for line in lines) == len(rows)
        assert sum(line.cost for line in lines) == report.total_cost
        assert sum(line.savings for line in lines) == report.estimated_savings
        assert sum(line.tokens for line in lines) == report.total_tokens
        assert len({line.label for line in lines}) == len(lines)


def test_groups_have_their_names(org: Organization) -> None:
    key, _ = make_key(org, name="CI")
    ship(
        [
            make_row(org.id, MONDAY, model="a/one", cost_nano=1, key_id=key.id.hex),
            make_row(org.id, MONDAY, model="b/two", cost_nano=2, key_id=uuid7().hex),
            make_row(org.id, MONDAY + timedelta(days=1), model="b/two", cost_nano=3),
        ]
    )

    with scope(org.id):
        report = usage(MONDAY, MONDAY + timedelta(days=7))

    assert [line.label for line in report.by_day] == ["2026-11-16", "2026-11-17"]
    assert [line.label for line in report.by_model] == ["b/two", "a/one"]
    assert [line.label for line in report.by_task] == ["chat"]
    assert {line.label for line in report.by_key} == {
        "CI",
        "Deleted key",
        "Playground",
    }
    assert report.by_alias == []


def test_a_request_counts_under_each_tag_of_its_key(org: Organization) -> None:
    ship(
        [
            make_row(org.id, MONDAY, tags="env:ci team:a", cost_nano=5),
            make_row(org.id, MONDAY, tags="team:a", cost_nano=2),
            make_row(org.id, MONDAY, cost_nano=1),
        ]
    )

    with scope(org.id):
        report = usage(MONDAY, MONDAY + timedelta(days=1))

    costs = {line.label: line.cost for line in report.by_tag}
    assert costs == {"team:a": 7 * NANO, "env:ci": 5 * NANO, "": NANO}
    assert report.total_cost == 8 * NANO


def test_what_was_sent_on_behalf_stands_apart(org: Organization) -> None:
    ship(
        [
            make_row(org.id, MONDAY, cost_nano=5),
            make_row(org.id, MONDAY, cost_nano=3, purpose="shadow"),
            make_row(org.id, MONDAY, cost_nano=1, purpose="judge"),
        ]
    )

    with scope(org.id):
        report = usage(MONDAY, MONDAY + timedelta(days=1))

    assert [line.label for line in report.by_purpose] == ["call", "shadow", "judge"]
    assert [line.label for line in report.of_our_own] == ["shadow", "judge"]
    assert report.total_cost == 9 * NANO


def test_hours_are_called_by_their_first_moment(org: Organization) -> None:
    ship(
        [
            make_row(org.id, MONDAY + timedelta(minutes=59)),
            make_row(org.id, MONDAY + timedelta(minutes=61)),
        ]
    )
    rollups.roll_up()

    with scope(org.id):
        report = usage(MONDAY, MONDAY + timedelta(days=1), by_hour=True)

    assert [line.label for line in report.by_hour] == [
        "2026-11-16T00:00:00+00:00",
        "2026-11-16T01:00:00+00:00",
    ]


def test_another_organization_is_not_counted(org: Organization) -> None:
    globex = make_org("Globex")
    ship([make_row(globex.id, MONDAY)])

    with scope(org.id):
        before = usage(MONDAY, MONDAY + timedelta(days=1))
        rollups.roll_up()
        after = usage(MONDAY, MONDAY + timedelta(days=1))

    assert (before.total_requests, after.total_requests) == (0, 0)


def test_nobody_s_usage_is_refused(transactional_db: None) -> None:
    with pytest.raises(ScopeError):
        usage(MONDAY, MONDAY)


def test_usage_takes_two_queries(org: Organization) -> None:
    ship([make_row(org.id, MONDAY, key_id=uuid7().hex)])

    connection = connections["default"]
    with scope(org.id), CaptureQueriesContext(connection) as captured:
        usage(MONDAY, MONDAY + timedelta(days=7))

    reads = [q for q in captured.captured_queries if "set_config" not in q["sql"]]
    assert len(reads) == 2

"""The request log: pages without gaps, filters, and what is behind one request."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from apps.accounts.models import Organization
from apps.kit.ids import uuid7
from apps.router.queries import RequestFilter, recent_requests, request_detail
from apps.router.rows import DecisionRow
from apps.tenancy.scope import scope
from tests.factories import make_key, make_org
from tests.router.ledger.rows import make_attempt, make_row, microseconds, ship

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
NOVEMBER = microseconds(datetime(2026, 11, 1, tzinfo=UTC))


@pytest.fixture
def org(transactional_db: None) -> Organization:
    return make_org("Acme")


def test_pages_hold_every_request_once_newest_first(org: Organization) -> None:
    # Several of one moment, so that a page ends among them.
    rows = [make_row(org.id, NOON - timedelta(hours=n // 4)) for n in range(11)]
    ship(rows)

    found, cursor = [], ""
    with scope(org.id):
        for _ in range(4):
            page = recent_requests(RequestFilter(), cursor=cursor, size=3)
            found += [line.request for line in page.lines]
            cursor = page.next_cursor

    assert cursor == ""
    assert len({row.id for row in found}) == 11
    moments = [row.created_at for row in found]
    assert moments == sorted(moments, reverse=True)


FILTERS: list[dict[str, Any]] = [
    {"model": "b/two"},
    {"status": "failed"},
    {"task": "coding"},
    {"mode": "test"},
    {"since": NOON - timedelta(minutes=30)},
    {"until": NOON - timedelta(minutes=30)},
]


@pytest.mark.parametrize("wanted", FILTERS, ids=lambda wanted: next(iter(wanted)))
def test_a_filter_keeps_what_fits(org: Organization, wanted: dict[str, Any]) -> None:
    odd = {"model": "b/two", "status": "failed", "task": "coding", "is_test": True}
    early = NOON - timedelta(hours=1)
    common = make_row(org.id, early if "since" in wanted else NOON)
    ship([common, make_row(org.id, early if "until" in wanted else NOON, **odd)])

    with scope(org.id):
        page = recent_requests(RequestFilter(**wanted))

    assert [line.request.model for line in page.lines] == ["b/two"]


def test_a_key_s_requests_bear_its_name(org: Organization) -> None:
    key, _ = make_key(org, name="CI")
    ship([make_row(org.id, NOON, key_id=key.id.hex), make_row(org.id, NOON)])

    with scope(org.id):
        page = recent_requests(RequestFilter(key_id=key.id))

    assert [line.key_name for line in page.lines] == ["CI"]


def test_savings_are_unknown_where_a_price_is(org: Organization) -> None:
    ship(
        [
            make_row(org.id, NOON, cost_nano=None),
            make_row(org.id, NOON - timedelta(hours=1), cost_nano=5, baseline_nano=3),
        ]
    )

    with scope(org.id):
        unknown, loss = recent_requests(RequestFilter()).lines

    assert unknown.savings_usd is None
    assert loss.savings_usd is not None
    assert int(loss.savings_usd * 10**9) == -2


@pytest.mark.parametrize("cursor", ["x", "1-2", "9" * 30 + "-" + "0" * 32, "\0"])
def test_a_cursor_of_somebody_s_own_is_refused(org: Organization, cursor: str) -> None:
    with scope(org.id), pytest.raises(ValueError):  # noqa: PT011  # any kind of it
        recent_requests(RequestFilter(), cursor=cursor)


def test_a_request_comes_with_its_attempts_and_decision(org: Organization) -> None:
    decision_id = uuid7()
    row = make_row(org.id, NOON, decision_id=decision_id.hex, attempts=2)
    attempts = [
        make_attempt(row, number=2),
        make_attempt(row, number=1, outcome="overloaded", http_status=503),
    ]
    content = msgspec.Raw(b'{"reason": "cheapest that fits"}')
    decision = DecisionRow(org.id.hex, decision_id.hex, NOVEMBER, content)
    ship([row], attempts, [decision])

    with scope(org.id):
        [line] = recent_requests(RequestFilter()).lines
        detail = request_detail(line.request.id)

    assert detail is not None
    assert [a.outcome for a in detail.attempts] == ["overloaded", "ok"]
    assert detail.decision == {"reason": "cheapest that fits"}
    assert detail.line.key_name == "Playground"


def test_another_organization_s_request_is_none(org: Organization) -> None:
    globex = make_org("Globex")
    row = make_row(globex.id, NOON)
    ship([row], [make_attempt(row)])

    with scope(globex.id):
        [line] = recent_requests(RequestFilter()).lines
    with scope(org.id):
        assert recent_requests(RequestFilter()).lines == []
        assert request_detail(line.request.id) is None

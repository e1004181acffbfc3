"""`GET /v1/usage`: ranges, groups, and agreement with the ledger."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Organization
from apps.kit.clock import utc_now
from tests.factories import make_key, make_org
from tests.router.ledger.rows import make_row, ship_rows

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
TOTALS = {
    "total_requests",
    "failed_requests",
    "total_cost",
    "estimated_savings",
    "total_tokens",
    "total_tokens_input",
    "total_tokens_output",
}
GROUPS = {"by_day", "by_model", "by_task", "by_key", "by_alias"}


@pytest.fixture
def org(transactional_db: None) -> Organization:
    return make_org("Acme")


class Reader:
    """Asks as a program with one key."""

    def __init__(self, token: str) -> None:
        self._headers = {"Authorization": f"Bearer {token}"}

    def __call__(self, **query: str) -> Any:
        return Client().get("/v1/usage", query, headers=self._headers)


@pytest.fixture
def read(org: Organization) -> Reader:
    return Reader(make_key(org)[1])


def ship(org: Organization, *moments: datetime, **facts: Any) -> None:
    asyncio.run(ship_rows([make_row(org.id, moment, **facts) for moment in moments]))


def test_without_a_range_it_is_the_last_30_days(
    org: Organization, read: Reader
) -> None:
    now = utc_now()
    ship(org, now, now - timedelta(days=28), now - timedelta(days=31))

    answer = read()

    body = answer.json()
    assert answer.status_code == 200
    assert body["total_requests"] == 2
    assert set(body) >= TOTALS | GROUPS
    assert answer.headers["X-Request-Id"]


def test_sums_are_the_ledger_s(org: Organization, read: Reader) -> None:
    ship(org, NOON, cost_nano=1_234_567_891, baseline_nano=1)
    ship(org, NOON, cost_nano=9, baseline_nano=None, status="failed")

    body = read(**{"from": "2026-11-20", "to": "2026-11-20"}).json()

    assert body["total_cost"] == 1.2345679
    assert body["estimated_savings"] == -1.23456789
    assert (body["total_requests"], body["failed_requests"]) == (2, 1)
    assert body["total_tokens"] == 3000
    assert body["total_tokens_input"] + body["total_tokens_output"] == 3000
    [day] = body["by_day"]
    assert (day["day"], day["cost"], day["requests"]) == ("2026-11-20", 1.2345679, 2)
    assert [line["key"] for line in body["by_key"]] == ["Playground"]
    assert body["by_alias"] == []


RANGES = [
    ("2026-11-20", "2026-11-20", 1),
    ("2026-11-19", "2026-11-19", 0),
    ("2026-11-20T12:00:00Z", "2026-11-20T12:00:01Z", 1),
    ("2026-11-20T12:00:00", "2026-11-20T12:00:00", 0),
    ("2026-11-20T13:00:00+01:00", "2026-11-21", 1),
    ("2026-11-20T13:00:01+01:00", "2026-11-21", 0),
]


@pytest.mark.parametrize(("since", "until", "count"), RANGES)
def test_a_day_that_ends_a_range_is_part_of_it(
    org: Organization, read: Reader, since: str, until: str, count: int
) -> None:
    ship(org, NOON)

    body = read(**{"from": since, "to": until}).json()

    assert body["total_requests"] == count


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_one_group_is_enough_when_asked_for(read: Reader, group: str) -> None:
    body = read(group_by=group.removeprefix("by_")).json()

    assert GROUPS & set(body) == {group}


def test_test_traffic_can_be_told_apart(org: Organization, read: Reader) -> None:
    ship(org, NOON, NOON, is_test=True)
    ship(org, NOON)

    counts = {
        mode: read(mode=mode, **{"from": "2026-11-20"}).json()["total_requests"]
        for mode in ("all", "live", "test")
    }

    assert counts == {"all": 3, "live": 1, "test": 2}


BAD = [
    ({"from": "yesterday"}, "from"),
    ({"to": "2026-13-01"}, "to"),
    ({"to": "9999-12-31"}, "to"),
    ({"from": "0001-01-01"}, "from"),
    ({"from": "\x00"}, "from"),
    ({"from": "2026-11-20", "to": "2026-11-18"}, "to"),
    ({"group_by": "moon"}, "group_by"),
    ({"mode": "dry"}, "mode"),
]


@pytest.mark.parametrize(("query", "param"), BAD)
def test_a_bad_query_is_named(read: Reader, query: dict[str, str], param: str) -> None:
    answer = read(**query)

    error = answer.json()["error"]
    assert answer.status_code == 400
    assert (error["code"], error["param"]) == ("validation_error", param)


def test_another_organization_sees_its_own(org: Organization, read: Reader) -> None:
    ship(make_org("Globex"), NOON)

    assert read(**{"from": "2026-11-20"}).json()["total_requests"] == 0


def test_a_key_without_the_scope_is_refused(org: Organization) -> None:
    answer = Reader(make_key(org, scopes=("chat",))[1])()

    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "permission_denied"


def test_nobody_is_refused(org: Organization) -> None:
    answer = Client().get("/v1/usage")

    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "invalid_api_key"

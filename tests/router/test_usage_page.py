"""The page of usage, and its download."""

import asyncio
import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Organization, User
from apps.kit.clock import utc_now
from tests.factories import make_key, make_member, make_org
from tests.router.ledger.rows import make_row, ship_rows

URL = "/router/usage/"
CSV = "/router/usage.csv"
# A week in which nothing else happens, whenever the tests run.
DAYS = {"range": "custom", "from": "2026-11-09", "to": "2026-11-15"}
NOON = datetime(2026, 11, 12, 12, tzinfo=UTC)


@pytest.fixture
def org(transactional_db: None) -> Organization:
    return make_org("Acme")


@pytest.fixture
def client(org: Organization, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(make_member(org, "vic", role="viewer"))


def ship(org: Organization, **facts: Any) -> None:
    asyncio.run(ship_rows([make_row(org.id, facts.pop("at", NOON), **facts)]))


def test_the_page_tells_what_it_went_to(org: Organization, client: Client) -> None:
    key, _ = make_key(org, name="CI")
    ship(
        org,
        key_id=key.id.hex,
        alias="uc/support",
        tags="team:a",
        cache="exact",
        cache_saved_nano=250_000_000,
    )
    ship(org, purpose="shadow", cost_nano=1)

    page = client.get(URL, DAYS)

    text = page.content.decode()
    for words in ("fake/one", "CI", "uc/support", "team:a", "Shadow", "$0.25"):
        assert words in text
    board = page.context["board"]
    assert board.usage.total_cost == Decimal("0.007500001")
    assert len(board.moments) == 7
    assert text.count("data-at=") == 7


def test_few_days_are_drawn_by_hour(org: Organization, client: Client) -> None:
    ship(org, at=utc_now())

    board = client.get(URL, {"range": "today"}).context["board"]

    assert board.is_hourly
    assert board.moments[-1].line.requests == 1
    assert {moment.at.minute for moment in board.moments} == {0}


def test_filters_narrow_everything(org: Organization, client: Client) -> None:
    key, _ = make_key(org)
    ship(org, model="a/one", key_id=key.id.hex, task="coding", tags="env:ci team:a")
    ship(org, model="b/two")

    totals = [
        client.get(URL, {**DAYS, **query}).context["board"].usage.total_requests
        for query in (
            {},
            {"model": "a/one"},
            {"key": str(key.id)},
            {"task": "coding"},
            {"tag": "team:a"},
            {"alias": "uc/none"},
            {"key": "x", "task": "odd", "model": "\0"},
        )
    ]

    assert totals == [2, 1, 1, 1, 1, 0, 2]


def test_a_range_without_requests_says_so(client: Client) -> None:
    text = client.get(URL, DAYS).content.decode()

    assert "No requests in" in text
    assert "connect a program" in text


def test_only_the_report_is_swapped(client: Client) -> None:
    answer = client.get(URL, headers={"HX-Request": "true"})

    assert b"<html" not in answer.content
    assert b'id="report"' in answer.content


def lines_of(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.getvalue().decode())))


def test_the_download_has_the_ledger_s_sums(org: Organization, client: Client) -> None:
    ship(org, cost_nano=1, baseline_nano=0)
    ship(org, cost_nano=2, at=NOON - timedelta(days=2), model="b/two")

    answer = client.get(CSV, DAYS)
    lines = lines_of(answer)

    assert answer["Content-Disposition"] == (
        'attachment; filename="usage-2026-11-09-2026-11-15.csv"'
    )
    assert [line["model"] for line in lines] == ["b/two", "fake/one"]
    assert sum(Decimal(line["cost_usd"]) for line in lines) == Decimal("3e-9")
    # A loss is a number, not a formula, and has no exponent.
    assert lines[1]["estimated_savings_usd"] == "-0.000000001"


def test_the_download_holds_no_formula(org: Organization, client: Client) -> None:
    make_key_id = make_key(org, name="=1+1")[0].id.hex
    ship(org, key_id=make_key_id, alias="@cmd")

    [line] = lines_of(client.get(CSV, DAYS))

    assert (line["key"], line["alias"]) == ("'=1+1", "'@cmd")


def test_the_download_takes_the_page_s_filters(
    org: Organization, client: Client
) -> None:
    ship(org, model="a/one")
    ship(org, model="b/two")

    lines = lines_of(client.get(CSV, {**DAYS, "model": "b/two"}))

    assert [line["model"] for line in lines] == ["b/two"]


def test_another_organization_s_usage_is_not_told(client: Client) -> None:
    ship(make_org("Globex"), model="their/model")

    assert b"their/model" not in client.get(URL, DAYS).content
    assert lines_of(client.get(CSV, DAYS)) == []

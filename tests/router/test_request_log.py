"""The request log and the page of one request."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from django.test import Client

from apps.accounts.models import Organization, User
from apps.kit.ids import uuid7
from apps.router.rows import DecisionRow
from tests.factories import make_member, make_org
from tests.router.ledger.rows import make_attempt, make_row, microseconds, ship

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
NOVEMBER = microseconds(datetime(2026, 11, 1, tzinfo=UTC))
DECISION = {
    "task_type": "coding",
    "task_probabilities": {"coding": 0.9},
    "priority": "balanced",
    "latency_pref": "normal",
    "model": "auto",
    "reason": "The cheapest that fits.",
    "candidates": [],
    "excluded": [],
    "weights": {"cost": 0.4, "latency": 0.3, "task_match": 0.3},
    "tokens": {"input": 10, "output": 400},
    "baseline_model": "fake/premium",
}


@pytest.fixture
def org(transactional_db: None) -> Organization:
    return make_org("Acme")


@pytest.fixture
def vic(org: Organization) -> User:
    return make_member(org, "vic", role="viewer")


@pytest.fixture
def client(vic: User) -> Client:
    client = Client()
    client.force_login(vic)
    return client


def test_the_log_shows_the_newest_first(org: Organization, client: Client) -> None:
    ship(
        [
            make_row(org.id, NOON, model="early/one"),
            make_row(org.id, NOON + timedelta(hours=1), model="late/one"),
        ]
    )

    text = client.get("/requests/").content.decode()

    assert 0 < text.index("late/one") < text.index("early/one")


def test_filters_and_pages_go_together(org: Organization, client: Client) -> None:
    rows = [make_row(org.id, NOON + timedelta(seconds=n)) for n in range(60)]
    ship([*rows, make_row(org.id, NOON, status="failed", model="other/one")])

    first = client.get("/requests/", {"status": "ok"})
    second = client.get(
        "/requests/", {"status": "ok", "after": first.context["page"].next_cursor}
    )

    assert len(first.context["page"].lines) == 50
    assert len(second.context["page"].lines) == 10
    assert b"other/one" not in first.content
    assert b"status=ok&amp;after=" in first.content


def test_only_the_list_is_swapped(org: Organization, client: Client) -> None:
    answer = client.get("/requests/", headers={"HX-Request": "true"})

    assert b"<html" not in answer.content
    assert b"No requests yet" in answer.content


@pytest.mark.parametrize("query", ["after=nonsense", "after=1-%00"])
def test_a_cursor_of_somebody_s_own_is_404(client: Client, query: str) -> None:
    assert client.get(f"/requests/?{query}").status_code == 404


def test_a_filter_without_sense_is_left_out(org: Organization, client: Client) -> None:
    ship([make_row(org.id, NOON)])

    answer = client.get("/requests/?status=odd&key=x&mode=y&model=%00")

    assert len(answer.context["page"].lines) == 1


def test_one_request_shows_why_and_what(org: Organization, client: Client) -> None:
    decision_id = uuid7()
    row = make_row(org.id, NOON, decision_id=decision_id.hex)
    attempts = [make_attempt(row, outcome="overloaded", message="Come back later")]
    content = msgspec.Raw(msgspec.json.encode(DECISION))
    decision = DecisionRow(org.id.hex, decision_id.hex, NOVEMBER, content)
    ship([row], attempts, [decision])

    text = client.get(f"/requests/{UUID(row.id)}/").content.decode()

    assert "The cheapest that fits." in text
    assert "Come back later" in text
    assert "$0.0075" in text


def test_a_request_that_nobody_could_take_is_shown(
    org: Organization, client: Client
) -> None:
    row = make_row(
        org.id, NOON, status="failed", model="", provider="", cost_nano=None, attempts=0
    )
    ship([row])

    answer = client.get(f"/requests/{UUID(row.id)}/")

    assert answer.status_code == 200
    assert b"No model answered" in answer.content


def test_another_organization_s_request_is_404(
    client: Client, sign_in: Callable[[User], Client]
) -> None:
    row = make_row(make_org("Globex").id, NOON)
    ship([row])

    theirs = client.get(f"/requests/{UUID(row.id)}/")
    nobodys = client.get(f"/requests/{uuid7()}/")

    assert theirs.status_code == nobodys.status_code == 404


@pytest.mark.parametrize("path", ["/requests/", f"/requests/{UUID(int=7)}/"])
def test_somebody_unknown_is_asked_to_sign_in(
    transactional_db: None, path: str
) -> None:
    answer = Client().get(path)

    assert answer.status_code == 302
    assert "/accounts/login/" in answer.headers["Location"]

"""The API of opportunities."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from apps.accounts.models import Organization
from apps.kit.clock import utc_now
from apps.opportunities.models import Opportunity
from tests.factories import make_key

type Read = Callable[[], Opportunity]
URL = "/api/v1/opportunities"


@pytest.fixture
def client(acme: Organization) -> Client:
    _, token = make_key(acme, scopes=("portfolio:manage",))
    return Client(headers={"authorization": f"Bearer {token}"})


def post(client: Client, url: str, body: dict[str, Any]) -> Any:
    return client.post(url, body, content_type="application/json")


def test_open_ones_are_listed_with_their_sum(the_one: Read, client: Client) -> None:
    answer = client.get(URL).json()

    [one] = answer["data"]
    assert one["candidate_model"] == "mini/gpt-4o-mini"
    assert one["savings_month_usd"] == "822.500000"
    assert one["details"]["parts"][0] == ["Independent benchmarks of this task", 65]
    assert answer["open_value"]["usd"] == "822.500000"
    assert answer["open_value"]["estimated_usd"] == "822.500000"


def test_one_is_read_by_its_id(the_one: Read, client: Client) -> None:
    assert client.get(f"{URL}/{the_one().id}").json()["kind"] == "cost_saving"
    assert client.get(f"{URL}/{uuid4()}").status_code == 404


def test_decisions_are_made_and_taken_back(the_one: Read, client: Client) -> None:
    url = f"{URL}/{the_one().id}"
    until = (utc_now() + timedelta(days=3)).isoformat()

    states = [
        post(client, f"{url}/dismiss", {"reason": "effort"}).json()["state"],
        post(client, f"{url}/restore", {}).json()["state"],
        post(client, f"{url}/snooze", {"until": until}).json()["state"],
    ]

    assert states == ["dismissed", "active", "active"]
    assert client.get(URL).json()["data"] == []
    assert len(client.get(f"{URL}?state=snoozed").json()["data"]) == 1


@pytest.mark.parametrize(
    ("act", "body"),
    [
        ("dismiss", {"reason": "mood"}),
        ("dismiss", {}),
        ("snooze", {"until": "2020-01-01T00:00:00Z"}),
        ("snooze", {"until": "soon"}),
    ],
)
def test_bad_input_is_refused(
    the_one: Read, client: Client, act: str, body: dict[str, Any]
) -> None:
    assert post(client, f"{URL}/{the_one().id}/{act}", body).status_code in {400, 422}


def test_a_bad_filter_is_refused(the_one: Read, client: Client) -> None:
    assert client.get(f"{URL}?risk=high").status_code in {400, 422}


def test_a_second_decision_is_told_that_it_came_late(
    the_one: Read, client: Client
) -> None:
    url = f"{URL}/{the_one().id}/dismiss"
    post(client, url, {"reason": "effort"})

    assert post(client, url, {"reason": "effort"}).status_code == 409


def test_a_key_without_the_scope_is_refused(the_one: Read, acme: Organization) -> None:
    _, token = make_key(acme, scopes=("chat",))
    client = Client(headers={"authorization": f"Bearer {token}"})

    assert client.get(URL).status_code == 403

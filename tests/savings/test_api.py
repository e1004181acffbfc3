"""Switches and savings in the control plane."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from apps.accounts.models import Organization, User
from apps.portfolio.models import UseCase
from tests.factories import make_key, make_member, make_org
from tests.savings.conftest import BIG, DEAR, SMALL, Make
from tests.savings.test_statement import add

pytestmark = pytest.mark.django_db(transaction=True)

type SignIn = Callable[[User], Client]
TODAY = datetime.now(UTC).date()


@pytest.fixture
def client(org: Organization) -> Client:
    _, token = make_key(org, scopes=("switches:manage",))
    return Client(headers={"Authorization": f"Bearer {token}"})


def post(client: Client, path: str, body: Any = None) -> Any:
    return client.post(path, body or {}, content_type="application/json")


def test_a_key_switches_promotes_and_undoes(client: Client, use_case: UseCase) -> None:
    body = {"use_case_id": str(use_case.id), "to_model": SMALL, "mode": "canary"}
    made = post(client, "/api/v1/switches", {**body, "rails": {"min_requests": 10}})
    here = f"/api/v1/switches/{made.json()['id']}"

    promoted = post(client, f"{here}/promote").json()
    undone = post(client, f"{here}/undo").json()
    again = post(client, f"{here}/undo")

    assert made.status_code == 201, made.content
    first = made.json()
    assert (first["state"], first["next"]["step"]) == ("canary", "wait")
    assert [arm["name"] for arm in first["arms"]] == ["control", "candidate"]
    assert first["rails"]["min_requests"] == 10
    assert (promoted["state"], undone["state"]) == ("live", "undone")
    assert again.status_code == 409
    assert len(client.get("/api/v1/switches").json()["data"]) == 1


@pytest.mark.parametrize(
    ("fields", "status", "param"),
    [
        ({"mode": "sideways"}, 400, "mode"),
        ({"share": 0.6}, 400, "share"),
        ({"to_model": "nobody/nothing"}, 400, "to_model"),
        ({"rails": {"min_reqests": 1}}, 400, "rails.min_reqests"),
        ({"seen_model": DEAR}, 409, None),
        ({"use_case_id": str(UUID(int=7))}, 404, None),
        ({"extra": 1}, 400, "extra"),
    ],
    ids=str,
)
def test_bad_bodies_are_told(
    client: Client,
    use_case: UseCase,
    fields: dict[str, Any],
    status: int,
    param: str | None,
) -> None:
    body = {"use_case_id": str(use_case.id), "to_model": SMALL, "mode": "at_once"}

    answer = post(client, "/api/v1/switches", {**body, **fields})

    assert answer.status_code == status, answer.content
    assert answer.json()["error"]["param"] == param


def test_savings_are_the_ledgers_sums(
    client: Client, use_case: UseCase, make: Make
) -> None:
    add(make(use_case), TODAY)

    found = client.get("/api/v1/savings").json()

    assert found["totals"]["measured_usd"] == 1234.56
    assert found["totals"]["estimated_usd"] is None
    assert found["lifetime"] == found["totals"]
    for name in ("by_day", "by_product", "by_use_case"):
        [line] = found[name]
        assert line["totals"] == found["totals"]
    wrong = client.get("/api/v1/savings?since=2026-02-01&until=2026-01-01")
    assert wrong.json()["error"]["param"] == "since"


def test_roles_scopes_and_organizations_are_kept_apart(
    use_case: UseCase, make: Make, org: Organization, sign_in: SignIn, client: Client
) -> None:
    made = make(use_case)
    here = f"/api/v1/switches/{made.id}"
    mia = sign_in(make_member(org, "mia", role="member"))
    gil = sign_in(make_member(make_org("Globex"), "gil", role="owner"))
    plain = Client(headers={"Authorization": f"Bearer {make_key(org)[1]}"})

    assert mia.get(here).status_code == 200
    assert post(mia, f"{here}/undo").status_code == 403
    assert gil.get(here).status_code == 404
    assert plain.get("/api/v1/savings").status_code == 403
    assert Client().get(here).status_code == 401
    assert post(client, f"{here}/fly").status_code == 404
    assert client.get(here).json()["from_model"] == BIG

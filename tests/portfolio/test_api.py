"""`/api/v1/portfolio/…`: made, read, changed, refused, by people and programs."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Organization, User
from apps.kit.ids import uuid7
from tests.factories import make_key
from tests.portfolio.making import GOLDEN, MODEL, make_model, make_use_case

pytestmark = pytest.mark.django_db(transaction=True)
type SignIn = Callable[[User], Client]
URL, JSON = "/api/v1/portfolio", "application/json"


def test_a_program_builds_a_portfolio(client: Client, acme: Organization) -> None:
    make_model()
    _, token = make_key(acme, scopes=("portfolio:manage",))
    head = {"X-API-Key": token}

    def post(path: str, body: dict[str, Any]) -> Any:
        return client.post(f"{URL}/{path}", body, JSON, headers=head)

    product = post("products", {"name": "Shop", "category": "agent"}).json()
    function = post("functions", {"product_id": product["id"], "name": "Find"}).json()
    made = post(
        "use-cases",
        {
            "function_id": function["id"],
            "name": "Answer",
            "task": "chat",
            "current_model": MODEL,
            "needs": ["cost", "quality"],
            **GOLDEN,
        },
    )
    url = f"{URL}/use-cases/{made.json()['id']}"
    changed = client.patch(url, {"calls_month": 200_000}, JSON, headers=head).json()
    listed = client.get(f"{URL}/products", headers=head).json()["data"]
    gone = client.delete(f"{URL}/products/{product['id']}", headers=head)

    assert made.status_code == 201
    body = made.json()
    assert (body["cost_month"], body["volume"]["basis"]) == (875.0, "typed")
    assert (body["required_context"], body["needs"]) == (4096, ["cost", "quality"])
    assert (body["price"]["provider"], body["price"]["input"]) == (
        "portfolio-house",
        2.5,
    )
    assert changed["cost_month"] == 1_750.0
    assert (listed[0]["cost_month"], listed[0]["use_cases"]) == (1_750.0, 1)
    assert gone.status_code == 204
    assert client.get(url, headers=head).status_code == 404


BAD: list[tuple[dict[str, Any], str]] = [
    ({}, "name"),
    ({"name": " "}, "name"),
    ({"task": "poetry"}, "task"),
    ({"current_model": "no/such"}, "current_model"),
    ({"current_provider": "nobody"}, "current_provider"),
    ({"needs": ["cost", "cost"]}, "needs"),
    ({"needs": ["luck"]}, "needs.0"),
    ({"needs": ["cost", "speed", "quality", "trust"]}, "needs"),
    ({"required_context": 0}, "required_context"),
    ({"calls_month": -1}, "calls_month"),
    ({"cached_share": 1.1}, "cached_share"),
    ({"parameters": ["DROP TABLE"]}, "parameters"),
    ({"capabilities": ["flight"]}, "capabilities.0"),
    ({"call_month": 5}, "call_month"),
    ({"product_id": None}, "product_id"),
]


def test_bad_input_is_named(sign_in: SignIn, olga: User) -> None:
    make_model()
    client = sign_in(olga)
    usual = {"name": "Answer", "task": "chat", "current_model": MODEL}

    for fields, param in BAD:
        body = {**usual, **fields} if fields else {}
        answer = client.post(f"{URL}/use-cases", body, JSON)
        told = (answer.status_code, answer.json()["error"]["param"])
        assert told == (400, param), fields


def test_another_organization_s_use_case_is_none(
    sign_in: SignIn, gil: User, acme: Organization
) -> None:
    theirs = make_use_case(acme)
    client = sign_in(gil)

    answers = [
        ask
        for found in (theirs.id, uuid7())
        for ask in (
            client.get(f"{URL}/use-cases/{found}"),
            client.patch(f"{URL}/use-cases/{found}", {"calls_month": 1}, JSON),
            client.delete(f"{URL}/use-cases/{found}"),
            client.post(f"{URL}/use-cases/{found}/alias", {}, JSON),
        )
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({str(answer.json()["error"]) for answer in answers}) == 1


def test_an_alias_needs_what_aliases_need(
    sign_in: SignIn, mia: User, adam: User, acme: Organization
) -> None:
    made = make_use_case(acme, "Answer")
    url = f"{URL}/use-cases/{made.id}/alias"

    refused = sign_in(mia).post(url, {}, JSON)
    given = sign_in(adam).post(url, {}, JSON)
    again = sign_in(adam).post(url, {}, JSON)
    taken = sign_in(adam).delete(url)

    statuses = [a.status_code for a in (refused, given, again, taken)]
    assert statuses == [403, 201, 409, 204]
    assert given.json()["name"] == "uc/answer"


def test_an_export_is_read_and_confirmed(sign_in: SignIn, mia: User) -> None:
    make_model()
    client = sign_in(mia)
    head = "date,model_permaslug,requests,prompt_tokens,completion_tokens,usage\n"
    row = f"2026-11-01,{MODEL},10,1000,500,0.5\n"

    bad = client.post(f"{URL}/imports", {"content": head + "x,m,1,1,1,1\n"}, JSON)
    draft = client.post(f"{URL}/imports", {"content": head + row}, JSON).json()
    url = f"{URL}/imports/{draft['id']}"
    body = {"new_product": "Shop", "choices": [{"number": 0, "action": "create"}]}
    done = client.post(f"{url}/confirm", body, JSON).json()
    wrong = client.post(f"{URL}/imports", {}, JSON)

    assert bad.status_code == 422
    assert "Line 2, column date" in bad.json()["error"]["message"]
    assert draft["proposals"][0]["cost_usd"] == 0.5
    assert done["proposals"][0]["action"] == "created"
    assert wrong.json()["error"]["param"] == "content"
    [listed] = client.get(f"{URL}/imports").json()["data"]
    assert listed["confirmed_at"]

"""`/api/v1/budgets` and `/api/v1/limits`: the control plane of limits."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Organization, User
from apps.audit.models import AuditEntry
from apps.kit.ids import uuid7
from apps.router.models import Policy
from apps.tenancy.scope import scope
from tests.factories import make_key, make_routed_request

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/api/v1/budgets"
JSON = "application/json"
type SignIn = Callable[[User], Client]


def test_a_budget_is_made_read_changed_and_deleted(
    sign_in: SignIn, olga: User, acme: Organization
) -> None:
    client = sign_in(olga)
    make_routed_request(acme, cost_usd=Decimal("1.25"))

    made = client.post(URL, {"period": "month", "limit_usd": "5"}, JSON)
    url = f"{URL}/{made.json()['id']}"
    changed = client.patch(url, {"limit_usd": 1.5}, JSON)
    listed = client.get(URL).json()["data"]
    gone = client.delete(url)

    assert made.status_code == 201
    body = made.json()
    assert (body["limit_usd"], body["spent_usd"], body["percent"]) == (5.0, 1.25, 25)
    assert (body["key_id"], body["held_usd"], body["level"]) == (None, 0.0, "ok")
    assert (changed.json()["percent"], changed.json()["level"]) == (83, "near")
    assert listed == [changed.json()]
    assert (gone.status_code, client.get(url).status_code) == (204, 404)
    with scope(acme.id):
        entries = AuditEntry.objects.filter(subject="budget").order_by("id")
        actions = [entry.action for entry in entries]
        sides = [(entry.before, entry.after) for entry in entries]
    assert actions == ["budget.created", "budget.changed", "budget.deleted"]
    assert sides[1] == ({"limit_usd": "5.000000000"}, {"limit_usd": "1.500000"})


def test_a_key_s_budget_counts_that_key_alone(
    sign_in: SignIn, olga: User, acme: Organization
) -> None:
    key, _ = make_key(acme)
    make_routed_request(acme, cost_usd=Decimal(1), key_id=key.id)
    make_routed_request(acme, cost_usd=Decimal(2))
    fields = {"key_id": str(key.id), "period": "day", "limit_usd": "10"}

    own = sign_in(olga).post(URL, fields, JSON).json()
    all_keys = sign_in(olga).post(URL, {**fields, "key_id": None}, JSON).json()

    assert (own["spent_usd"], all_keys["spent_usd"]) == (1.0, 3.0)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"limit_usd": "5"}, "period"),
        ({"period": "year", "limit_usd": "5"}, "period"),
        ({"period": "day"}, "limit_usd"),
        ({"period": "day", "limit_usd": "0"}, "limit_usd"),
        ({"period": "day", "limit_usd": "-1"}, "limit_usd"),
        ({"period": "day", "limit_usd": "NaN"}, "limit_usd"),
        ({"period": "day", "limit_usd": "0.0000001"}, "limit_usd"),
        # Taken for no budget at all, this would be the dearest slip there is.
        ({"period": "day", "limit_usd": "5", "keyid": "x"}, "keyid"),
    ],
)
def test_bad_input_is_named(
    sign_in: SignIn, olga: User, fields: dict[str, Any], param: str
) -> None:
    answer = sign_in(olga).post(URL, fields, JSON)

    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param


def test_one_budget_a_period_and_key(sign_in: SignIn, olga: User) -> None:
    fields = {"period": "day", "limit_usd": "5"}
    first, second = (sign_in(olga).post(URL, fields, JSON) for _ in range(2))

    assert (first.status_code, second.status_code) == (201, 400)
    assert "already" in second.json()["error"]["message"]


def test_another_organization_s_key_is_none(
    sign_in: SignIn, olga: User, globex: Organization
) -> None:
    theirs, _ = make_key(globex)
    answers = [
        sign_in(olga).post(
            URL, {"key_id": str(key_id), "period": "day", "limit_usd": "5"}, JSON
        )
        for key_id in (theirs.id, uuid7())
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({str(answer.json()["error"]) for answer in answers}) == 1


def test_a_program_needs_the_scope(client: Client, acme: Organization) -> None:
    _, plain = make_key(acme)
    _, manager = make_key(acme, scopes=("budgets:manage",))

    statuses = [
        client.get(URL, headers={"X-API-Key": token}).status_code
        for token in (plain, manager)
    ]

    assert statuses == [403, 200]


def test_limits_a_minute_are_set_and_taken_away(
    sign_in: SignIn, olga: User, acme: Organization
) -> None:
    client, url = sign_in(olga), "/api/v1/limits"
    both = {"requests_per_minute": 10, "tokens_per_minute": 2000}

    assert client.get(url).json() == dict.fromkeys(both)
    assert client.patch(url, both, JSON).json() == both
    fewer = client.patch(url, {"requests_per_minute": None}, JSON).json()

    assert fewer == {**both, "requests_per_minute": None}
    with scope(acme.id):
        assert Policy.objects.get().tokens_per_minute == 2000
        entry = AuditEntry.objects.filter(action="limits.changed").order_by("id")[0]
    assert entry.after == both
    assert client.patch(url, {"requests": 1}, JSON).status_code == 400

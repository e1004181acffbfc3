"""`/api/v1/aliases` and `/api/v1/policy`: made, changed, refused, tried."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Organization, User
from apps.audit.models import AuditEntry
from apps.kit.ids import uuid7
from apps.router.alias_models import Alias
from apps.router.alias_services import NewAlias, create_alias
from apps.router.models import Policy
from apps.tenancy.scope import scope
from tests.factories import make_key
from tests.router.aliases.conftest import Market

pytestmark = pytest.mark.django_db(transaction=True)
URL, POLICY, JSON = "/api/v1/aliases", "/api/v1/policy", "application/json"
NAME = "uc/support-triage"
type SignIn = Callable[[User], Client]


def test_an_alias_is_made_read_changed_and_deleted(
    sign_in: SignIn, olga: User, acme: Organization, market: Market
) -> None:
    client = sign_in(olga)
    rules = {"priority": "cheap", "max_cost": 0.02, "no_training": True}

    made = client.post(URL, {"name": NAME, "rules": rules}, JSON)
    url = f"{URL}/{made.json()['id']}"
    change = {"version": 1, "is_active": False, "rules": {"forced": market.dear}}
    changed = client.patch(url, change, JSON)
    listed = client.get(URL).json()["data"]
    gone = client.delete(url)

    assert made.status_code == 201
    assert made.json()["rules"]["max_cost"] == 0.02
    assert made.json()["rules"]["priority"] == "cheap"
    assert (made.json()["requests_30d"], made.json()["cost_30d"]) == (0, 0.0)
    body = changed.json()
    assert (body["is_active"], body["version"]) == (False, 2)
    assert (body["rules"]["forced"], body["rules"]["priority"]) == (market.dear, "")
    assert listed == [body]
    assert (gone.status_code, client.get(url).status_code) == (204, 404)
    with scope(acme.id):
        entries = list(AuditEntry.objects.filter(subject="alias").order_by("id"))
    actions = ["alias.created", "alias.changed", "alias.deleted"]
    assert [entry.action for entry in entries] == actions
    made_after, changed_after = entries[0].after or {}, entries[1].after or {}
    assert made_after["max_cost"] == "0.020000000"
    assert changed_after["forced"] == market.dear


def test_a_change_of_an_older_version_is_refused(
    sign_in: SignIn, olga: User, adam: User, acme: Organization
) -> None:
    with scope(acme.id):
        alias = create_alias(NewAlias(NAME))
    url = f"{URL}/{alias.id}"

    first = sign_in(olga).patch(url, {"version": 1, "description": "Ours"}, JSON)
    second = sign_in(adam).patch(url, {"version": 1, "description": "Mine"}, JSON)

    assert (first.status_code, second.status_code) == (200, 409)
    assert second.json()["error"]["code"] == "conflict"
    assert "Somebody else changed this" in second.json()["error"]["message"]
    with scope(acme.id):
        assert Alias.objects.get().description == "Ours"


BAD: list[tuple[dict[str, Any], str]] = [
    ({}, "name"),
    ({"name": "UC/x"}, "name"),
    ({"name": "auto"}, "name"),
    ({"name": "auto:best"}, "name"),
    ({"name": "dear-house/dear"}, "name"),
    ({"name": "dear"}, "name"),
    ({"name": "dear-house/mine"}, "name"),
    ({"name": NAME, "rule": {}}, "rule"),
    ({"name": NAME, "rules": {"no_trainig": True}}, "rules.no_trainig"),
    ({"name": NAME, "rules": {"forced": "no/such"}}, "rules.forced"),
    ({"name": NAME, "rules": {"fallbacks": ["no/such"]}}, "rules.fallbacks"),
    ({"name": NAME, "rules": {"ignored": ["nobody"]}}, "rules.ignored"),
    ({"name": NAME, "rules": {"max_cost": -1}}, "rules.max_cost"),
    ({"name": NAME, "rules": {"weights": {"cost": 2}}}, "rules.weights.cost"),
    ({"name": NAME, "rules": {"semantic_from": 0.9}}, "rules.semantic_from"),
]


def test_bad_input_is_named(sign_in: SignIn, olga: User, market: Market) -> None:
    client = sign_in(olga)

    for fields, param in BAD:
        answer = client.post(URL, fields, JSON)
        told = (answer.status_code, answer.json()["error"]["param"])
        assert told == (400, param), fields


def test_a_name_is_taken_once_in_an_organization(
    sign_in: SignIn, olga: User, gil: User
) -> None:
    statuses = [
        sign_in(user).post(URL, {"name": NAME}, JSON).status_code
        for user in (olga, olga, gil)
    ]

    assert statuses == [201, 400, 201]


def test_another_organization_s_alias_is_none(
    sign_in: SignIn, gil: User, acme: Organization
) -> None:
    with scope(acme.id):
        alias = create_alias(NewAlias(NAME))
    client = sign_in(gil)

    answers = [
        ask
        for alias_id in (alias.id, uuid7())
        for ask in (
            client.get(f"{URL}/{alias_id}"),
            client.patch(f"{URL}/{alias_id}", {"version": 1}, JSON),
            client.delete(f"{URL}/{alias_id}"),
        )
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({str(answer.json()["error"]) for answer in answers}) == 1


def test_a_program_needs_the_scope(client: Client, acme: Organization) -> None:
    _, plain = make_key(acme)
    _, manager = make_key(acme, scopes=("aliases:manage",))

    statuses = [
        client.get(URL, headers={"X-API-Key": token}).status_code
        for token in (plain, manager)
    ]

    assert statuses == [403, 200]


def test_the_policy_is_set_once_a_version(
    sign_in: SignIn, olga: User, acme: Organization, market: Market
) -> None:
    client = sign_in(olga)
    rules = {"no_training": True, "regions": ["de"]}
    change = {"version": 1, "rules": rules, "premium_model": market.dear}

    before = client.get(POLICY).json()
    first = client.patch(POLICY, change, JSON)
    second = client.patch(POLICY, change, JSON)
    kept = client.patch(POLICY, {"version": 2, "rules": {}}, JSON)

    assert (before["version"], before["premium_model"]) == (1, None)
    assert (first.status_code, second.status_code) == (200, 409)
    assert first.json()["rules"]["regions"] == ["DE"]
    assert kept.json()["premium_model"] == market.dear
    with scope(acme.id):
        assert Policy.objects.get().rules == {}
        entry = AuditEntry.objects.filter(action="policy.changed").order_by("id")[0]
    assert (entry.after or {})["regions"] == ["DE"]


def test_the_policy_s_bad_input_is_named(
    sign_in: SignIn, olga: User, market: Market
) -> None:
    client = sign_in(olga)
    bad: list[tuple[dict[str, Any], int, str]] = [
        ({"rules": {}}, 400, "version"),
        ({"version": 1, "rules": {"nonsense": 1}}, 400, "rules.nonsense"),
        ({"version": 1, "rules": {"order": ["x"]}}, 400, "rules.order"),
        ({"version": 1, "rules": {}, "premium_model": "x"}, 404, "premium_model"),
    ]

    for body, status, param in bad:
        answer = client.patch(POLICY, body, JSON)
        assert (answer.status_code, answer.json()["error"]["param"]) == (status, param)

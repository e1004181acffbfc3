"""Privacy's part of the control plane."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Organization, User
from apps.privacy import queries
from apps.privacy.models import Deletion, Export
from apps.tenancy.scope import scope
from tests.factories import PASSWORD, make_key

pytestmark = pytest.mark.django_db
type SignIn = Callable[[User], Client]
JSON = "application/json"


@pytest.fixture
def key(acme: Organization) -> dict[str, Any]:
    token = make_key(acme, scopes=("privacy:manage",))[1]
    return {"headers": {"authorization": f"Bearer {token}"}}


def test_a_key_reads_and_changes_what_is_kept(
    client: Client, acme: Organization, key: dict[str, Any]
) -> None:
    before = client.get("/api/v1/privacy", **key)
    after = client.patch(
        "/api/v1/privacy", {"stores_prompts": True}, content_type=JSON, **key
    )

    assert before.json()["stores_prompts"] is False
    assert after.json() == {
        "stores_prompts": True,
        "retention_days": 30,
        "redacts": ["email", "phone", "card", "secret", "iban"],
    }


@pytest.mark.parametrize(
    "body",
    [
        {"retention_days": 0},
        {"retention_days": 400},
        {"redacts": ["names"]},
        {"store_prompts": False},
    ],
)
def test_what_cannot_be_is_refused(
    client: Client, key: dict[str, Any], body: dict[str, Any]
) -> None:
    answer = client.patch("/api/v1/privacy", body, content_type=JSON, **key)

    assert answer.status_code == 400


def test_a_key_without_the_scope_is_refused(client: Client, acme: Organization) -> None:
    headers = {"authorization": f"Bearer {make_key(acme)[1]}"}

    for path in ("/api/v1/privacy", "/api/v1/privacy/exports"):
        assert client.get(path, headers=headers).status_code == 403


def test_an_export_is_asked_for_and_followed(
    client: Client, acme: Organization, key: dict[str, Any]
) -> None:
    asked = client.post("/api/v1/privacy/exports", **key)
    again = client.post("/api/v1/privacy/exports", **key)
    followed = client.get(f"/api/v1/privacy/exports/{asked.json()['id']}", **key)
    listed = client.get("/api/v1/privacy/exports", **key)

    assert (asked.status_code, again.status_code) == (202, 409)
    assert followed.json()["state"] == "waiting"
    assert followed.json()["download_url"] == ""
    assert [one["id"] for one in listed.json()["data"]] == [asked.json()["id"]]


def test_another_organizations_export_is_not_there(
    client: Client, globex: Organization, key: dict[str, Any]
) -> None:
    with scope(globex.id):
        theirs = Export.objects.create()

    assert client.get(f"/api/v1/privacy/exports/{theirs.id}", **key).status_code == 404


def test_no_key_deletes_an_organization(client: Client, key: dict[str, Any]) -> None:
    path, body = "/api/v1/privacy/deletion", {"name": "Acme"}

    assert client.post(path, body, content_type=JSON, **key).status_code in {401, 403}


def test_an_owner_plans_and_undoes_a_deletion(
    sign_in: SignIn, acme: Organization, olga: User
) -> None:
    client, path = sign_in(olga), "/api/v1/privacy/deletion"
    stale = client.post(path, {"name": "Acme"}, content_type=JSON)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    wrong = client.post(path, {"name": "Acne"}, content_type=JSON)
    planned = client.post(path, {"name": "Acme"}, content_type=JSON)
    shown = client.get(path)
    undone = client.delete(path)
    gone = client.get(path)

    codes = [a.status_code for a in (stale, wrong, planned, shown, undone, gone)]
    assert codes == [428, 400, 201, 200, 204, 404]
    with scope(acme.id):
        assert not Deletion.objects.exists()


def test_an_admin_does_not(sign_in: SignIn, adam: User) -> None:
    path, body = "/api/v1/privacy/deletion", {"name": "Acme"}

    assert sign_in(adam).post(path, body, content_type=JSON).status_code == 403


def test_what_is_kept_belongs_to_the_organization(
    client: Client, acme: Organization, globex: Organization, key: dict[str, Any]
) -> None:
    client.patch("/api/v1/privacy", {"stores_prompts": True}, content_type=JSON, **key)

    with scope(globex.id):
        assert not queries.settings_of_scope().stores_prompts

"""Tags of keys: set on pages and by the API, and known of every caller."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.accounts.keys import digest, resolve
from apps.accounts.models import Organization, User
from apps.audit.models import AuditEntry
from apps.tenancy.scope import scope
from tests.factories import make_key

pytestmark = pytest.mark.django_db
JSON = "application/json"
type SignIn = Callable[[User], Client]


def test_tags_are_set_on_the_key_s_page(
    sign_in: SignIn, mia: User, acme: Organization
) -> None:
    key, token = make_key(acme, name="Nightly")
    client, url = sign_in(mia), f"/keys/{key.id}/"
    sent = {"name": "Nightly", "scopes": ["chat"], "tags": "Team:Search, env:prod"}

    saved = client.post(url, sent)
    bad = client.post(url, {**sent, "tags": "two words"})
    page = client.get("/keys/").content.decode()

    assert (saved.status_code, bad.status_code) == (302, 422)
    assert "is no tag" in bad.content.decode()
    assert "team:search" in page
    caller = resolve(digest(token))
    assert caller is not None
    assert caller.tags == ("env:prod", "team:search")


def test_tags_are_set_by_the_api_and_on_record(
    sign_in: SignIn, olga: User, acme: Organization
) -> None:
    client = sign_in(olga)

    made = client.post("/api/v1/keys", {"name": "CI", "tags": ["b", "a", "b"]}, JSON)
    url = f"/api/v1/keys/{made.json()['id']}"
    changed = client.patch(url, {"tags": []}, JSON)

    assert (made.status_code, made.json()["tags"]) == (201, ["a", "b"])
    assert changed.json()["tags"] == []
    with scope(acme.id):
        entry = AuditEntry.objects.order_by("-id")[0]
    assert (entry.before, entry.after) == ({"tags": ["a", "b"]}, {"tags": []})


@pytest.mark.parametrize(
    "tags",
    ["team", ["a b"], [""], ["a:b:c"], ["é"], ["x" * 65], [f"t{n}" for n in range(9)]],
)
def test_bad_tags_are_refused_by_name(
    sign_in: SignIn, olga: User, acme: Organization, tags: Any
) -> None:
    key, token = make_key(acme, tags=["kept"])

    answer = sign_in(olga).patch(f"/api/v1/keys/{key.id}", {"tags": tags}, JSON)

    assert answer.status_code == 400
    assert answer.json()["error"]["param"].startswith("tags")
    caller = resolve(digest(token))
    assert caller is not None
    assert caller.tags == ("kept",)

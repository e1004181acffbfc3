"""Nobody gives a key what they may not do themselves, nor takes over one that may."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.accounts.keys import DEFAULT_SCOPES, SCOPES
from apps.accounts.models import APIKey, Organization, User
from apps.accounts.roles import SCOPE_ACTIONS, is_beyond
from apps.tenancy.scope import scope
from tests.factories import make_key

pytestmark = pytest.mark.django_db
type SignIn = Callable[[User], Client]
STRONG = ("members:manage", "audit:read", "provider_keys:manage", "budgets:manage")


def _keys(org: Organization) -> list[APIKey]:
    with scope(org.id):
        return list(APIKey.objects.all())


def test_every_scope_says_which_action_it_is() -> None:
    assert set(SCOPE_ACTIONS) == set(SCOPES)


def test_an_admin_may_give_every_scope() -> None:
    assert not is_beyond("admin", SCOPES)


@pytest.mark.parametrize("strong", STRONG)
def test_a_member_makes_no_key_above_the_own_role(
    sign_in: SignIn, mia: User, acme: Organization, strong: str
) -> None:
    client, scopes = sign_in(mia), ["chat", strong]
    form = {"name": "CI", "kind": "live", "expires_in": "", "scopes": scopes}
    body: dict[str, Any] = {"name": "CI", "scopes": scopes}

    assert client.post("/keys/", form).status_code == 422
    sent = client.post("/api/v1/keys", body, content_type="application/json")
    assert sent.status_code == 403
    assert _keys(acme) == []
    assert strong not in client.get("/keys/").content.decode()


def test_a_member_takes_over_no_stronger_key(
    sign_in: SignIn, mia: User, acme: Organization
) -> None:
    key, _ = make_key(acme, scopes=(*DEFAULT_SCOPES, "members:manage"))
    client = sign_in(mia)
    page, api = f"/keys/{key.id}/", f"/api/v1/keys/{key.id}"
    send: dict[str, Any] = {"content_type": "application/json"}

    answers = [
        client.post(f"{page}rotate/", {"overlap_hours": "24"}),
        client.post(page, {"name": "Mine", "scopes": ["chat"]}),
        client.post(f"{api}/rotate", {}, **send),
        client.patch(api, {"name": "Mine"}, **send),
    ]

    assert [answer.status_code for answer in answers] == [403] * 4
    (after,) = _keys(acme)
    assert (after.name, bytes(after.digest)) == (key.name, bytes(key.digest))
    # To stop a key is no power over anybody.
    assert client.delete(api).status_code == 204


def test_a_leader_gives_what_the_role_has(
    sign_in: SignIn, adam: User, acme: Organization
) -> None:
    body = {"name": "SIEM", "scopes": ["audit:read"]}
    made = sign_in(adam).post("/api/v1/keys", body, content_type="application/json")

    assert made.status_code == 201
    assert [key.scopes for key in _keys(acme)] == [["audit:read"]]

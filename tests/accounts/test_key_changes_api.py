"""Changing and rotating API keys by program, and what a key may hand on."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.accounts.keys import digest, resolve
from apps.accounts.models import APIKey, Organization, User
from apps.tenancy.scope import scope
from tests.factories import make_key

pytestmark = pytest.mark.django_db
URL = "/api/v1/keys"
type SignIn = Callable[[User], Client]


def _post(client: Client, body: Any, **headers: Any) -> Any:
    return client.post(URL, body, content_type="application/json", headers=headers)


def test_a_key_is_changed_field_by_field(
    sign_in: SignIn, olga: User, acme: Organization
) -> None:
    key, token = make_key(acme)
    changes = {
        "allowed_models": ["OpenAI/*"],
        "allowed_ips": ["192.0.2.7/24", "::1"],
        "requests_per_minute": 10,
        "tokens_per_minute": 5000,
    }
    client, url = sign_in(olga), f"{URL}/{key.id}"

    changed = client.patch(url, changes, content_type="application/json")
    reset = client.patch(
        url, {"requests_per_minute": None}, content_type="application/json"
    )

    assert changed.status_code == 200
    body = changed.json()
    assert body["allowed_models"] == ["openai/*"]
    assert body["allowed_ips"] == ["192.0.2.0/24", "::1/128"]
    assert (body["name"], body["requests_per_minute"]) == ("Test suite", 10)
    assert reset.json()["requests_per_minute"] is None
    assert client.get(url).json() == reset.json()
    caller = resolve(digest(token))
    assert caller is not None
    assert (caller.allowed_models, caller.tokens_per_minute) == (("openai/*",), 5000)


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"request_per_minute": 5}, "request_per_minute"),
        ({"requests_per_minute": 0}, "requests_per_minute"),
        ({"tokens_per_minute": -1}, "tokens_per_minute"),
        ({"allowed_models": ["a b"]}, "allowed_models"),
        ({"allowed_ips": ["localhost"]}, "allowed_ips"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"scopes": []}, "scopes"),
    ],
)
def test_a_bad_change_is_named_and_changes_nothing(
    sign_in: SignIn,
    olga: User,
    acme: Organization,
    change: dict[str, Any],
    param: str,
) -> None:
    key, _ = make_key(acme)
    client, url = sign_in(olga), f"{URL}/{key.id}"
    before = client.get(url).json()

    answer = client.patch(url, change, content_type="application/json")

    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param
    assert client.get(url).json() == before


def test_what_a_key_is_cannot_be_changed(
    sign_in: SignIn, olga: User, acme: Organization, globex: Organization
) -> None:
    key, token = make_key(acme, is_test=True)
    forged = {
        name: value
        for field in APIKey._meta.concrete_fields
        for name in (field.name, field.attname)
        for value in [str(globex.id)]
        if name not in {"name", "scopes", "expires_at"}
        and not name.startswith(("allowed", "requests", "tokens", "tags"))
    }

    answer = sign_in(olga).patch(
        f"{URL}/{key.id}", {**forged, "is_test": False}, content_type="application/json"
    )

    assert answer.status_code == 200
    with scope(acme.id):
        assert APIKey.objects.get(id=key.id).is_test
    caller = resolve(digest(token))
    assert caller is not None
    assert (caller.org_id, caller.is_test) == (acme.id, True)


def test_a_rotation_answers_the_new_secret_once(
    sign_in: SignIn, olga: User, acme: Organization
) -> None:
    key, old = make_key(acme)
    client = sign_in(olga)

    answer = client.post(
        f"{URL}/{key.id}/rotate", {"overlap_hours": 2}, content_type="application/json"
    )

    body = answer.json()
    assert answer.status_code == 200
    assert body["id"] == str(key.id)
    assert body["previous_last4"] == old[-4:]
    assert resolve(digest(body["key"])) is not None
    assert resolve(digest(old)) is not None
    assert "key" not in client.get(f"{URL}/{key.id}").json()


@pytest.mark.parametrize("hours", [-1, 721, "soon"])
def test_an_overlap_has_its_bounds(
    sign_in: SignIn, olga: User, acme: Organization, hours: Any
) -> None:
    key, _ = make_key(acme)

    answer = sign_in(olga).post(
        f"{URL}/{key.id}/rotate",
        {"overlap_hours": hours},
        content_type="application/json",
    )

    assert answer.status_code == 400


def test_a_slip_in_the_name_of_the_overlap_leaves_the_secret_as_it_was(
    sign_in: SignIn, olga: User, acme: Organization
) -> None:
    key, old = make_key(acme)

    answer = sign_in(olga).post(
        f"{URL}/{key.id}/rotate", {"overlap": 0}, content_type="application/json"
    )

    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "overlap"
    assert resolve(digest(old)) is not None


RESTRICTED: dict[str, Any] = {
    "allowed_models": ["openai/*", "groq/*"],
    "allowed_ips": ["127.0.0.0/8"],
    "requests_per_minute": 100,
    "tokens_per_minute": 1000,
}


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        (RESTRICTED, 201),
        ({**RESTRICTED, "allowed_models": ["groq/*"]}, 201),
        ({**RESTRICTED, "allowed_ips": ["127.0.0.1"]}, 201),
        ({**RESTRICTED, "allowed_models": []}, 403),
        ({**RESTRICTED, "allowed_models": ["*"]}, 403),
        ({**RESTRICTED, "allowed_ips": []}, 403),
        ({**RESTRICTED, "allowed_ips": ["::/0"]}, 403),
        ({**RESTRICTED, "allowed_ips": ["126.0.0.0/7"]}, 403),
        ({**RESTRICTED, "requests_per_minute": 101}, 403),
        ({**RESTRICTED, "tokens_per_minute": None}, 403),
    ],
)
def test_a_restricted_key_hands_its_restrictions_on(
    client: Client, acme: Organization, wish: dict[str, Any], status: int
) -> None:
    _, token = make_key(acme, scopes=("chat", "keys:manage"), **RESTRICTED)

    answer = _post(
        client, {"name": "CI", "scopes": ["chat"], **wish}, **{"X-API-Key": token}
    )

    assert answer.status_code == status


def test_a_key_cannot_widen_or_rotate_a_wider_one(
    client: Client, acme: Organization
) -> None:
    wide, _ = make_key(acme)
    narrow, token = make_key(acme, scopes=("keys:manage",), **RESTRICTED)
    headers = {"X-API-Key": token}

    answers = [
        client.post(
            f"{URL}/{wide.id}/rotate",
            {},
            content_type="application/json",
            headers=headers,
        ),
        client.patch(
            f"{URL}/{narrow.id}",
            {"allowed_models": []},
            content_type="application/json",
            headers=headers,
        ),
        client.patch(
            f"{URL}/{narrow.id}",
            {"scopes": ["chat"]},
            content_type="application/json",
            headers=headers,
        ),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]

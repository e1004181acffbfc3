"""`/api/v1/keys`: the control plane of API keys."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from apps.accounts.keys import digest, resolve
from apps.accounts.models import APIKey, Organization, User
from apps.kit.clock import utc_now
from apps.kit.ids import uuid7
from apps.tenancy.scope import scope
from tests.factories import make_key

pytestmark = pytest.mark.django_db
URL = "/api/v1/keys"
type SignIn = Callable[[User], Client]


@pytest.fixture
def manager(acme: Organization) -> dict[str, str]:
    """Headers of a program that may manage keys."""
    _, token = make_key(acme, scopes=("chat", "keys:manage"))
    return {"Authorization": f"Bearer {token}"}


def _post(client: Client, body: Any, **headers: Any) -> Any:
    return client.post(URL, body, content_type="application/json", headers=headers)


def test_a_member_makes_a_key_and_sees_its_secret_once(
    sign_in: SignIn, mia: User
) -> None:
    client = sign_in(mia)
    made = _post(client, {"name": "CI", "is_test": True})

    assert made.status_code == 201
    body = made.json()
    caller = resolve(digest(body["key"]))
    assert caller is not None
    assert str(caller.key_id) == body["id"]
    assert caller.is_test
    (listed,) = client.get(URL).json()["data"]
    assert listed == {name: body[name] for name in listed}
    assert "key" not in listed


def test_a_program_makes_lists_and_revokes_keys(
    client: Client, manager: dict[str, str]
) -> None:
    made = _post(client, {"name": "CI", "scopes": ["chat"]}, **manager).json()
    gone = client.delete(f"{URL}/{made['id']}", headers=manager)

    assert (gone.status_code, gone.content) == (204, b"")
    assert resolve(digest(made["key"])) is None
    listed = client.get(URL, headers={"X-API-Key": manager["Authorization"][7:]})
    assert [key["name"] for key in listed.json()["data"]] == ["Test suite", "CI"]


def test_anonymous_callers_are_refused(client: Client) -> None:
    answer = client.get(URL)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    body = answer.json()
    assert body["error"]["code"] == "invalid_api_key"
    assert body["error"]["type"] == "authentication_error"
    assert body["request_id"] == answer.headers["X-Request-Id"]


@pytest.mark.parametrize("token", ["x", "mx_live_" + "0" * 38, "mx_live_é"])
def test_a_wrong_key_is_refused_also_beside_a_session(
    sign_in: SignIn, olga: User, token: str
) -> None:
    answer = sign_in(olga).get(URL, headers={"X-API-Key": token})

    assert answer.status_code == 401


def test_another_scheme_is_no_key(client: Client) -> None:
    answer = client.get(URL, headers={"Authorization": "Basic abc"})

    assert answer.status_code == 401


def test_a_revoked_key_is_refused(
    client: Client, acme: Organization, manager: dict[str, str]
) -> None:
    with scope(acme.id):
        APIKey.objects.update(revoked_at=utc_now())

    assert client.get(URL, headers=manager).status_code == 401


def test_a_key_without_the_scope_is_refused(client: Client, acme: Organization) -> None:
    _, token = make_key(acme)
    answer = client.get(URL, headers={"X-API-Key": token})

    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "permission_denied"


def test_a_viewer_lists_but_does_not_make_or_revoke(
    sign_in: SignIn, vic: User, acme: Organization
) -> None:
    key, token = make_key(acme)
    client = sign_in(vic)

    assert client.get(URL).status_code == 200
    assert _post(client, {"name": "CI"}).status_code == 403
    assert client.delete(f"{URL}/{key.id}").status_code == 403
    assert resolve(digest(token)) is not None


def test_a_session_needs_its_csrf_token(olga: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(olga)

    answer = _post(client, {"name": "CI"})

    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "permission_denied"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "CI", "scopes": []}, "scopes"),
        ({"name": "CI", "scopes": ["fly"]}, "scopes.0"),
        ({"name": "CI", "expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"name": "CI", "expires_at": "soon"}, "expires_at"),
        ("[]", None),
        ("{", None),
        ('{"name": "\\u0000"}', "body.name"),
        ("[" * 1000, None),
        (b"\xff", None),
    ],
)
def test_bad_input_is_named(
    sign_in: SignIn, olga: User, body: Any, param: str | None
) -> None:
    answer = _post(sign_in(olga), body)

    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["code"], error["param"]) == ("validation_error", param)


def test_a_body_too_large_is_refused(
    sign_in: SignIn, olga: User, settings: Any
) -> None:
    settings.REQUEST_MAX_BYTES = 100

    answer = _post(sign_in(olga), {"name": "x" * 200})

    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "payload_too_large"


def test_an_encoded_body_is_refused(sign_in: SignIn, olga: User) -> None:
    answer = _post(sign_in(olga), {"name": "x"}, **{"Content-Encoding": "gzip"})

    assert answer.status_code == 415


def test_a_body_without_its_content_type_is_read_as_json(
    client: Client, manager: dict[str, str]
) -> None:
    form = "application/x-www-form-urlencoded"
    body = '{"name": "CI", "scopes": ["chat"]}'
    answer = client.post(URL, body, content_type=form, headers=manager)

    assert answer.status_code == 201


def test_no_field_but_the_known_ones_is_taken(
    sign_in: SignIn, olga: User, globex: Organization
) -> None:
    forged = {"org": str(globex.id), "org_id": str(globex.id), "digest": "00", "id": 7}
    made = _post(sign_in(olga), {"name": "CI", "revoked_at": None, **forged}).json()

    caller = resolve(digest(made["key"]))
    assert caller is not None
    assert caller.org_id != globex.id


def test_an_expiry_is_kept(sign_in: SignIn, olga: User) -> None:
    moment = (utc_now() + timedelta(days=1)).isoformat()
    made = _post(sign_in(olga), {"name": "CI", "expires_at": moment}).json()

    caller = resolve(digest(made["key"]))
    assert caller is not None
    assert caller.expires_at is not None
    assert caller.expires_at.isoformat() == moment


@pytest.mark.parametrize(
    ("is_test", "asked"),
    [(False, {"scopes": ["usage:read"]}), (True, {"scopes": ["chat"]})],
)
def test_a_key_gives_away_no_more_than_it_has(
    client: Client, acme: Organization, is_test: bool, asked: dict[str, Any]
) -> None:
    _, token = make_key(acme, is_test=is_test, scopes=("chat", "keys:manage"))

    answer = _post(client, {"name": "CI", **asked}, **{"X-API-Key": token})

    assert answer.status_code == 403


def test_another_organizations_key_is_not_there(
    sign_in: SignIn, olga: User, globex: Organization
) -> None:
    theirs, token = make_key(globex)
    client = sign_in(olga)
    answers = [client.delete(f"{URL}/{key_id}") for key_id in (theirs.id, uuid7())]

    assert {answer.status_code for answer in answers} == {404}
    assert len({str(answer.json()["error"]) for answer in answers}) == 1
    assert resolve(digest(token)) is not None


@pytest.mark.parametrize(
    ("method", "status"), [("put", 405), ("patch", 405), ("delete", 405)]
)
def test_other_methods_are_not_there(
    sign_in: SignIn, olga: User, method: str, status: int
) -> None:
    answer = getattr(sign_in(olga), method)(URL)

    assert answer.status_code == status
    assert answer.json()["error"]["code"] == "validation_error"
    assert "POST" in answer.headers["Allow"]


def test_an_unknown_address_answers_in_the_same_shape(client: Client) -> None:
    answer = client.get("/api/v1/nothing")

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"
    assert answer.headers["X-Request-Id"] == answer.json()["request_id"]


def test_the_schema_describes_the_keys(client: Client) -> None:
    schema = client.get("/api/schema/").content.decode()

    assert "/api/v1/keys" in schema
    assert "list_keys" in schema
    assert "bearerFormat: mx_…" in schema

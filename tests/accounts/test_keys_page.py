"""`/keys/`: list, create and revoke API keys."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from apps.accounts.keys import digest, resolve
from apps.accounts.models import Organization, User
from apps.kit.clock import utc_now
from apps.kit.ids import uuid7
from tests.factories import make_key

pytestmark = pytest.mark.django_db
URL = "/keys/"
GOOD = {"name": "CI", "kind": "live", "expires_in": "", "scopes": ["chat"]}
HTMX = {"HX-Request": "true"}
type SignIn = Callable[[User], Client]


def _token_in(answer: Any) -> str:
    found = re.search(r"mx_(live|test)_\w{38}", answer.content.decode())
    return found.group() if found else ""


def test_a_new_key_is_shown_once_and_works(sign_in: SignIn, mia: User) -> None:
    client = sign_in(mia)
    made = client.post(URL, GOOD)

    caller = resolve(digest(_token_in(made)))
    assert caller is not None
    assert caller.scopes == {"chat"}
    assert "no-store" in made.headers["Cache-Control"]
    assert _token_in(client.get(URL)) == ""


def test_a_test_key_with_an_end(sign_in: SignIn, mia: User) -> None:
    form = {**GOOD, "kind": "test", "expires_in": "30"}
    made = sign_in(mia).post(URL, form)

    caller = resolve(digest(_token_in(made)))
    assert caller is not None
    assert caller.is_test
    assert caller.expires_at is not None
    assert abs(caller.expires_at - utc_now() - timedelta(days=30)).seconds < 60


def test_htmx_gets_the_panel_alone(sign_in: SignIn, mia: User) -> None:
    client = sign_in(mia)
    for answer in (client.get(URL, headers=HTMX), client.post(URL, GOOD, headers=HTMX)):
        assert answer.status_code == 200
        assert b"<html" not in answer.content


def test_a_key_is_revoked(sign_in: SignIn, mia: User, acme: Organization) -> None:
    client = sign_in(mia)
    for headers, status in (({}, 302), (HTMX, 200)):
        key, token = make_key(acme, name="Laptop")
        answer = client.post(f"{URL}{key.id}/revoke/", headers=headers)
        assert answer.status_code == status
        assert resolve(digest(token)) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "x" * 101},
        {"name": "\x00"},
        {"kind": "other"},
        {"expires_in": "7"},
        {"scopes": []},
        {"scopes": ["fly"]},
    ],
)
def test_bad_input_is_shown_again(
    sign_in: SignIn, mia: User, wrong: dict[str, Any]
) -> None:
    answer = sign_in(mia).post(URL, {**GOOD, **wrong})

    assert answer.status_code == 422
    assert _token_in(answer) == ""


def test_anonymous_visitors_sign_in_first(client: Client) -> None:
    for answer in (client.get(URL), client.post(URL, GOOD)):
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/accounts/login/")


def test_a_viewer_sees_keys_and_no_form(
    sign_in: SignIn, vic: User, acme: Organization
) -> None:
    key, _ = make_key(acme, name="Laptop")
    client = sign_in(vic)
    page = client.get(URL).content.decode()

    assert "Laptop" in page
    assert "revoke" not in page
    assert client.post(URL, GOOD).status_code == 403
    assert client.post(f"{URL}{key.id}/revoke/").status_code == 403


def test_another_organizations_key_is_neither_seen_nor_revoked(
    sign_in: SignIn, olga: User, globex: Organization
) -> None:
    theirs, token = make_key(globex, name="Secret project")
    client = sign_in(olga)
    answers = [client.post(f"{URL}{i}/revoke/") for i in (theirs.id, uuid7())]

    assert b"Secret project" not in client.get(URL).content
    assert {answer.status_code for answer in answers} == {404}
    assert resolve(digest(token)) is not None


def test_a_name_is_text_and_never_markup(
    sign_in: SignIn, mia: User, acme: Organization
) -> None:
    make_key(acme, name="<script>alert(1)</script>")

    assert b"<script>alert" not in sign_in(mia).get(URL).content


def test_a_form_from_another_site_is_refused(mia: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(mia)

    assert client.post(URL, GOOD).status_code == 403

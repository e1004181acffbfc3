"""Sign-in, sign-out, and the way back to the page that asked for it."""

from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.test import Client

from apps.accounts.models import User
from tests.accounts.test_sign_up import _link
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db
URL = "/accounts/login/"


def _sign_in(client: Client, email: str, password: str = PASSWORD, **data: str) -> Any:
    return client.post(URL, {"login": email, "password": password, **data})


def test_the_page_that_asked_is_returned_to(client: Client, olga: User) -> None:
    asked = client.get("/keys/")
    assert asked.headers["Location"] == f"{URL}?next=/keys/"

    answer = _sign_in(client, olga.email, next="/keys/")

    assert answer.headers["Location"] == "/keys/"


def test_another_site_is_not_returned_to(client: Client, olga: User) -> None:
    answer = _sign_in(client, olga.email, next="https://evil.example/")

    assert answer.headers["Location"] == "/dashboard/"


def test_signing_out_ends_the_session_and_needs_a_post(
    client: Client, olga: User
) -> None:
    _sign_in(client, olga.email)
    client.get("/accounts/logout/")
    assert "_auth_user_id" in client.session

    client.post("/accounts/logout/")

    assert "_auth_user_id" not in client.session


def test_a_wrong_password_and_an_unknown_address_look_alike(
    client: Client, olga: User
) -> None:
    wrong = _sign_in(client, olga.email, "wrong")
    unknown = _sign_in(client, "nobody@example.com", "wrong")

    pages = [
        answer.content.decode()
        .replace(olga.email, "…")
        .replace("nobody@example.com", "…")
        for answer in (wrong, unknown)
    ]
    assert wrong.status_code == unknown.status_code == 200
    assert _without_tokens(pages[0]) == _without_tokens(pages[1])


def _without_tokens(page: str) -> list[str]:
    return [line for line in page.splitlines() if "csrf" not in line]


def test_guessing_is_stopped_whatever_address_is_forged(
    client: Client, olga: User
) -> None:
    data = {"login": olga.email, "password": "wrong"}
    answers = [
        client.post(URL, data, headers={"X-Forwarded-For": f"1.1.1.{n}"})
        for n in range(12)
    ]

    assert _sign_in(client, olga.email).status_code != 302
    assert answers[-1].status_code in {200, 429}


def test_a_forgotten_password_is_replaced(
    client: Client, olga: User, mailoutbox: list[EmailMessage]
) -> None:
    client.post("/accounts/password/reset/", {"email": olga.email})
    form = client.get(_link(mailoutbox[0]), follow=True)
    new = "another fine passphrase"
    client.post(form.redirect_chain[-1][0], {"password1": new, "password2": new})

    assert "_auth_user_id" not in Client().session
    assert _sign_in(Client(), olga.email).status_code == 200
    assert _sign_in(Client(), olga.email, new).status_code == 302


def test_a_reset_does_not_tell_who_has_an_account(
    client: Client, olga: User, mailoutbox: list[EmailMessage]
) -> None:
    answers = [
        client.post("/accounts/password/reset/", {"email": email})
        for email in (olga.email, "nobody@example.com")
    ]

    assert len({(a.status_code, a.headers["Location"]) for a in answers}) == 1
    assert len(mailoutbox) == 2


def test_the_session_changes_its_key_at_sign_in(client: Client, olga: User) -> None:
    client.get(URL)
    before = client.session.session_key
    _sign_in(client, olga.email)

    assert client.session.session_key != before

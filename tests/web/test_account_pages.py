"""allauth's pages in our clothes: each renders, and in our frame."""

from collections.abc import Callable

import pytest
from django.core import mail
from django.test import Client

from apps.accounts.models import User
from tests.factories import PASSWORD

SignIn = Callable[[User], Client]
PUBLIC = [
    "login",
    "signup",
    "password/reset",
    "password/reset/done",
    "password/reset/key/done",
    "confirm-email",
    "confirm-email/unknown",
    "inactive",
    "social/login/cancelled",
    "social/login/error",
]
PRIVATE = ["email", "password/change", "logout", "reauthenticate"]


@pytest.mark.django_db
@pytest.mark.parametrize("path", PUBLIC)
def test_a_public_account_page_is_in_our_frame(client: Client, path: str) -> None:
    path = path.replace("social/", "3rdparty/")
    answer = client.get(f"/accounts/{path}/")

    assert b"build/app.css" in answer.content
    assert b"page-title" in answer.content


@pytest.mark.parametrize("path", PRIVATE)
def test_a_private_account_page_is_in_our_frame(
    sign_in: SignIn, olga: User, path: str
) -> None:
    page = sign_in(olga).get(f"/accounts/{path}/").content.decode()

    assert "build/app.css" in page
    assert "page-title" in page


@pytest.mark.django_db
def test_a_refused_sign_in_is_summed_up(client: Client) -> None:
    form = {"login": "nobody@example.com", "password": "wrong"}

    page = client.post("/accounts/login/", form).content.decode()

    assert 'role="alert"' in page
    assert "nobody@example.com" in page


def test_a_refused_password_stands_under_its_field(sign_in: SignIn, olga: User) -> None:
    form = {"oldpassword": "wrong", "password1": PASSWORD, "password2": PASSWORD}

    page = sign_in(olga).post("/accounts/password/change/", form).content.decode()

    assert "field-error" in page


def test_a_reset_link_leads_to_a_new_password(client: Client, olga: User) -> None:
    client.post("/accounts/password/reset/", {"email": olga.email})
    link = next(w for w in str(mail.outbox[0].body).split() if "/reset/key/" in w)

    page = client.get(link.partition("testserver")[2], follow=True).content.decode()

    assert "Choose a new password" in page
    assert "Save the password" in page


@pytest.mark.django_db
def test_a_used_reset_link_offers_a_new_one(client: Client) -> None:
    page = client.get("/accounts/password/reset/key/1-set-password/").content.decode()

    assert "This link no longer works" in page

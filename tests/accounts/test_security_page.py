"""A person's own page: the name, and every way into the account."""

from collections.abc import Callable

import pytest
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from apps.accounts.models import Membership, Organization, User
from apps.audit.models import AuditEntry
from apps.tenancy.scope import scope
from tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
URL = "/settings/security/"


def test_the_page_says_how_the_account_was_opened(sign_in: SignIn, olga: User) -> None:
    page = sign_in(olga).get(URL).content.decode()

    assert "You opened this account with <b>a password</b>" in page


def test_a_service_that_opened_it_comes_first(sign_in: SignIn, olga: User) -> None:
    SocialAccount.objects.create(user=olga, provider="google", uid="7")

    page = sign_in(olga).get(URL).content.decode()

    assert "You opened this account with <b>Google</b>" in page


def test_a_service_that_is_gone_from_the_settings_is_still_named(
    sign_in: SignIn, olga: User
) -> None:
    SocialAccount.objects.create(user=olga, provider="github", uid="7")

    assert b"GitHub" in sign_in(olga).get(URL).content


def test_a_name_is_changed(sign_in: SignIn, vic: User) -> None:
    sign_in(vic).post(URL, {"name": "Vic the Viewer", "email": "x@example.com"})

    vic.refresh_from_db()
    assert (vic.name, vic.email) == ("Vic the Viewer", "vic@example.com")


def test_a_name_that_is_too_long_is_shown_again(sign_in: SignIn, vic: User) -> None:
    assert sign_in(vic).post(URL, {"name": "x" * 101}).status_code == 422


def test_a_new_password_is_on_record_in_each_organization(
    client: Client, globex: Organization, acme: Organization
) -> None:
    ulla = make_user()
    for org in (acme, globex):
        with scope(org.id):
            Membership.objects.create(user=ulla, role="member")
    client.post("/accounts/login/", {"login": ulla.email, "password": PASSWORD})
    new = "another fine passphrase"
    form = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    client.post("/accounts/password/change/", form)

    for org in (acme, globex):
        with scope(org.id):
            entry = AuditEntry.objects.get(action="user.password_changed")
            assert entry.actor_email == ulla.email


def test_an_anonymous_visitor_signs_in_first(client: Client) -> None:
    assert client.get(URL).status_code == 302

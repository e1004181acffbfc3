"""A person deletes the account, whatever organizations hang on it."""

from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.sessions.models import Session
from django.test import Client

from apps.accounts.models import APIKey, Membership, Organization, User
from apps.accounts.queries import memberships_of
from apps.privacy import account, people
from apps.privacy.account import Fate
from apps.privacy.models import Deletion
from apps.tenancy.scope import scope
from tests.factories import PASSWORD, make_key, make_user

pytestmark = pytest.mark.django_db
type SignIn = Callable[[User], Client]
URL = "/account/delete/"


def _delete(client: Client, user: User, **data: str) -> Any:
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client.post(URL, {"email": user.email, **data})


def test_a_member_goes_and_what_they_made_stays(
    sign_in: SignIn, acme: Organization, olga: User, mia: User, mailoutbox: list[Any]
) -> None:
    key, _ = make_key(acme, by=mia)
    client = sign_in(mia)
    answer = _delete(client, mia)

    assert answer.headers["Location"] == "/"
    assert not User.objects.filter(id=mia.id).exists()
    assert not EmailAddress.objects.filter(email=mia.email).exists()
    with scope(acme.id):
        assert APIKey.objects.get(id=key.id).created_by is None
        assert [m.user_id for m in Membership.objects.all()] == [olga.id]
    assert [mail.to for mail in mailoutbox] == [[mia.email]]
    assert client.get("/dashboard/").status_code == 302


def test_their_sessions_elsewhere_end_as_well(
    sign_in: SignIn, acme: Organization, olga: User, mia: User
) -> None:
    elsewhere, theirs = sign_in(mia), sign_in(olga)
    _delete(sign_in(mia), mia)

    assert elsewhere.get("/keys/").status_code == 302
    assert theirs.get("/keys/").status_code == 200
    assert Session.objects.count() >= 1


def test_the_only_owner_of_others_cannot_go(
    sign_in: SignIn, acme: Organization, olga: User, mia: User
) -> None:
    client = sign_in(olga)
    answer = _delete(client, olga)

    assert answer.status_code == 422
    assert User.objects.filter(id=olga.id).exists()
    assert b"Hand it over" in client.get(URL).content


def test_somebody_alone_goes_with_the_organization(
    sign_in: SignIn, acme: Organization, olga: User
) -> None:
    answer = _delete(sign_in(olga), olga)

    assert answer.headers["Location"] == "/organization/privacy/"
    assert User.objects.filter(id=olga.id).exists()
    with scope(acme.id):
        assert Deletion.objects.exists()


def test_it_wants_the_password_and_the_address(
    sign_in: SignIn, acme: Organization, olga: User, mia: User
) -> None:
    client = sign_in(mia)
    first = client.get(URL)
    wrong = _delete(client, mia, email="olga@example.com")

    assert first.headers["Location"].startswith("/accounts/reauthenticate/")
    assert wrong.status_code == 422
    assert User.objects.filter(id=mia.id).exists()


def test_somebody_without_an_organization_goes_at_once(sign_in: SignIn) -> None:
    ulla = make_user()
    _delete(sign_in(ulla), ulla)

    assert not User.objects.filter(id=ulla.id).exists()


def test_nobody_else_can_be_forgotten_while_a_member(mia: User) -> None:
    assert not people.forget(mia.id)
    assert User.objects.filter(id=mia.id).exists()


def test_what_becomes_of_each_organization(
    acme: Organization, globex: Organization, olga: User, gil: User
) -> None:
    with scope(globex.id):
        Membership.objects.create(user=olga, role="member")

    fates = {s.membership.org_id: s.fate for s in account.stakes_of(olga)}

    assert fates == {acme.id: Fate.DELETED, globex.id: Fate.LEFT}
    assert [s.fate for s in account.stakes_of(gil)] == [Fate.STUCK]
    assert len(memberships_of(olga)) == 2

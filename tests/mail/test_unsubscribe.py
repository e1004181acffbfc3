"""One click ends a kind of notification (RFC 8058), for one person alone."""

from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.mail import services, unsubscribe
from apps.mail.kinds import Kind
from apps.mail.models import OptOut
from apps.privacy.people import forget
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ulla(db: None) -> User:
    return make_user()


def _path(user: User) -> str:
    return unsubscribe.link_for(user.id, Kind.BUDGET).removeprefix("http://testserver")


def _wants(user: User) -> bool:
    return unsubscribe.wants(Kind.BUDGET, [user.id]) == [user.id]


def test_a_mailbox_unsubscribes_by_one_post_without_a_cookie(ulla: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post(_path(ulla), {"List-Unsubscribe": "One-Click"})

    assert answer.status_code == 200
    assert not _wants(ulla)


def test_a_link_checker_changes_nothing(client: Client, ulla: User) -> None:
    page = client.get(_path(ulla))

    assert b"No more budget warnings?" in page.content
    assert _wants(ulla)


def test_it_can_be_undone(client: Client, ulla: User) -> None:
    client.post(_path(ulla))
    client.post(_path(ulla))
    assert OptOut.objects.count() == 1

    client.post(_path(ulla), {"again": "1"})

    assert _wants(ulla)


@pytest.mark.parametrize("change", ["x", ""])
def test_a_token_that_is_not_ours_leads_nowhere(
    client: Client, ulla: User, change: str
) -> None:
    path = _path(ulla).rstrip("/")
    broken = f"{path}{change}/" if change else f"{path[:-3]}/"

    assert client.get(broken).status_code == 404
    assert client.post(broken).status_code == 404
    assert _wants(ulla)


def test_a_link_outlives_the_account_it_was_sent_to(client: Client, ulla: User) -> None:
    path = _path(ulla)
    assert forget(ulla.id)

    assert client.post(path).status_code == 200
    assert not OptOut.objects.exists()


def test_only_those_who_want_it_are_notified(
    ulla: User, olga: User, mailoutbox: list[Any]
) -> None:
    unsubscribe.unsubscribe(unsubscribe.Subscription(ulla.id, Kind.BUDGET))
    services.notify(
        "login_code",
        kind=Kind.BUDGET,
        people={ulla.id: ulla.email, olga.id: olga.email},
        context={"code": "1"},
    )

    (mail,) = mailoutbox
    header = mail.extra_headers["List-Unsubscribe"]
    assert mail.to == [olga.email]
    assert header == f"<{unsubscribe.link_for(olga.id, Kind.BUDGET)}>"
    assert mail.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert header.strip("<>") in mail.body

"""The list of sessions, and how one ends the others."""

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.test import Client

from apps.accounts.models import User
from apps.accounts.templatetags.user_agents import browser
from apps.kit.clock import utc_now
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"
URL = "/accounts/sessions/"


def sign_in(user: User, *, password: str = PASSWORD) -> Client:
    client = Client(headers={"user-agent": FIREFOX})
    client.post("/accounts/login/", {"login": user.email, "password": password})
    return client


def is_in(client: Client) -> bool:
    return client.get("/keys/").status_code == 200


def test_the_list_names_every_session(olga: User) -> None:
    here, _ = sign_in(olga), sign_in(olga)

    page = here.get(URL).content.decode()

    assert page.count("Firefox on Linux") == 2
    assert page.count("this one") == 1


def test_signing_out_the_others_takes_effect_at_once(olga: User, mia: User) -> None:
    here, there, somebody = sign_in(olga), sign_in(olga), sign_in(mia)
    assert is_in(there)

    here.post(URL)

    assert is_in(here)
    assert not is_in(there)
    assert is_in(somebody)


def test_a_new_password_ends_the_other_sessions(olga: User) -> None:
    here, there = sign_in(olga), sign_in(olga)
    new = "another fine passphrase"
    form = {"oldpassword": PASSWORD, "password1": new, "password2": new}

    here.post("/accounts/password/change/", form)

    assert is_in(here)
    assert not is_in(there)


def test_signing_out_ends_the_session_itself(olga: User) -> None:
    here = sign_in(olga)
    stolen = Client()
    stolen.cookies["sessionid"] = here.cookies["sessionid"].value

    here.post("/accounts/logout/")

    assert not is_in(stolen)


def test_activity_is_written_once_in_a_while(olga: User) -> None:
    here = sign_in(olga)
    long_ago = utc_now() - timedelta(days=1)
    UserSession.objects.update(last_seen_at=long_ago)
    cache.clear()

    here.get("/keys/")
    first = UserSession.objects.get().last_seen_at
    here.get("/keys/")

    assert first > long_ago
    assert UserSession.objects.get().last_seen_at == first


def test_a_session_that_was_opened_another_way_is_listed_and_ended(olga: User) -> None:
    here, there = sign_in(olga), Client()
    there.force_login(olga)
    assert is_in(there)

    here.post(URL)

    assert not is_in(there)


def test_somebody_without_a_session_is_sent_to_sign_in(client: Client) -> None:
    assert client.get(URL).headers["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (FIREFOX, "Firefox on Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Version/18.0 Safari/604.1",
            "Safari on iPhone",
        ),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", ""),
    ],
)
def test_a_browser_is_called_by_its_name(text: str, name: str) -> None:
    assert browser(text) == name

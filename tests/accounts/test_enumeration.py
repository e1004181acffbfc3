"""No answer tells whether an address has an account: not its status, its words, its
mail, nor the work it takes.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import hashers
from django.core.mail import EmailMessage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db
type Ask = Callable[[Client, str], Any]

# What differs from answer to answer by its nature.
CHANGING = re.compile(r'csrfmiddlewaretoken" value="[^"]+"|[\w.+-]+@example\.com')


def sign_up(client: Client, email: str) -> Any:
    data = {"email": email, "password1": PASSWORD, "next": "/keys/"}
    return client.post("/accounts/signup/", data)


def sign_in(client: Client, email: str) -> Any:
    return client.post("/accounts/login/", {"login": email, "password": "wrong"})


def reset(client: Client, email: str) -> Any:
    return client.post("/accounts/password/reset/", {"email": email})


WAYS: list[Ask] = [sign_up, sign_in, reset]


@pytest.fixture(params=WAYS, ids=[way.__name__ for way in WAYS])
def ask(request: pytest.FixtureRequest) -> Ask:
    return request.param  # type: ignore[no-any-return]  # one of WAYS


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each computation of a password hash, which is what sign-in's time goes into."""
    made: list[str] = []
    hasher = type(hashers.get_hasher())
    original = hasher.encode

    def encode(self: Any, password: str, salt: str) -> Any:
        made.append(password)
        return original(self, password, salt)

    monkeypatch.setattr(hasher, "encode", encode)
    return made


def words(answer: Any) -> str:
    return CHANGING.sub("…", answer.content.decode())


def test_status_words_and_headers_are_alike(ask: Ask, olga: User) -> None:
    known, unknown = ask(Client(), olga.email), ask(Client(), "nobody@example.com")

    assert known.status_code == unknown.status_code
    assert words(known) == words(unknown)
    assert known.headers.get("Location") == unknown.headers.get("Location")
    assert set(known.headers) == set(unknown.headers)


def test_the_next_page_is_alike(ask: Ask, olga: User) -> None:
    pages = []
    for email in (olga.email, "nobody@example.com"):
        client = Client()
        location = ask(client, email).headers.get("Location", "/accounts/login/")
        pages.append(words(client.get(location)))

    assert pages[0] == pages[1]


def test_the_number_of_mails_is_alike(
    ask: Ask, olga: User, mailoutbox: list[EmailMessage]
) -> None:
    counts = []
    for email in (olga.email, "nobody@example.com"):
        ask(Client(), email)
        counts.append(len(mailoutbox))
        mailoutbox.clear()

    assert counts[0] == counts[1]


def test_the_number_of_hashes_is_alike(ask: Ask, olga: User, hashes: list[str]) -> None:
    counts = []
    for email in (olga.email, "nobody@example.com"):
        ask(Client(), email)
        counts.append(len(hashes))
        hashes.clear()

    assert counts[0] == counts[1] <= 1


def test_sign_up_writes_as_much_for_a_taken_address(olga: User) -> None:
    counts = []
    for email in (olga.email, "nobody@example.com"):
        with CaptureQueriesContext(connection) as queries:
            sign_up(Client(), email)
        inserts = [q for q in queries if q["sql"].startswith("INSERT")]
        counts.append(len(inserts))

    # The session remembers a new person's sign-up; no time can be read off one row.
    assert abs(counts[0] - counts[1]) <= 1


def test_a_sign_up_for_a_taken_address_keeps_nothing(olga: User) -> None:
    sign_up(Client(), olga.email)

    assert User.objects.count() == 1


def test_too_many_tries_are_stopped_alike(olga: User) -> None:
    ends: list[list[tuple[int, str]]] = []
    for email in (olga.email, "nobody@example.com"):
        client = Client(REMOTE_ADDR=f"10.0.0.{len(ends)}")
        answers = [sign_in(client, email) for _ in range(7)]
        ends.append([(a.status_code, words(a)) for a in answers])

    assert ends[0] == ends[1]

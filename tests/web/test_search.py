from collections.abc import Callable

import pytest
from django.test import Client

from apps.accounts.models import User
from tests.factories import make_stand_in

SignIn = Callable[[User], Client]


def test_without_words_the_pages_are_offered(sign_in: SignIn, olga: User) -> None:
    found = sign_in(olga).get("/search/").content.decode()

    assert "Dashboard" in found
    assert "Playground" in found


@pytest.mark.django_db(transaction=True)
def test_models_are_found_by_a_part_of_their_name(sign_in: SignIn, olga: User) -> None:
    make_stand_in()

    found = sign_in(olga).get("/search/?q=ECHO").content.decode()

    assert "modeloptix/echo" in found


def test_nothing_found_is_said_without_trusting_the_words(
    sign_in: SignIn, olga: User
) -> None:
    found = sign_in(olga).get("/search/?q=<b>zzz").content.decode()

    assert "Nothing is called" in found
    assert "<b>" not in found


def test_a_viewer_is_not_sent_to_the_playground(sign_in: SignIn, vic: User) -> None:
    assert "Playground" not in sign_in(vic).get("/search/").content.decode()


@pytest.mark.django_db
def test_the_search_needs_a_sign_in(client: Client) -> None:
    assert client.get("/search/").status_code == 302

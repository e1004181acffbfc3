from collections.abc import Callable

import pytest
from django.test import Client

from apps.accounts.models import User
from tests.factories import make_stand_in


@pytest.mark.django_db(transaction=True)
def test_anyone_reads_the_start_page(client: Client) -> None:
    answer = client.get("/")

    assert answer.status_code == 200
    assert b"/v1/chat" in answer.content
    assert b"Create an account" in answer.content


@pytest.mark.django_db(transaction=True)
def test_the_size_of_the_catalog_is_counted(client: Client) -> None:
    make_stand_in()

    page = client.get("/").content.decode()

    assert "1 models of 1 providers" in page


@pytest.mark.django_db(transaction=True)
def test_without_a_catalog_no_number_is_made_up(client: Client) -> None:
    assert "0 models" not in client.get("/").content.decode()


def test_whoever_is_signed_in_lands_on_the_dashboard(
    sign_in: Callable[[User], Client], olga: User
) -> None:
    answer = sign_in(olga).get("/")

    assert answer.headers["Location"] == "/dashboard/"


@pytest.mark.django_db
def test_the_start_page_is_only_read(client: Client) -> None:
    assert client.post("/").status_code == 405

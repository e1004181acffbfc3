"""Sign-up by e-mail and password: verified, and silent about who has an account."""

import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.test import Client, RequestFactory

from apps.accounts.adapter import AccountAdapter
from apps.accounts.models import User
from apps.accounts.queries import memberships_of

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery staple"


def _sign_up(client: Client, email: str = "ulla@example.com", **data: str) -> Any:
    return client.post(
        "/accounts/signup/", {"email": email, "password1": PASSWORD, **data}
    )


def _link(mail: EmailMessage) -> str:
    found = re.search(r"https?://testserver(/\S+)", str(mail.body))
    assert found
    return found.group(1)


def test_a_new_person_confirms_the_address_and_owns_an_organization(
    client: Client, mailoutbox: list[EmailMessage]
) -> None:
    assert _sign_up(client, "Ulla@Example.com").status_code == 302
    (mail,) = mailoutbox
    assert mail.to == ["ulla@example.com"]
    assert client.post(_link(mail)).status_code == 302
    signed_in = client.post(
        "/accounts/login/", {"login": "ULLA@example.com", "password": PASSWORD}
    )

    assert signed_in.status_code == 302
    user = User.objects.get(email="ulla@example.com")
    (membership,) = memberships_of(user)
    assert (membership.role, membership.org.name) == ("owner", "ulla's organization")


def test_the_page_that_asked_is_returned_to_once_the_address_is_confirmed(
    client: Client, mailoutbox: list[EmailMessage]
) -> None:
    _sign_up(client, next="/keys/")
    answer = client.post(_link(mailoutbox[0]))

    assert answer.headers["Location"] == "/keys/"
    assert "_auth_user_id" in client.session


def test_another_browser_is_not_signed_in_by_the_link_but_led_on(
    client: Client, mailoutbox: list[EmailMessage]
) -> None:
    _sign_up(Client(), next="/keys/")
    answer = client.post(_link(mailoutbox[0]), follow=True)

    assert "_auth_user_id" not in client.session
    assert answer.redirect_chain[-1][0] == "/accounts/login/?next=/keys/"


def test_a_link_leads_to_no_other_site(
    client: Client, mailoutbox: list[EmailMessage]
) -> None:
    _sign_up(client, next="https://evil.example/")

    assert "evil" not in str(mailoutbox[0].body)


def test_an_unconfirmed_address_does_not_sign_in(
    client: Client, mailoutbox: list[EmailMessage]
) -> None:
    _sign_up(client)
    answer = client.post(
        "/accounts/login/", {"login": "ulla@example.com", "password": PASSWORD}
    )

    assert answer.headers["Location"] == "/accounts/confirm-email/"
    assert "_auth_user_id" not in client.session


def test_a_taken_address_gets_the_same_answer(
    client: Client, olga: User, mailoutbox: list[EmailMessage]
) -> None:
    new, taken = _sign_up(Client()), _sign_up(client, olga.email)

    assert (new.status_code, new.headers["Location"]) == (
        taken.status_code,
        taken.headers["Location"],
    )
    assert User.objects.filter(email=olga.email).count() == 1
    assert "already exists" in mailoutbox[1].subject.lower()


@pytest.mark.parametrize(
    "data",
    [
        {"email": "nonsense"},
        {"email": ""},
        {"password1": ""},
        {"password1": "short"},
        {"password1": "password123"},
        {"email": "nul\x00@example.com"},
    ],
)
def test_bad_input_is_shown_again(client: Client, data: dict[str, str]) -> None:
    answer = _sign_up(client, **data)

    assert answer.status_code == 200
    assert not User.objects.exists()


def test_no_field_but_the_known_ones_is_taken(client: Client) -> None:
    _sign_up(client, is_superuser="1", is_staff="1", role="admin", id="7")

    user = User.objects.get()
    assert not getattr(user, "is_staff", False)
    assert [m.role for m in memberships_of(user)] == ["owner"]


def test_a_person_who_is_not_saved_gets_no_organization() -> None:
    form = SimpleNamespace(cleaned_data={"email": "ulla@example.com"})
    request = RequestFactory().post("/accounts/signup/")
    user = AccountAdapter().save_user(request, User(), form, commit=False)

    assert memberships_of(user) == []


def test_many_sign_ups_from_one_address_are_slowed_down(client: Client) -> None:
    answers = [_sign_up(client, f"u{n}@example.com").status_code for n in range(25)]

    assert answers[-1] == 429

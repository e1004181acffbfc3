"""The waitlist: double opt-in that tells nobody who is on it."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.test import Client

from apps.kit.clock import utc_now
from apps.web import waitlist
from apps.web.models import WaitlistEntry
from tests.factories import make_invitation

pytestmark = pytest.mark.django_db(transaction=True)
INA = "ina@example.com"


@pytest.fixture(autouse=True)
def _closed(settings: Any) -> None:
    settings.SIGN_UP = "waitlist"


def _ask(client: Client, email: str = INA) -> Any:
    return client.post("/waitlist/", {"email": email})


def _link(what: str, number: int = -1) -> str:
    found = re.search(rf"/waitlist/{what}/[\w:=-]+/", str(mail.outbox[number].body))
    assert found
    return found[0]


def _on_the_list(client: Client, email: str = INA) -> WaitlistEntry:
    _ask(client, email)
    client.post(_link("confirm"))
    return WaitlistEntry.objects.get(email=email)


def test_one_is_on_the_list_only_after_the_mails_click(client: Client) -> None:
    answer = _ask(client, "Ina@Example.com")

    assert answer.headers["Location"] == "/waitlist/asked/"
    assert WaitlistEntry.objects.get(email=INA).confirmed_at is None
    page = client.get(_link("confirm"))
    assert b"Put me on the list" in page.content
    assert WaitlistEntry.objects.get(email=INA).confirmed_at is None

    done = client.post(_link("confirm"))

    assert b"You are on the list" in done.content
    assert WaitlistEntry.objects.get(email=INA).confirmed_at


def test_a_link_works_once(client: Client) -> None:
    _on_the_list(client)

    again = client.post(_link("confirm"))

    assert again.status_code == 404
    assert b"This link does not work" in again.content


def test_a_link_runs_out(client: Client) -> None:
    _ask(client)
    link = _link("confirm")

    with time_machine.travel(utc_now() + waitlist.LIFETIME + timedelta(minutes=1)):
        assert client.get(link).status_code == 404
        assert client.post(link).status_code == 404

    assert WaitlistEntry.objects.get(email=INA).confirmed_at is None


def test_a_newer_link_replaces_the_older(client: Client) -> None:
    _ask(client)
    _ask(client)

    assert client.post(_link("confirm", 0)).status_code == 404
    assert client.post(_link("confirm", 1)).status_code == 200
    assert WaitlistEntry.objects.count() == 1


def test_no_answer_tells_whether_an_address_is_on_the_list(client: Client) -> None:
    _on_the_list(client)

    known, unknown = _ask(client), _ask(client, "uwe@example.com")

    assert known.status_code == unknown.status_code == 302
    assert known.headers["Location"] == unknown.headers["Location"]
    assert known.content == unknown.content
    assert [message.to for message in mail.outbox[1:]] == [[INA], ["uwe@example.com"]]
    assert "on the list already" in str(mail.outbox[1].body)


def test_every_mail_has_the_way_off_the_list(client: Client) -> None:
    _on_the_list(client)
    leave = _link("leave")

    assert mail.outbox[0].extra_headers["List-Unsubscribe-Post"]
    asked = client.get(leave)
    assert b"Take me off the list" in asked.content
    assert WaitlistEntry.objects.exists()
    # The mailbox's own button posts without a cookie or a token of ours.
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(leave, {"List-Unsubscribe": "One-Click"}).status_code == 200

    assert not WaitlistEntry.objects.exists()
    assert client.post(leave).status_code == 200


def test_what_is_no_address_is_refused(client: Client) -> None:
    for email in ("", "no address", "a@b", "x" * 300 + "@example.com"):
        assert _ask(client, email).status_code == 422, email

    assert mail.outbox == []


def test_a_made_up_link_leads_nowhere(client: Client) -> None:
    for what in ("confirm", "leave", "enter"):
        answer = client.get(f"/waitlist/{what}/made-up:signature/")
        assert answer.status_code == 404, what


def test_one_address_gets_few_mails_whoever_asks(client: Client) -> None:
    answers = {_ask(client).status_code for _ in range(6)}

    assert answers == {302}
    assert len(mail.outbox) == 3


def test_one_asker_may_not_feed_in_a_list(client: Client) -> None:
    statuses = [_ask(client, f"n{i}@example.com").status_code for i in range(12)]

    assert statuses[:10] == [302] * 10
    assert statuses[10:] == [429] * 2


def test_the_form_is_not_there_where_sign_up_is_open(
    client: Client, settings: Any
) -> None:
    settings.SIGN_UP = "open"

    assert _ask(client).status_code == 404
    assert b"Create an account" in client.get("/").content


def test_the_landing_page_asks_for_the_address(client: Client) -> None:
    page = client.get("/").content.decode()

    assert 'action="/waitlist/"' in page
    assert "Create an account" not in page


def test_who_never_confirmed_is_forgotten(client: Client) -> None:
    _ask(client)

    with time_machine.travel(utc_now() + waitlist.FORGOTTEN_AFTER + timedelta(days=1)):
        _ask(client, "uwe@example.com")

    assert [one.email for one in WaitlistEntry.objects.all()] == ["uwe@example.com"]


def test_sign_up_is_closed_until_one_is_let_in(client: Client) -> None:
    entry = _on_the_list(client)
    assert b"Sign-up is by invitation" in client.get("/accounts/signup/").content

    assert waitlist.admit([entry], login="jobs") == 1
    assert waitlist.admit([entry], login="jobs") == 0

    answer = client.get(_link("enter"), follow=True)
    assert b"Create an account" in answer.content
    assert b"Sign-up is by invitation" not in answer.content


def test_nobody_is_let_in_who_has_not_confirmed(client: Client) -> None:
    _ask(client)

    assert waitlist.admit(WaitlistEntry.objects.all(), login="jobs") == 0
    assert len(mail.outbox) == 1


def test_invited_people_may_sign_up(client: Client, acme: Any) -> None:
    _, token = make_invitation(acme, INA)
    address = f"/accounts/signup/?next=/invitations/{token}/"

    assert b"Create an account" in client.get(address).content
    refused = client.get("/accounts/signup/?next=/invitations/other/").content
    assert b"Sign-up is by invitation" in refused

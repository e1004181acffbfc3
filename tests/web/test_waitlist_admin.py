"""What staff do with the waitlist: read it, take it along, let people in."""

from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from apps.audit.models import OperatorEntry
from apps.kit.clock import utc_now
from apps.web.models import WaitlistEntry
from tests.accounts.staff import staff_client
from tests.factories import make_member

pytestmark = pytest.mark.django_db(transaction=True)
LIST = "admin:web_waitlistentry_changelist"


@pytest.fixture
def staff(acme: Any) -> Client:
    make_member(acme, "olga", role="owner")
    return staff_client()


def _entry(email: str, *, confirmed: bool = True) -> WaitlistEntry:
    now = utc_now()
    return WaitlistEntry.objects.create(
        email=email, asked_at=now, confirmed_at=now if confirmed else None
    )


def _act(staff: Client, action: str, *entries: WaitlistEntry) -> Any:
    chosen = [str(entry.id) for entry in entries]
    body = {"action": action, "_selected_action": chosen}
    return staff.post(reverse(LIST), body)


def test_the_list_is_let_in_once(staff: Client) -> None:
    ina, uwe = _entry("ina@example.com"), _entry("uwe@example.com", confirmed=False)
    mail.outbox.clear()

    _act(staff, "let_in", ina, uwe)
    _act(staff, "let_in", ina, uwe)

    assert [message.to for message in mail.outbox] == [["ina@example.com"]]
    assert "/waitlist/enter/" in str(mail.outbox[0].body)
    ina.refresh_from_db()
    uwe.refresh_from_db()
    assert ina.admitted_at
    assert uwe.admitted_at is None
    told = OperatorEntry.objects.using("jobs").filter(action="waitlist.admitted")
    assert told.count() == 1


def test_the_list_is_taken_along_and_that_is_noted(staff: Client) -> None:
    ina = _entry("ina@example.com")
    evil = _entry("=cmd@example.com")

    answer = _act(staff, "export", ina, evil)

    assert answer["Content-Type"].startswith("text/csv")
    text = answer.content.decode()
    assert text.splitlines()[0] == '"email","asked_at","confirmed_at","admitted_at"'
    assert '"ina@example.com"' in text
    assert '"\'=cmd@example.com"' in text
    told = OperatorEntry.objects.using("jobs").filter(action="waitlist.exported")
    assert told.count() == 1


def test_an_address_is_removed_by_staff(staff: Client) -> None:
    ina = _entry("ina@example.com")
    address = reverse("admin:web_waitlistentry_delete", args=[ina.id])

    staff.post(address, {"post": "yes"})

    assert not WaitlistEntry.objects.exists()


def test_nobody_else_sees_the_list(client: Client) -> None:
    assert client.get(reverse(LIST)).status_code == 302

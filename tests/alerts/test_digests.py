"""The weekly digest: Monday, 09:00 there, once, and when all is quiet too."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client

from apps.accounts.models import Membership, Organization, User
from apps.alerts import preferences
from apps.alerts.audience import Person
from apps.alerts.digests import open_digests
from apps.alerts.kinds import Cadence
from apps.alerts.models import Alert, Delivery, Notice
from apps.alerts.preferences import Times
from apps.alerts.routing import move
from apps.alerts.services import Kind, Severity
from apps.alerts.wishes import Wish
from apps.jobs.lock import hold
from apps.kit.clock import utc_now
from apps.tenancy.scope import scope
from tests.alerts.conftest import send_all
from tests.alerts.test_routing import tell
from tests.mail.conftest import Inbox

pytestmark = pytest.mark.django_db(transaction=True)
SATURDAY = datetime(2026, 11, 21, 12, tzinfo=UTC)


def _open() -> None:
    with hold("alerts.open_digests", trigger="manual") as held:
        open_digests(held)


def _save(org: Organization, user: User, times: Times, **wishes: Wish) -> Person:
    with scope(org.id):
        member = Membership.objects.get(user=user)
        person = preferences.person_of(member)
        chosen = {Kind(name): wish for name, wish in wishes.items()}
        preferences.save(member, {**preferences.wishes_of(person), **chosen}, times)
        return preferences.person_of(member)


@time_machine.travel(SATURDAY, tick=False)
def test_a_digest_is_opened_for_each_readers_own_monday(
    acme: Organization, olga: User, mia: User
) -> None:
    _save(acme, mia, Times("America/Los_Angeles"))
    _open()
    _open()

    with scope(acme.id):
        rows = Delivery.objects.filter(cadence="weekly")
        due = {row.member_id: row.due_at for row in rows}
        members = {m.user_id: m.id for m in Membership.objects.all()}
    assert len(rows) == 2
    assert due[members[olga.id]] == datetime(2026, 11, 23, 9, tzinfo=UTC)
    assert due[members[mia.id]] == datetime(2026, 11, 23, 17, tzinfo=UTC)


def test_all_quiet_is_sent_too_and_once(
    acme: Organization, olga: User, smtp: Inbox
) -> None:
    with time_machine.travel(SATURDAY, tick=False):
        _open()
    send_all()
    with time_machine.travel(SATURDAY, tick=False):
        _open()

    (mail,) = smtp.taken
    assert mail["Subject"].startswith("All quiet at Acme")
    assert "/mail/unsubscribe/" in mail["List-Unsubscribe"]
    with scope(acme.id):
        periods = [
            row.period for row in Delivery.objects.filter(cadence="weekly").all()
        ]
    assert len(periods) == len(set(periods))


def test_a_digest_tells_of_the_week(
    acme: Organization, olga: User, smtp: Inbox, settings: Any
) -> None:
    _save(acme, olga, Times(), price_change=Wish(email=True, cadence=Cadence.WEEKLY))
    tell(acme, 2)
    with scope(acme.id):
        delivery = Delivery.objects.get()
        assert delivery.cadence == "weekly"
        move(delivery, utc_now() + timedelta(seconds=5))
    send_all()

    (mail,) = smtp.taken
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]  # it has one
    assert "2 alerts" in mail["Subject"]
    assert "Price 1 moved" in text


def test_who_wants_no_digest_gets_none(
    acme: Organization, olga: User, smtp: Inbox
) -> None:
    _save(acme, olga, Times(), digest=Wish(email=False, in_app=False))
    with time_machine.travel(SATURDAY, tick=False):
        _open()
    send_all()

    assert smtp.taken == []


def test_one_click_ends_a_kind_of_mail_and_what_waits_of_it(
    acme: Organization, olga: User, client: Client, smtp: Inbox
) -> None:
    tell(acme)
    send_all()
    (mail,) = smtp.taken
    path = mail["List-Unsubscribe"].strip("<>").removeprefix("http://testserver")
    tell(acme)
    client.post(path, {"List-Unsubscribe": "One-Click"})
    tell(acme)
    send_all()

    assert len(smtp.taken) == 1
    with scope(acme.id):
        assert Notice.objects.count() == 3


def _night(now: datetime) -> Times:
    """Quiet hours around this moment, in UTC."""
    starts = (now - timedelta(hours=1)).time().replace(second=0, microsecond=0)
    ends = (now + timedelta(hours=2)).time().replace(second=0, microsecond=0)
    return Times("UTC", starts, ends, Severity.URGENT)


def test_quiet_hours_hold_mail_and_urgent_alerts_break_them(
    acme: Organization, olga: User, smtp: Inbox
) -> None:
    _save(acme, olga, _night(utc_now()))
    tell(acme)
    send_all(rounds=2)
    with scope(acme.id):
        assert Notice.objects.count() == 1
        held = Delivery.objects.get()
        assert held.due_at > utc_now() + timedelta(hours=1)
    assert smtp.taken == []

    tell(acme, title="Grave", severity=Severity.URGENT)
    send_all(rounds=2)

    (mail,) = smtp.taken
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]  # it has one
    assert "Grave" in text
    assert "Price 1 moved" in text


def test_an_urgent_alert_shortens_the_wait(acme: Organization, olga: User) -> None:
    tell(acme)
    with scope(acme.id):
        before = Delivery.objects.get().due_at
    tell(acme, severity=Severity.CRITICAL)

    with scope(acme.id):
        after = Delivery.objects.get().due_at
    assert before - after > timedelta(minutes=4)


def test_a_plan_with_the_digest_alone_keeps_all_but_money_for_it(
    acme: Organization, olga: User, settings: Any
) -> None:
    settings.STRIPE_SECRET_KEY = "sk_test_of_the_tests"
    tell(acme)
    tell(acme, kind=Kind.BUDGET)

    with scope(acme.id):
        cadences = sorted(Delivery.objects.values_list("cadence", flat=True))
        assert cadences == ["immediate", "weekly"]
        assert Alert.objects.count() == 2


def test_mornings_are_at_nine(acme: Organization, olga: User) -> None:
    person = _save(
        acme,
        olga,
        Times("Asia/Kathmandu"),
        price_change=Wish(email=True, cadence=Cadence.DAILY),
    )
    tell(acme)

    with scope(acme.id):
        due = Delivery.objects.get().due_at
    assert person.zone == ZoneInfo("Asia/Kathmandu")
    assert due.astimezone(person.zone).time() == time(9)

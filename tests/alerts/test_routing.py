"""From `emit` to inboxes and messages: whole, once, folded."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from apps.accounts import member_services
from apps.accounts.models import Membership, Organization, User
from apps.alerts.models import Alert, Channel, Delivery, Notice, Parcel, Preference
from apps.alerts.services import Kind, Severity, emit
from apps.tenancy.scope import scope
from tests.alerts.conftest import Receiver, make_channel
from tests.mail.conftest import Inbox

pytestmark = pytest.mark.django_db(transaction=True)
type RunOutbox = Callable[..., None]


def tell(org: Organization, number: int = 1, **fields: Any) -> None:
    values = {"severity": Severity.WARNING, "url": "/models/", **fields}
    kind = values.pop("kind", Kind.PRICE_CHANGE)
    with scope(org.id), transaction.atomic():
        for n in range(number):
            emit(kind, **{"title": f"Price {n + 1} moved", **values})


def test_an_alert_is_in_the_inbox_at_once(acme: Organization, olga: User) -> None:
    tell(acme)

    with scope(acme.id):
        notice = Notice.objects.select_related("alert").get()
        assert (notice.alert.title, notice.read_at) == ("Price 1 moved", None)
        assert Alert.objects.get().routed_at is not None


def test_nothing_is_told_of_a_transaction_that_fails(
    acme: Organization, olga: User
) -> None:
    with scope(acme.id), transaction.atomic():
        emit(Kind.BUDGET, severity=Severity.URGENT, title="Never")
        transaction.set_rollback(True)

    with scope(acme.id):
        assert not Alert.objects.exists()


def test_the_same_key_is_told_once_in_each_organization(
    acme: Organization, globex: Organization, olga: User, gil: User
) -> None:
    options: dict[str, Any] = {
        "severity": Severity.INFO,
        "title": "Once",
        "key": "change:1",
    }
    with scope(acme.id):
        first = emit(Kind.PRICE_CHANGE, **options)
        again = emit(Kind.PRICE_CHANGE, **options)
    other = emit(Kind.PRICE_CHANGE, org_id=globex.id, **options)

    assert (first is None, again is None, other is None) == (False, True, False)


def test_a_burst_is_one_mail_with_all_of_it(
    acme: Organization, olga: User, smtp: Inbox, run_outbox: RunOutbox
) -> None:
    tell(acme, 3, body="From $2.50 to $2.75")
    assert smtp.taken == []
    run_outbox()

    (mail,) = smtp.taken
    assert mail["To"] == olga.email
    assert mail["Subject"].startswith("3 alerts of Acme")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for kind in ("plain", "html"):
        body = mail.get_body((kind,))
        assert body is not None
        text = body.get_content()
        assert all(f"Price {n} moved" in text for n in (1, 2, 3))
        assert "$2.75" in text


def test_one_alert_is_a_mail_with_its_own_title(
    acme: Organization, olga: User, smtp: Inbox, run_outbox: RunOutbox
) -> None:
    tell(acme)
    run_outbox()

    assert [mail["Subject"] for mail in smtp.taken] == ["Price 1 moved"]


def test_what_comes_after_a_message_has_left_is_in_the_next(
    acme: Organization, olga: User, smtp: Inbox, run_outbox: RunOutbox
) -> None:
    tell(acme, 2)
    run_outbox()
    tell(acme)
    run_outbox()

    assert len(smtp.taken) == 2
    with scope(acme.id):
        assert Parcel.objects.count() == 3


def test_a_thousand_alerts_are_folded_none_lost_none_doubled(
    acme: Organization,
    olga: User,
    smtp: Inbox,
    receiver: Receiver,
    run_outbox: RunOutbox,
) -> None:
    make_channel(acme, receiver.url)
    tell(acme, 1000)
    run_outbox()

    (mail,) = smtp.taken
    assert mail["Subject"].startswith("1000 alerts")
    bodies = [json.loads(taken.body) for taken in receiver.taken]
    ids = [alert["id"] for body in bodies for alert in body["alerts"]]
    assert len(bodies) == 5
    with scope(acme.id):
        assert sorted(ids) == sorted(str(a.id) for a in Alert.objects.all())
        assert Notice.objects.count() == 1000


def test_a_person_who_wants_nothing_gets_nothing(
    acme: Organization, olga: User, smtp: Inbox, run_outbox: RunOutbox
) -> None:
    with scope(acme.id):
        Preference.objects.create(
            member=Membership.objects.get(user=olga),
            kind=Kind.PRICE_CHANGE,
            in_app=True,
            email=True,
            chat=True,
            min_severity=Severity.INFO,
            cadence="never",
        )
    tell(acme)
    run_outbox()

    with scope(acme.id):
        assert not Notice.objects.exists()
        assert not Delivery.objects.exists()
    assert smtp.taken == []


def test_nothing_crosses_to_another_organization(
    acme: Organization,
    globex: Organization,
    olga: User,
    gil: User,
    smtp: Inbox,
    run_outbox: RunOutbox,
) -> None:
    tell(acme)
    run_outbox()

    assert {mail["To"] for mail in smtp.taken} == {olga.email}
    with scope(globex.id):
        assert not Notice.objects.exists()


def test_long_keys_that_begin_alike_are_two(acme: Organization, olga: User) -> None:
    options: dict[str, Any] = {"severity": Severity.INFO, "title": "One"}
    with scope(acme.id):
        told = [emit(Kind.SAVINGS, key="x" * 250 + end, **options) for end in "aab"]

    assert [alert_id is None for alert_id in told] == [False, True, False]


def test_who_leaves_takes_inbox_channels_and_waiting_mail_along(
    acme: Organization, olga: User, mia: User, smtp: Inbox, run_outbox: RunOutbox
) -> None:
    with scope(acme.id):
        member = Membership.objects.get(user=mia)
        Preference.objects.create(
            member=member,
            kind=Kind.PRICE_CHANGE,
            in_app=True,
            email=True,
            chat=True,
            min_severity=Severity.INFO,
            cadence="immediate",
        )
    make_channel(acme, member=member)
    tell(acme)
    with scope(acme.id):
        member_services.remove_member(member.id, by=None)
    run_outbox()

    assert {mail["To"] for mail in smtp.taken} == {olga.email}
    with scope(acme.id):
        assert Notice.objects.count() == 1
        assert not Preference.objects.exists()
        assert not Channel.objects.exists()

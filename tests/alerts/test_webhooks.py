"""Messages to channels: signed, tried again, logged, re-sent, switched off."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections

from apps.accounts.models import Organization, User
from apps.alerts import channel_services, sending
from apps.alerts.channel_services import NewChannel
from apps.alerts.kinds import Via
from apps.alerts.models import Alert, Attempt, Channel, Delivery
from apps.alerts.services import Kind, Severity
from apps.alerts.signing import HEADER, is_genuine
from apps.audit.models import AuditEntry
from apps.kit.clock import utc_now
from apps.kit.errors import PermissionDeniedError, ValidationError
from apps.tenancy.scope import scope
from tests.alerts.conftest import Receiver, Taken, make_channel
from tests.alerts.test_routing import tell

pytestmark = pytest.mark.django_db(transaction=True)
type RunOutbox = Callable[..., None]
KEY = "whsec_of-the-tests-only"


def _is_signed(taken: Taken, key: str) -> bool:
    now = int(utc_now().timestamp())
    return is_genuine(taken.headers[HEADER], taken.body, key, now=now)


def test_a_message_arrives_signed_with_its_alert(
    acme: Organization, olga: User, receiver: Receiver, run_outbox: RunOutbox
) -> None:
    channel = make_channel(acme, receiver.url)
    tell(acme)
    run_outbox()

    (taken,) = receiver.taken
    assert _is_signed(taken, KEY)
    assert json.loads(taken.body)["alerts"][0]["title"] == "Price 1 moved"
    with scope(acme.id):
        delivery = Delivery.objects.get(channel=channel)
        attempt = Attempt.objects.get()
        channel.refresh_from_db()
    assert taken.headers["X-ModelOptix-Delivery"] == str(delivery.id)
    assert (delivery.state, delivery.tries) == ("delivered", 1)
    assert (attempt.status, attempt.response) == (200, "ok")
    assert "Price 1 moved" in attempt.request
    assert channel.last_delivered_at is not None


def test_a_failure_is_tried_again_with_the_same_id_and_body(
    acme: Organization, olga: User, receiver: Receiver, run_outbox: RunOutbox
) -> None:
    receiver.answers = [(500, "boom", {}), (429, "slow", {"Retry-After": "7200"})]
    make_channel(acme, receiver.url)
    tell(acme)
    run_outbox(rounds=1)
    with scope(acme.id):
        waits = Delivery.objects.get(channel__isnull=False).due_at - utc_now()
    run_outbox(rounds=3)

    ids = {taken.headers["X-ModelOptix-Delivery"] for taken in receiver.taken}
    assert (len(receiver.taken), len(ids)) == (3, 1)
    assert len({taken.body for taken in receiver.taken}) == 1
    assert waits > timedelta(seconds=10)
    with scope(acme.id):
        statuses = [a.status for a in Attempt.objects.order_by("number")]
        assert statuses == [500, 429, 200]
        assert Channel.objects.get().failures == 0


def test_no_redirect_is_followed(
    acme: Organization, olga: User, receiver: Receiver, run_outbox: RunOutbox
) -> None:
    receiver.answers = [(302, "", {"Location": receiver.url})]
    make_channel(acme, receiver.url)
    tell(acme)
    run_outbox(rounds=1)

    assert len(receiver.taken) == 1
    with scope(acme.id):
        assert "redirect" in Attempt.objects.get().error


def test_a_message_is_sent_again_by_hand(
    acme: Organization, olga: User, receiver: Receiver, run_outbox: RunOutbox
) -> None:
    make_channel(acme, receiver.url)
    tell(acme)
    run_outbox()
    with scope(acme.id):
        sending.resend(Delivery.objects.get(channel__isnull=False))
    run_outbox()

    first, second = receiver.taken
    assert first.body == second.body
    with scope(acme.id):
        assert Attempt.objects.order_by("-number")[0].is_by_hand


def test_a_channel_is_switched_off_after_days_of_failure_and_people_hear_of_it(
    acme: Organization, olga: User, receiver: Receiver, run_outbox: RunOutbox
) -> None:
    long_ago = utc_now() - timedelta(days=4)
    receiver.answers = [(503, "", {})]
    channel = make_channel(acme, receiver.url, failures=20, failing_since=long_ago)
    tell(acme)
    run_outbox(rounds=3)

    with scope(acme.id):
        channel.refresh_from_db()
        assert not channel.is_enabled
        assert "503" in channel.disabled_because
        assert Alert.objects.filter(kind=Kind.CHANNEL).count() == 1
        assert AuditEntry.objects.filter(action="alert_channel.switched_off").exists()
    tell(acme)
    run_outbox()
    assert len(receiver.taken) == 1


def test_who_says_gone_is_asked_no_more(
    acme: Organization, olga: User, receiver: Receiver, run_outbox: RunOutbox
) -> None:
    receiver.answers = [(410, "", {})]
    make_channel(acme, receiver.url)
    tell(acme)
    run_outbox()

    assert len(receiver.taken) == 1
    with scope(acme.id):
        assert not Channel.objects.get().is_enabled


def test_while_a_secret_is_replaced_both_sign_and_then_the_new_one_alone(
    acme: Organization, olga: User, receiver: Receiver, run_outbox: RunOutbox
) -> None:
    channel = make_channel(acme, receiver.url)
    with scope(acme.id):
        new = channel_services.rotate_secret(channel.id)
    tell(acme)
    run_outbox()
    with connections["owner"].cursor() as cursor:
        cursor.execute("UPDATE alerts_channel SET previous_until = now()")
    tell(acme)
    run_outbox()

    during, after = receiver.taken
    assert _is_signed(during, KEY)
    assert _is_signed(during, new)
    assert not _is_signed(after, KEY)
    assert _is_signed(after, new)


def test_no_secret_is_in_the_table_the_log_or_the_audit(
    acme: Organization, olga: User, receiver: Receiver, run_outbox: RunOutbox
) -> None:
    receiver.answers = [(500, f"you sent {receiver.url} {KEY}", {})]
    wanted = NewChannel(Via.WEBHOOK, "Ops", receiver.url)
    with scope(acme.id):
        channel, secret = channel_services.create_channel(wanted, by=olga.email)
    receiver.answers = [(500, f"you sent {receiver.url} {secret}", {})]
    tell(acme)
    run_outbox(rounds=2)

    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT string_agg(c::text, '') FROM alerts_channel c)"
            " || (SELECT string_agg(a::text, '') FROM alerts_attempt a)"
            " || (SELECT string_agg(e::text, '') FROM audit_auditentry e)"
        )
        (everything,) = cursor.fetchone()
    assert secret.startswith("whsec_")
    for hidden in (secret, receiver.url, "0123456789abcdef"):
        assert hidden not in everything
    assert str(channel.id) in everything


def test_a_test_is_sent_at_once_and_says_how_it_went(
    acme: Organization, olga: User, receiver: Receiver
) -> None:
    receiver.answers = [(200, "ok", {}), (404, "no", {})]
    channel = make_channel(acme, receiver.url)
    with scope(acme.id):
        good = channel_services.send_test(channel.id)
        bad = channel_services.send_test(channel.id)

    assert (good.state, bad.state) == ("delivered", "failed")
    assert json.loads(receiver.taken[0].body)["type"] == "test"
    assert receiver.taken[0].headers["X-ModelOptix-Event"] == "test"


@pytest.mark.parametrize("via", [Via.SLACK, Via.DISCORD])
def test_a_chat_gets_its_own_shape_and_no_signature(
    acme: Organization,
    olga: User,
    receiver: Receiver,
    run_outbox: RunOutbox,
    via: Via,
) -> None:
    make_channel(acme, receiver.url, via=via)
    tell(acme, 2)
    run_outbox()

    (taken,) = receiver.taken
    assert HEADER not in taken.headers
    body = json.loads(taken.body)
    assert ("blocks" if via == Via.SLACK else "embeds") in body


def test_a_channel_gets_its_kinds_and_severities_alone(
    acme: Organization, olga: User, receiver: Receiver, run_outbox: RunOutbox
) -> None:
    make_channel(
        acme, receiver.url, kinds=["price_change"], min_severity=Severity.WARNING
    )
    tell(acme, severity=Severity.INFO)
    tell(acme, kind=Kind.NEW_MODEL, severity=Severity.URGENT)
    tell(acme, title="This one")
    run_outbox()

    (taken,) = receiver.taken
    titles = [alert["title"] for alert in json.loads(taken.body)["alerts"]]
    assert titles == ["This one"]


@pytest.mark.parametrize("url", ["http://example.com/", "https://10.0.0.1/", "x"])
def test_a_channel_that_leads_nowhere_good_is_not_made(
    acme: Organization, olga: User, url: str
) -> None:
    with scope(acme.id), pytest.raises(ValidationError):
        channel_services.create_channel(NewChannel(Via.WEBHOOK, "Ops", url))


def test_a_plan_without_webhooks_has_none(
    acme: Organization, olga: User, settings: Any
) -> None:
    settings.STRIPE_SECRET_KEY = "sk_test_of_the_tests"
    wanted = NewChannel(Via.WEBHOOK, "Ops", "https://93.184.215.14/")
    with scope(acme.id), pytest.raises(PermissionDeniedError):
        channel_services.create_channel(wanted)


def test_a_channel_goes_with_its_log_and_what_waits_for_it(
    acme: Organization, olga: User, receiver: Receiver, run_outbox: RunOutbox
) -> None:
    channel = make_channel(acme, receiver.url)
    tell(acme)
    run_outbox()
    tell(acme)
    with scope(acme.id):
        channel_services.delete_channel(channel.id)
    run_outbox()

    assert len(receiver.taken) == 1
    with scope(acme.id):
        assert not Delivery.objects.filter(via=Via.WEBHOOK).exists()
        assert Alert.objects.count() == 2

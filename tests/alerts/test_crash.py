"""A worker is killed with kill -9 at any step: nothing is lost, nothing doubled."""

import json
import os
import signal
import warnings
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from apps.accounts.models import Organization, User
from apps.alerts.models import Alert, Delivery, Notice, Parcel
from apps.jobs.delivery import deliver_due
from apps.jobs.models import Message
from apps.tenancy.scope import scope
from tests.alerts.conftest import Receiver, make_channel, make_due
from tests.alerts.test_routing import tell

pytestmark = pytest.mark.django_db(transaction=True)
ALERTS = 20


def _killed_after(statements: int) -> None:
    """Deliver in a process of its own that dies at its n-th statement."""
    connections.close_all()
    with warnings.catch_warnings():
        # The receiver's thread stays with the parent; the child never asks for it.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        left = [statements]

        def count(execute: Callable[..., Any], *args: Any) -> Any:
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return execute(*args)

        for alias in ("default", "jobs"):
            connections[alias].execute_wrappers.append(count)
        deliver_due()
        os._exit(0)
    os.waitpid(child, 0)


def _assert_whole(acme: Organization, receiver: Receiver) -> None:
    with scope(acme.id):
        ids = sorted(str(alert.id) for alert in Alert.objects.all())
        assert Notice.objects.count() == ALERTS
        assert not Alert.objects.filter(routed_at=None).exists()
        per_place = Counter(
            (str(alert_id), via)
            for alert_id, via in Parcel.objects.values_list("alert_id", "delivery__via")
        )
        states = set(Delivery.objects.values_list("state", flat=True))
        mails = Delivery.objects.filter(via="email").count()
    assert per_place == {(i, via): 1 for i in ids for via in ("email", "webhook")}
    assert states == {"delivered"}
    # One message of the outbox for each mail: none lost, and none twice.
    posted = Message.objects.using("jobs").filter(topic="mail.send")
    assert posted.count() == mails
    by_id = {
        taken.headers["X-ModelOptix-Delivery"]: json.loads(taken.body)
        for taken in receiver.taken
    }
    told = sorted(alert["id"] for body in by_id.values() for alert in body["alerts"])
    assert told == ids


def test_killed_at_every_step_it_is_all_there_once(
    acme: Organization, olga: User, receiver: Receiver, settings: Any
) -> None:
    settings.MAIL_DELIVERY = "outbox"
    make_channel(acme, receiver.url)
    tell(acme, ALERTS // 2)
    with connections["owner"].cursor() as cursor:
        # What was delivered on commit is taken back: the killed ones shall do it.
        cursor.execute("DELETE FROM alerts_parcel")
        cursor.execute("DELETE FROM alerts_delivery")
        cursor.execute("DELETE FROM alerts_notice")
        cursor.execute("UPDATE alerts_alert SET routed_at = NULL")
        cursor.execute(
            "UPDATE outbox_messages SET state = 'waiting', attempt = 0"
            " WHERE topic = 'alerts.route'"
        )
    tell(acme, ALERTS // 2)
    for step in (1, 2, 4, 7, 10, 13, 17, 22, 28, 36, 50):
        make_due()
        _killed_after(step)
    for _ in range(3):
        make_due()
        deliver_due()

    _assert_whole(acme, receiver)


def test_two_workers_at_once_deliver_it_once(
    acme: Organization, olga: User, receiver: Receiver, settings: Any
) -> None:
    settings.MAIL_DELIVERY = "outbox"
    make_channel(acme, receiver.url)
    for _ in range(ALERTS):
        tell(acme)
    for _ in range(3):
        make_due()
        with ThreadPoolExecutor(4) as workers:
            runs = [workers.submit(_deliver) for _ in range(4)]
            assert all(run.result() >= 0 for run in runs)

    _assert_whole(acme, receiver)
    sent = Counter(t.headers["X-ModelOptix-Delivery"] for t in receiver.taken)
    assert set(sent.values()) == {1}


def _deliver() -> int:
    try:
        return deliver_due()
    finally:
        connections.close_all()

"""What is posted is done, whatever fails on the way; what is rolled back never is."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, connections, transaction
from django.utils import timezone
from pytest_django import Settings

from apps.jobs import delivery
from apps.jobs.handlers import Registered, handles
from apps.jobs.models import Message, Presence
from apps.jobs.outbox import post
from apps.kit.ids import uuid7
from apps.tenancy.scope import current_org_id, scope, unscoped
from tests.jobs.conftest import Query

pytestmark = pytest.mark.django_db(transaction=True)
type Messages = Callable[[], list[Message]]


class Seen:
    """A handler that remembers, and fails as often as it is told to."""

    def __init__(self) -> None:
        self.payloads: list[dict[str, Any]] = []
        self.ids: list[UUID] = []
        self.orgs: list[UUID | None] = []
        self.failures = 0

    def __call__(self, payload: dict[str, Any], *, message_id: UUID) -> None:
        self.ids.append(message_id)
        self.orgs.append(current_org_id())
        if self.failures:
            self.failures -= 1
            raise ValueError("the server at smtp://me:hunter22@mail refused")
        self.payloads.append(payload)


@pytest.fixture
def seen(registry: dict[str, Registered]) -> Seen:
    handler = Seen()
    handles("test.note")(handler)
    return handler


def test_a_message_is_delivered_after_the_commit(
    seen: Seen, messages: Messages
) -> None:
    with transaction.atomic():
        message_id = post("test.note", {"to": "olga", "n": 1})
        assert seen.payloads == []

    assert seen.payloads == [{"to": "olga", "n": 1}]
    assert seen.ids == [message_id]
    (message,) = messages()
    assert (message.state, message.payload) == ("delivered", {})
    assert message.finished_at is not None


def test_a_message_is_rolled_back_with_its_cause(
    seen: Seen, messages: Messages
) -> None:
    with transaction.atomic():
        post("test.note", {})
        transaction.set_rollback(True)

    assert delivery.deliver_due() == 0
    assert messages() == []


def test_a_job_posts_in_its_own_transaction(seen: Seen, messages: Messages) -> None:
    with transaction.atomic(using="jobs"):
        post("test.note", {"from": "a unit"})
        transaction.set_rollback(True, using="jobs")
    with unscoped("test"):
        post("test.note", {"from": "unscoped"})

    assert seen.payloads == [{"from": "unscoped"}]
    assert len(messages()) == 1


def test_a_handler_works_in_the_scope_of_its_organization_alone(seen: Seen) -> None:
    acme, globex = uuid7(), uuid7()
    with scope(globex):
        post("test.note", {}, org_id=acme)
        post("test.note", {})
        assert current_org_id() == globex

    assert seen.orgs == [acme, None]


def test_a_failure_is_tried_again_later(
    seen: Seen, messages: Messages, query: Query, caplog: pytest.LogCaptureFixture
) -> None:
    seen.failures = 2
    post("test.note", {"n": 1})
    (message,) = messages()
    wait_s = (message.due_at - timezone.now()).total_seconds()

    assert (message.state, message.attempt) == ("waiting", 1)
    assert 5 < wait_s < 13
    assert "hunter22" not in message.error
    assert "refused" in message.error
    assert delivery.deliver_due() == 0

    for _ in range(2):
        query("UPDATE outbox_messages SET due_at = now()")
        delivery.deliver_due()
    assert seen.payloads == [{"n": 1}]
    assert len(set(seen.ids)) == 1
    assert messages()[0].error == ""


def test_a_message_is_given_up_in_the_end(
    seen: Seen, messages: Messages, settings: Settings, query: Query
) -> None:
    settings.OUTBOX_ATTEMPTS = 2
    seen.failures = 9
    post("test.note", {"n": 1})
    query("UPDATE outbox_messages SET due_at = now()")
    delivery.deliver_due()
    query("UPDATE outbox_messages SET due_at = now()")

    assert delivery.deliver_due() == 0
    (message,) = messages()
    assert (message.state, message.attempt, message.payload) == ("dead", 2, {"n": 1})
    assert len(seen.ids) == 2


def test_one_bad_message_holds_up_no_other(seen: Seen, messages: Messages) -> None:
    with transaction.atomic():
        post("test.unknown", {})
        post("test.note", {"n": 2})

    assert seen.payloads == [{"n": 2}]
    errors = {message.topic: message.error for message in messages()}
    assert "Nothing handles the topic" in errors["test.unknown"]


def test_a_message_for_later_waits(seen: Seen, query: Query) -> None:
    post("test.note", {}, due_at=timezone.now() + timedelta(hours=1))

    assert delivery.deliver_due() == 0
    query("UPDATE outbox_messages SET due_at = now()")
    assert delivery.deliver_due() == 1


def test_a_message_of_a_killed_worker_comes_again_after_the_lease(
    seen: Seen, query: Query, registry: dict[str, Registered]
) -> None:
    handles("test.killed")(_die)
    with pytest.raises(SystemExit), transaction.atomic():
        post("test.killed", {})
    registry["test.killed"] = registry["test.note"]

    assert delivery.deliver_due() == 0
    query("UPDATE outbox_messages SET due_at = now()")
    assert delivery.deliver_due() == 1


def test_an_effect_in_the_database_happens_exactly_once(
    registry: dict[str, Registered], messages: Messages, query: Query
) -> None:
    overtaking = threading.Event()

    @handles("test.effect", exactly_once_in="jobs")
    def effect(payload: dict[str, Any], *, message_id: UUID) -> None:
        _write(uuid7().hex[-16:])
        if not overtaking.is_set():
            # This worker's lease is over, and another one does the work meanwhile.
            overtaking.set()
            query("UPDATE outbox_messages SET due_at = now()")
            thread = threading.Thread(target=_deliver_and_close)
            thread.start()
            thread.join(30)

    post("test.effect", {})

    assert Presence.objects.count() == 1
    assert [m.state for m in messages()] == ["delivered"]
    assert messages()[0].attempt == 2


def test_an_effect_is_undone_when_its_handler_fails(
    registry: dict[str, Registered], messages: Messages
) -> None:
    @handles("test.effect", exactly_once_in="jobs")
    def effect(payload: dict[str, Any], *, message_id: UUID) -> None:
        _write("effect")
        raise ValueError("after all")

    post("test.effect", {})

    assert not Presence.objects.exists()
    assert messages()[0].state == "waiting"


def test_two_workers_share_the_work(seen: Seen, messages: Messages) -> None:
    with transaction.atomic(using="jobs"):
        for number in range(40):
            post("test.note", {"n": number}, due_at=timezone.now())
    threads = [threading.Thread(target=_deliver_and_close) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(p["n"] for p in seen.payloads) == list(range(40))
    assert {m.attempt for m in messages()} == {1}


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id FROM outbox_messages",
        "UPDATE outbox_messages SET topic = 'x'",
        "DELETE FROM outbox_messages",
        "UPDATE job_runs SET status = 'completed'",
        "SELECT nextval('job_tokens')",
    ],
)
def test_the_login_of_requests_adds_messages_and_can_do_nothing_else(sql: str) -> None:
    refused = pytest.raises(DatabaseError, match="permission denied")
    with connections["default"].cursor() as cursor, refused:
        cursor.execute(sql)


@pytest.mark.parametrize("payload", [{"a": object()}, {"a": float("nan")}])
def test_what_json_cannot_hold_is_refused_at_once(payload: dict[str, object]) -> None:
    with pytest.raises((TypeError, ValueError)):
        post("test.note", payload)


def test_a_topic_has_one_handler(seen: Seen) -> None:
    with pytest.raises(ValueError, match="handler already"):
        handles("test.note")(Seen())


def _die(payload: dict[str, Any], *, message_id: UUID) -> None:
    raise SystemExit


def _deliver_and_close() -> None:
    delivery.deliver_due()
    connections.close_all()


def _write(name: str) -> None:
    sql = "INSERT INTO job_presences (name, first_seen_at, seen_at)"
    with connections["jobs"].cursor() as cursor:
        cursor.execute(f"{sql} VALUES (%s, now(), now())", [name])

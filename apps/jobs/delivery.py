"""Deliver what is in the outbox: claim one message, do its work, settle it.

A claim counts the attempt up and moves `due_at` on by the lease, in one statement
that passes by what another worker is claiming. The attempt's number is the claim's
token: a worker that comes back after its lease can neither settle nor fail a message
that another one has claimed since.
"""

import json
import logging
import random
import time
from collections.abc import Callable
from contextlib import nullcontext
from contextvars import Context
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.db import connections, transaction

from apps.jobs.backoff import delay_s
from apps.jobs.errors import GiveUpError
from apps.jobs.handlers import Registered, handler_of
from apps.jobs.redact import describe
from apps.jobs.stopping import is_stopping
from apps.tenancy.scope import scope
from apps.tenancy.tasks import OrgTask

logger = logging.getLogger(__name__)

RETRY_BASE_S: Final = 10.0
RETRY_CAP_S: Final = 3600.0
# One task's share; a worker that is told to stop should not be long about it.
TASK_S: Final = 30.0

_CLAIM: Final = """
    UPDATE outbox_messages SET
        attempt = attempt + 1, due_at = clock_timestamp() + make_interval(secs => %s)
    WHERE id = (
        SELECT id FROM outbox_messages
        WHERE state = 'waiting' AND due_at <= clock_timestamp()
        ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING id, topic, payload::text, scope_id, attempt
"""
_SETTLE: Final = "SELECT settle_message(%s, %s)"
_FAIL: Final = """
    UPDATE outbox_messages SET
        error = %s, due_at = clock_timestamp() + make_interval(secs => %s),
        state = CASE WHEN attempt >= %s THEN 'dead' ELSE 'waiting' END,
        finished_at = CASE WHEN attempt >= %s THEN clock_timestamp() END
    WHERE id = %s AND attempt = %s AND state = 'waiting'
    RETURNING state
"""


class OvertakenError(Exception):
    """The claim ran out, and another worker has the message: undo what was done."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message in this worker's hands, for the length of the lease."""

    id: UUID
    topic: str
    payload: dict[str, Any]
    org_id: UUID | None
    attempt: int


@shared_task(name="jobs.deliver", base=OrgTask, needs_org=False)
def deliver() -> int:
    return deliver_due(is_over=is_stopping)


def deliver_due(
    *, seconds: float = TASK_S, is_over: Callable[[], bool] = lambda: False
) -> int:
    """Deliver what is due, until nothing is or the time is up; returns how many."""
    ends_at = time.monotonic() + seconds
    done = 0
    while time.monotonic() < ends_at and not is_over():
        message = _claim()
        if message is None:
            break
        # An empty context: no scope of whoever posted it, or of the message before.
        done += Context().run(_deliver_one, message)
    return done


def _claim() -> Claimed | None:
    with connections["jobs"].cursor() as cursor:
        cursor.execute(_CLAIM, [settings.OUTBOX_LEASE_S])
        row = cursor.fetchone()
    if row is None:
        return None
    message_id, topic, payload, org_id, attempt = row
    return Claimed(message_id, topic, json.loads(payload), org_id, attempt)


def _deliver_one(message: Claimed) -> bool:
    try:
        registered = handler_of(message.topic)
        with scope(message.org_id) if message.org_id else nullcontext():
            _handle(registered, message)
    except OvertakenError:
        logger.warning("Message %s was delivered by another worker", message.id)
        return False
    except Exception as error:
        logger.exception("Delivering %s (%s) failed", message.topic, message.id)
        _fail(message, error)
        return False
    return True


def _handle(registered: Registered, message: Claimed) -> None:
    using = registered.exactly_once_in
    if using is None:
        registered.handler(message.payload, message_id=message.id)
        _settle(message, using="jobs")
        return
    with transaction.atomic(using=using, durable=True):
        registered.handler(message.payload, message_id=message.id)
        if not _settle(message, using=using):
            raise OvertakenError


def _settle(message: Claimed, *, using: str) -> bool:
    with connections[using].cursor() as cursor:
        cursor.execute(_SETTLE, [message.id, message.attempt])
        return bool(cursor.fetchone() == (True,))


def _fail(message: Claimed, error: Exception) -> None:
    wait_s = delay_s(
        message.attempt,
        base_s=RETRY_BASE_S,
        cap_s=RETRY_CAP_S,
        chance=random.random(),  # noqa: S311  # spreads load, guards nothing
    )
    most = 0 if isinstance(error, GiveUpError) else settings.OUTBOX_ATTEMPTS
    with connections["jobs"].cursor() as cursor:
        cursor.execute(
            _FAIL,
            [describe(error), wait_s, most, most, message.id, message.attempt],
        )
        row = cursor.fetchone()
    if row == ("dead",):
        logger.error("Message %s (%s) is given up", message.id, message.topic)

"""Start what is due and was not started: retries, and slots that the beat missed.

The beat sends a job at its moment and forgets it. If the beat was down then, or the
message came to nothing, the slot has no run: found here, it is started late. Sent twice
does no harm, since a slot has one run.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from celery import current_app
from django.db import connections

from apps.jobs.cause import Cause
from apps.jobs.models import Trigger
from apps.jobs.schedule import JOBS, SCHEDULE, Scheduled

# The beat's own message gets this long to become a run.
GRACE: Final = timedelta(minutes=3)
EXPIRES_S: Final = 60

# Claimed for the message's life: if it comes to nothing, another one is sent.
_TAKE_RETRIES: Final = """
    UPDATE job_runs SET next_at = clock_timestamp() + make_interval(secs => %s)
    WHERE next_at <= clock_timestamp() AND name = ANY (%s)
    RETURNING name
"""
_CLOCK: Final = """
    SELECT clock_timestamp(), first_seen_at FROM job_presences WHERE name = 'tick'
"""
_LATEST: Final = """
    SELECT name, max(started_at) FILTER (WHERE status IN ('running', 'completed')),
        max(slot)
    FROM job_runs GROUP BY name
"""


@dataclass(frozen=True, slots=True)
class Latest:
    """What is known of a job: its last start that did not fail, its last slot."""

    started_at: datetime | None
    slot: datetime | None


def dispatch() -> list[str]:
    """Send what is due; returns the jobs' names."""
    due = [(name, Trigger.RETRY) for name in _take_retries()]
    due += [(job.name, Trigger.CATCH_UP) for job in _missed()]
    for name, trigger in due:
        send(name, Cause(trigger.value), expires_s=EXPIRES_S)
    return [name for name, _ in due]


def send(name: str, cause: Cause, *, expires_s: float | None = None) -> None:
    """Send a job's task to the workers; raises kombu's OperationalError."""
    task_of(name).apply_async(headers=cause.headers(), expires=expires_s, retry=False)


def task_of(name: str) -> Any:
    """A job's Celery task; outside a worker nobody has imported it yet."""
    if name not in current_app.tasks:
        current_app.loader.import_default_modules()
    return current_app.tasks[name]


def missed(
    jobs: Iterable[Scheduled],
    latest: Mapping[str, Latest],
    *,
    now: datetime,
    since: datetime,
) -> Iterator[Scheduled]:
    """The jobs whose latest slot has no run, with nothing later in its place.

    Slots before `since`, when this installation's jobs first ran, are nobody's loss.
    """
    for job in jobs:
        slot = job.timing.slot(now - GRACE)
        known = latest.get(job.name, Latest(None, None))
        marks = [moment for moment in (known.started_at, known.slot) if moment]
        if slot is not None and slot > since and all(slot > mark for mark in marks):
            yield job


def _take_retries() -> list[str]:
    with connections["jobs"].cursor() as cursor:
        cursor.execute(_TAKE_RETRIES, [EXPIRES_S, list(JOBS)])
        return [name for (name,) in cursor.fetchall()]


def _missed() -> list[Scheduled]:
    with connections["jobs"].cursor() as cursor:
        cursor.execute(_CLOCK)
        clock = cursor.fetchone()
        if clock is None:
            return []
        cursor.execute(_LATEST)
        latest = {name: Latest(*rest) for name, *rest in cursor.fetchall()}
    now, since = clock
    return list(missed(SCHEDULE, latest, now=now, since=since))

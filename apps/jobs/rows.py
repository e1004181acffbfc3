"""The statements on runs: each changes a row only while it is what it should be.

All moments are `clock_timestamp()` of the database: workers' clocks differ, and one
whose machine slept differs by hours.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import OperationalError, connections, transaction
from psycopg.errors import LockNotAvailable

from apps.jobs.backoff import delay_s
from apps.jobs.cause import Cause
from apps.jobs.errors import AlreadyRunningError, LostRunError
from apps.jobs.models import Status, Trigger
from apps.jobs.placing import Past, Place, place, slot_at
from apps.jobs.schedule import JOBS
from apps.kit.ids import uuid7

RETRY_BASE_S: Final = 30.0
RETRY_CAP_S: Final = 3600.0
# Longer than any of these transactions takes.
LOCK_WAIT_MS: Final = 4000
SILENT: Final = "Nothing was heard of its worker."

# A frozen process must not keep others waiting with a transaction it left open.
_BOUND: Final = """
    SELECT set_config('idle_in_transaction_session_timeout', %s, true),
        set_config('lock_timeout', %s, true)
"""
# Starts of one job come one after another, and a start looks at the latest run of any
# state in one statement. Otherwise it could see where an older run got to, be held up
# while the running one goes on and ends, and then begin at the older place.
_ONE_START: Final = "SELECT pg_advisory_xact_lock(hashtext('job ' || %s))"
_NOW: Final = "SELECT clock_timestamp()"
_PAST: Final = """
    SELECT status, slot, attempt, "cursor", items_done FROM job_runs
    WHERE name = %s {more} ORDER BY token DESC LIMIT 1
"""
_INSERT: Final = """
    INSERT INTO job_runs (id, name, status, token, trigger, by, slot, attempt,
        "cursor", items_done, summary, error, started_at)
    VALUES (%s, %s, 'running', nextval('job_tokens'), %s, %s, %s, %s, %s, %s, '', '',
        clock_timestamp())
    ON CONFLICT DO NOTHING RETURNING token
"""
_FIRST_BEAT: Final = """
    INSERT INTO job_heartbeats (run_id, beat_at) VALUES (%s, clock_timestamp())
"""
# Whatever was to be tried again is what now runs.
_NO_MORE_RETRIES: Final = """
    UPDATE job_runs SET next_at = NULL
    WHERE name = %s AND next_at IS NOT NULL AND status <> 'running'
"""
# A run whose unit is committing is alive: its row is locked, and passed by.
_SILENT: Final = """
    SELECT r.id, r.name, r.attempt, r.trigger
    FROM job_runs r JOIN job_heartbeats h ON h.run_id = r.id
    WHERE r.status = 'running' AND (%(name)s IS NULL OR r.name = %(name)s)
      AND h.beat_at < clock_timestamp() - make_interval(secs => %(lease_s)s)
    FOR UPDATE OF r SKIP LOCKED
"""
_FINISH: Final = """
    UPDATE job_runs SET
        status = %(status)s, error = %(error)s, summary = %(summary)s,
        finished_at = clock_timestamp(),
        data_at = CASE WHEN %(status)s = 'completed'
            THEN coalesce(%(data_at)s, started_at) END,
        next_at = clock_timestamp() + make_interval(secs => %(wait_s)s)
    WHERE id = %(id)s AND status = 'running'
      AND (%(token)s IS NULL OR token = %(token)s)
"""
_NO_HEART: Final = "DELETE FROM job_heartbeats WHERE run_id = %s"
_FENCE: Final = """
    SELECT set_config('idle_in_transaction_session_timeout', %s, true),
        hold_job_token(%s, %s)
"""
_ADVANCE: Final = "SELECT advance_job(%s, %s, %s, %s, %s)"


@dataclass(slots=True)
class Started:
    """A run that was started here, and how far it is."""

    id: UUID
    name: str
    token: int
    trigger: str
    attempt: int
    cursor: str | None
    done: int


def start(name: str, cause: Cause) -> Started:
    """Begin a run, if need be in place of one that fell silent."""
    with _bounded() as cursor:
        _take_turn(cursor, name)
        _reap(cursor, name)
        where = _place(cursor, name, cause)
        run_id = uuid7()
        position = [where.slot, where.attempt, where.cursor, where.done]
        cursor.execute(_INSERT, [run_id, name, cause.trigger, cause.by, *position])
        row = cursor.fetchone()
        if row is None:
            raise AlreadyRunningError(f"{name} is running already.")
        cursor.execute(_FIRST_BEAT, [run_id])
        cursor.execute(_NO_MORE_RETRIES, [name])
    return Started(
        run_id, name, row[0], cause.trigger, where.attempt, where.cursor, where.done
    )


@contextmanager
def _bounded() -> Iterator[Any]:
    """A transaction of the jobs' login that the server ends if it is left open."""
    block = transaction.atomic(using="jobs", durable=True)
    with block, connections["jobs"].cursor() as cursor:
        cursor.execute(_BOUND, [_idle_ms(), str(LOCK_WAIT_MS)])
        yield cursor


def _idle_ms() -> str:
    """Two leases: whoever is silent for so long has lost his run anyway."""
    return str(int(settings.JOB_LEASE_S * 2000))


def _take_turn(cursor: Any, name: str) -> None:
    try:
        cursor.execute(_ONE_START, [name])
    except OperationalError as problem:
        if isinstance(problem.__cause__, LockNotAvailable):
            raise AlreadyRunningError(f"{name} is being started.") from problem
        raise


def _place(cursor: Any, name: str, cause: Cause) -> Place:
    cursor.execute(_NOW)
    (now,) = cursor.fetchone()
    slot = slot_at(JOBS.get(name), cause.trigger, now)
    last = _past(cursor, [name])
    if last is not None and last.status == Status.RUNNING:
        raise AlreadyRunningError(f"{name} is running already.")
    in_slot = _past(cursor, [name, slot], more="AND slot = %s") if slot else None
    return place(
        cause.trigger, slot, last=last, in_slot=in_slot, attempts=attempts_of(name)
    )


def _past(cursor: Any, values: list[object], *, more: str = "") -> Past | None:
    cursor.execute(_PAST.format(more=more), values)
    row = cursor.fetchone()
    return Past(*row) if row else None


def attempts_of(name: str) -> int:
    """Runs in all for one cause; 1 for a job that nobody could start again."""
    job = JOBS.get(name)
    if job is None:
        return 1
    return job.attempts or settings.JOB_ATTEMPTS


def fence(run: Started, *, using: str) -> None:
    """Lock this run's row until the transaction ends, or raise LostRunError."""
    with connections[using].cursor() as cursor:
        cursor.execute(_FENCE, [_idle_ms(), run.id, run.token])
        _require(cursor.fetchone()[1], run)


def advance(
    run: Started, position: str | None, done: int, total: int | None, *, using: str
) -> None:
    with connections[using].cursor() as cursor:
        cursor.execute(_ADVANCE, [run.id, run.token, position, done, total])
        _require(cursor.fetchone()[0], run)


def _require(is_ours: bool | None, run: Started) -> None:
    if not is_ours:
        raise LostRunError(f"The run of {run.name} is no longer this worker's.")


def complete(run: Started, *, summary: str, data_at: datetime | None) -> None:
    """End a run well; raises LostRunError if it was not ours to end."""
    is_ended = _finish(run, "completed", summary=summary, data_at=data_at)
    _require(is_ended, run)


def fail(run: Started, error: str) -> None:
    """End a run with its error, to be tried again after the back-off."""
    wait_s = retry_wait_s(run.name, run.attempt, run.trigger)
    _finish(run, "failed", error=error, wait_s=wait_s)


def give_back(run: Started, error: str) -> None:
    """Leave a run to another worker, at once."""
    _finish(run, "lost", error=error, wait_s=0.0 if run.name in JOBS else None)


def retry_wait_s(name: str, attempt: int, trigger: str) -> float | None:
    """Seconds until the next attempt; none after the last one.

    Whoever runs a job by a command sees it fail, and decides himself.
    """
    if attempt >= attempts_of(name) or trigger == Trigger.COMMAND:
        return None
    chance = random.random()  # noqa: S311  # spreads load, guards nothing
    return delay_s(attempt, base_s=RETRY_BASE_S, cap_s=RETRY_CAP_S, chance=chance)


def _finish(run: Started, status: str, **values: Any) -> bool:
    with _bounded() as cursor:
        return _finish_row(cursor, run.id, run.token, status=status, **values)


def _finish_row(
    cursor: Any, run_id: UUID, token: int | None, *, status: str, **values: Any
) -> bool:
    defaults = {"error": "", "summary": "", "data_at": None, "wait_s": None}
    ids = {"id": run_id, "token": token, "status": status}
    cursor.execute(_FINISH, defaults | values | ids)
    is_ended = bool(cursor.rowcount)
    if is_ended:
        cursor.execute(_NO_HEART, [run_id])
    return is_ended


def reap() -> int:
    """Declare every silent run lost; returns how many there were."""
    with _bounded() as cursor:
        return _reap(cursor, None)


def _reap(cursor: Any, name: str | None) -> int:
    cursor.execute(_SILENT, {"name": name, "lease_s": settings.JOB_LEASE_S})
    silent = cursor.fetchall()
    for run_id, run_name, attempt, trigger in silent:
        wait_s = retry_wait_s(run_name, attempt, trigger)
        _finish_row(
            cursor,
            run_id,
            None,
            status="lost",
            error=SILENT,
            # Its slot has waited for the lease already.
            wait_s=None if wait_s is None else 0.0,
        )
    return len(silent)


def end(run_id: UUID, error: str) -> bool:
    """End a run from outside: its worker finds out at its next unit.

    Raises OperationalError when a unit of the run takes too long to wait for.
    """
    with _bounded() as cursor:
        return _finish_row(cursor, run_id, None, status="failed", error=error)

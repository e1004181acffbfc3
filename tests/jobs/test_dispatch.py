"""Retries and missed slots are started, and nothing else is."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from apps.jobs import rows
from apps.jobs.cause import Cause
from apps.jobs.dispatch import Latest, dispatch, missed
from apps.jobs.lock import hold
from apps.jobs.models import Run
from apps.jobs.presence import note_tick
from apps.jobs.schedule import SCHEDULE, Scheduled
from apps.jobs.timetable import daily, every
from tests.jobs.conftest import Query

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TODAY = datetime(2026, 11, 21, 2, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=30)
JOB = Scheduled("x", daily(2), "")


@pytest.mark.parametrize(
    ("latest", "is_missed"),
    [
        (None, True),
        (Latest(TODAY - timedelta(days=1), TODAY - timedelta(days=1)), True),
        (Latest(None, TODAY), False),
        (Latest(TODAY + timedelta(hours=1), None), False),
    ],
)
def test_a_slot_without_a_run_is_missed(latest: Latest | None, is_missed: bool) -> None:
    known = {"x": latest} if latest else {}

    assert list(missed([JOB], known, now=NOW, since=LONG_AGO)) == [JOB] * is_missed


def test_nothing_was_missed_before_the_installation() -> None:
    assert list(missed([JOB], {}, now=NOW, since=NOW - timedelta(hours=1))) == []


def test_the_clock_itself_comes_first() -> None:
    just = TODAY + timedelta(minutes=1)

    assert list(missed([JOB], {}, now=just, since=TODAY - timedelta(hours=1))) == []


def test_short_periods_are_never_missed() -> None:
    job = Scheduled("x", every(minutes=1), "")

    assert list(missed([job], {}, now=NOW, since=LONG_AGO)) == []


def test_every_missed_job_is_caught_up_once(
    query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    only = [job for job in SCHEDULE if job.name == "jobs.prune"]
    monkeypatch.setattr("apps.jobs.dispatch.SCHEDULE", only)
    note_tick()
    assert dispatch() == []
    query("UPDATE job_presences SET first_seen_at = now() - interval '40 days'")

    assert dispatch() == ["jobs.prune"]
    assert dispatch() == []
    run = Run.objects.get(name="jobs.prune")
    assert (run.status, run.trigger, run.attempt) == ("completed", "catch_up", 1)
    assert run.slot is not None


def test_a_failed_run_is_tried_again_when_it_is_due(
    query: Query, latest: Callable[[str], Run]
) -> None:
    with pytest.raises(ValueError, match="no"), hold("jobs.prune"):
        raise ValueError("no")
    assert dispatch() == []
    query("UPDATE job_runs SET next_at = now()")

    assert dispatch() == ["jobs.prune"]

    again = latest("jobs.prune")
    assert (again.status, again.trigger, again.attempt) == ("completed", "retry", 2)
    assert not Run.objects.filter(next_at__isnull=False).exists()


def test_a_reaped_run_is_tried_again(
    query: Query, latest: Callable[[str], Run]
) -> None:
    run = rows.start("jobs.prune", Cause())
    query("UPDATE job_heartbeats SET beat_at = beat_at - interval '1 hour'")
    assert rows.reap() == 1
    assert rows.reap() == 0

    assert dispatch() == ["jobs.prune"]
    assert latest("jobs.prune").status == "completed"
    assert Run.objects.get(id=run.id).status == "lost"


def test_attempts_come_to_an_end(query: Query, latest: Callable[[str], Run]) -> None:
    query("ALTER SEQUENCE job_tokens RESTART")
    for attempt in range(1, 7):
        run = rows.start("jobs.prune", Cause("retry" if attempt > 1 else "manual"))
        assert run.attempt == attempt
        rows.fail(run, "no")

    assert latest("jobs.prune").next_at is None


def test_whoever_uses_the_command_line_decides_himself(
    latest: Callable[[str], Run], transactional_db: None
) -> None:
    rows.fail(rows.start("jobs.prune", Cause("command")), "no")

    assert latest("jobs.prune").next_at is None

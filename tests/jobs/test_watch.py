"""Staff are told of what is wrong, once, and no longer when it is over."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from pytest_django import Settings

from apps.jobs import watch
from apps.jobs.handlers import Registered
from apps.jobs.models import Incident
from apps.jobs.outbox import post
from apps.jobs.presence import Sight, note_tick
from apps.jobs.schedule import Scheduled
from apps.jobs.timetable import daily
from apps.jobs.watch import Health, in_words, troubled, unseen
from tests.jobs.conftest import Query

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=30)
JOB = Scheduled("x", daily(2), "")


def words(health: Health | None, *, since: datetime = LONG_AGO) -> list[str]:
    known = {"x": health} if health else {}
    return [p.words for p in troubled([JOB], known, now=NOW, since=since)]


def test_stale_data_is_trouble_and_says_why() -> None:
    known = Health(NOW - timedelta(hours=28), 2, "no answer")

    assert words(known) == ["x has not succeeded for 28 h. Its last error: no answer"]
    assert words(None) == ["x has not succeeded for 30 days."]


def test_fresh_data_is_none() -> None:
    assert words(Health(NOW - timedelta(hours=20), 2, "no answer")) == []
    assert words(None, since=NOW - timedelta(hours=20)) == []


def test_failing_again_and_again_is_trouble() -> None:
    (told,) = words(Health(NOW - timedelta(hours=1), 3, "no answer"))

    assert told.startswith("x failed 3 times.")


def test_what_was_not_seen_is_trouble() -> None:
    lately, before = NOW - timedelta(seconds=30), NOW - timedelta(minutes=5)
    parts = {"beat": Sight(LONG_AGO, before), "worker": Sight(LONG_AGO, lately)}

    found = {p.subject: p.words for p in unseen(parts, now=NOW)}

    assert found == {
        "beat": "The clock was last seen 5 min ago.",
        "tick": "Any job has not been seen yet.",
    }


@pytest.mark.parametrize(
    ("age", "said"),
    [
        (timedelta(minutes=3), "3 min"),
        (timedelta(hours=3), "3 h"),
        (timedelta(days=3), "3 days"),
    ],
)
def test_ages_are_told_in_their_unit(age: timedelta, said: str) -> None:
    assert in_words(age) == said


@pytest.fixture
def told(query: Query, registry: dict[str, Registered]) -> Callable[[], list[str]]:
    """What staff were told of `outbox`, with all parts of the machinery alive."""
    subjects: list[str] = []

    def note(payload: dict[str, Any], *, message_id: UUID) -> None:
        subjects.append(payload["subject"])

    registry[watch.TOPIC] = Registered(note, None)
    for part in ("beat", "worker"):
        query("INSERT INTO job_presences VALUES (%s, now(), now())", part)
    note_tick()
    return lambda: subjects


def test_an_incident_is_told_once_and_closed(
    told: Callable[[], list[str]], settings: Settings, query: Query
) -> None:
    settings.OUTBOX_ATTEMPTS = 1
    assert watch.watch() == 0
    post("test.nobody", {})

    assert [watch.watch(), watch.watch()] == [1, 1]
    assert told() == ["outbox test.nobody"]
    (incident,) = Incident.objects.all()
    assert "1 given up" in incident.problem
    assert incident.closed_at is None

    query("DELETE FROM outbox_messages WHERE topic = 'test.nobody'")
    assert watch.watch() == 0
    assert Incident.objects.get().closed_at is not None


def test_what_comes_back_at_once_is_not_told_again(
    told: Callable[[], list[str]], settings: Settings, query: Query
) -> None:
    settings.OUTBOX_ATTEMPTS = 1
    for _ in range(2):
        post("test.nobody", {})
        watch.watch()
        query("DELETE FROM outbox_messages WHERE topic = 'test.nobody'")
        watch.watch()
    assert len(told()) == 1

    query("UPDATE job_incidents SET closed_at = now() - interval '7 hours'")
    post("test.nobody", {})
    watch.watch()
    assert len(told()) == 2

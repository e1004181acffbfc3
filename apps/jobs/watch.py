"""Find what staff must know of: stale data, failing jobs, dead messages, no workers.

Each problem is an incident with a subject: opened and told once, closed when it is
over. That there is no worker cannot be told by one: the page and `/ready` say it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.core.cache import cache
from django.db import connections, transaction

from apps.jobs.outbox import post
from apps.jobs.presence import PARTS, UNSEEN_AFTER, Sight, sights
from apps.jobs.schedule import SCHEDULE, Scheduled
from apps.kit.ids import uuid7

TOPIC: Final = "jobs.incident"
# For pages: how many problems the last look found, and that it was not long ago.
FOUND_KEY: Final = "jobs:found"
WATCHED_KEY: Final = "jobs:watched"
# Failures in a row that are worth a mail even before the data is stale.
FAILURES: Final = 3
# Tries of one message after which waiting quietly is over: some five minutes.
TRIES: Final = 6
# What comes back within this time is shown again, and not mailed again.
QUIET: Final = timedelta(hours=6)
PART_NAMES: Final = {"beat": "The clock", "worker": "The worker", "tick": "Any job"}

_HEALTH: Final = """
    WITH good AS (
        SELECT name, max(finished_at) AS at, max(token) AS token
        FROM job_runs WHERE status = 'completed' GROUP BY name
    )
    SELECT r.name, good.at,
        count(*) FILTER (WHERE r.status IN ('failed', 'lost')
            AND r.token > coalesce(good.token, 0)),
        coalesce((array_agg(r.error ORDER BY r.token DESC)
            FILTER (WHERE r.status IN ('failed', 'lost')
                AND r.token > coalesce(good.token, 0)))[1], '')
    FROM job_runs r LEFT JOIN good ON good.name = r.name
    GROUP BY r.name, good.at
"""
_STUCK_MESSAGES: Final = """
    SELECT topic, count(*) FILTER (WHERE state = 'dead'),
        count(*) FILTER (WHERE state = 'waiting')
    FROM outbox_messages
    WHERE state = 'dead' OR state = 'waiting' AND attempt >= %s
    GROUP BY topic ORDER BY topic
"""
_OPEN: Final = """
    INSERT INTO job_incidents (id, subject, problem, opened_at)
    SELECT %(id)s, %(subject)s, %(problem)s, now()
    ON CONFLICT DO NOTHING
    RETURNING NOT EXISTS (
        SELECT FROM job_incidents WHERE subject = %(subject)s AND id <> %(id)s
          AND closed_at > now() - make_interval(secs => %(quiet_s)s)
    )
"""
_UPDATE: Final = """
    UPDATE job_incidents SET problem = %s WHERE subject = %s AND closed_at IS NULL
"""
_CLOSE: Final = """
    UPDATE job_incidents SET closed_at = now()
    WHERE closed_at IS NULL AND subject <> ALL (%s)
"""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, under a subject that stays the same while it is."""

    subject: str
    words: str


@dataclass(frozen=True, slots=True)
class Health:
    """What is known of a job's success."""

    succeeded_at: datetime | None = None
    failures: int = 0
    error: str = ""


def watch() -> int:
    """Open, update and close incidents; returns how many problems there are."""
    found = problems(using="jobs")
    with transaction.atomic(using="jobs"):
        for problem in found:
            _note(problem)
        with connections["jobs"].cursor() as cursor:
            cursor.execute(_CLOSE, [[problem.subject for problem in found]])
    cache.set(FOUND_KEY, len(found), timeout=None)
    cache.set(WATCHED_KEY, 1, timeout=UNSEEN_AFTER.total_seconds())
    return len(found)


def problems(*, using: str) -> list[Problem]:
    """Everything that is wrong now; the web's login cannot see the messages."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
        cursor.execute(_HEALTH)
        health = {name: Health(*rest) for name, *rest in cursor.fetchall()}
    parts = sights(using=using)
    since = parts["tick"].first_seen_at if "tick" in parts else now
    found = [*unseen(parts, now=now)]
    found += troubled(SCHEDULE, health, now=now, since=since)
    return found + (_undelivered() if using == "jobs" else [])


def unseen(parts: Mapping[str, Sight], *, now: datetime) -> Iterator[Problem]:
    """The parts of the machinery that have not been seen lately."""
    for part in PARTS:
        name, sight = PART_NAMES[part], parts.get(part)
        if sight is None:
            yield Problem(part, f"{name} has not been seen yet.")
        elif now - sight.seen_at > UNSEEN_AFTER:
            yield Problem(
                part, f"{name} was last seen {in_words(now - sight.seen_at)} ago."
            )


def troubled(
    jobs: Iterable[Scheduled],
    health: Mapping[str, Health],
    *,
    now: datetime,
    since: datetime,
) -> Iterator[Problem]:
    """The jobs whose last success is too old, or that fail again and again.

    `since` is when this installation's jobs first ran: nothing was due before.
    """
    for job in jobs:
        known = health.get(job.name, Health())
        age = now - max(known.succeeded_at or since, since)
        cause = f" Its last error: {known.error}" if known.error else ""
        if age > job.allowed_age:
            words = f"{job.name} has not succeeded for {in_words(age)}.{cause}"
            yield Problem(job.name, words)
        elif known.failures >= FAILURES:
            yield Problem(job.name, f"{job.name} failed {known.failures} times.{cause}")


def in_words(age: timedelta) -> str:
    """A length of time in its largest fitting unit."""
    minutes = int(age.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"


def _undelivered() -> list[Problem]:
    with connections["jobs"].cursor() as cursor:
        cursor.execute(_STUCK_MESSAGES, [TRIES])
        return [
            Problem(f"outbox {topic}", _undelivered_words(topic, dead, waiting))
            for topic, dead, waiting in cursor.fetchall()
        ]


def _undelivered_words(topic: str, dead: int, waiting: int) -> str:
    parts = [f"{dead} given up"] if dead else []
    parts += [f"{waiting} still tried"] if waiting else []
    return f"Messages of {topic} cannot be delivered: {', '.join(parts)}."


def _note(problem: Problem) -> None:
    values: dict[str, Any] = {
        "id": uuid7(),
        "subject": problem.subject,
        "problem": problem.words,
        "quiet_s": QUIET.total_seconds(),
    }
    with connections["jobs"].cursor() as cursor:
        cursor.execute(_OPEN, values)
        opened = cursor.fetchone()
        if opened is None:
            cursor.execute(_UPDATE, [problem.words, problem.subject])
    if opened == (True,):
        post(TOPIC, {"subject": problem.subject, "problem": problem.words})

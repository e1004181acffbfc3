"""What tortured workers write, and the questions that find every wrong write.

Nothing here is unique, so a double is a row more and not an error that hides it. When
a row was committed is what Postgres itself noted (`track_commit_timestamp`).
"""

from dataclasses import dataclass
from typing import Final

import psycopg

# Items of one pass of the fought-over job.
ITEMS: Final = 40
JOB: Final = "torture.locks"

_TABLES: Final = """
    CREATE TABLE torture_effects (
        pass bigint NOT NULL, item integer NOT NULL, token bigint NOT NULL);
    CREATE TABLE torture_messages (message_id uuid NOT NULL);
    CREATE TABLE torture_tasks (number integer PRIMARY KEY);
    CREATE TABLE torture_starts (number integer NOT NULL);
    GRANT SELECT, INSERT ON torture_effects, torture_messages, torture_tasks,
        torture_starts TO modeloptix_jobs;
"""
# A write is stale that was committed after a run with a higher token had started.
_LOCKS: Final = """
    SELECT
        (SELECT count(*) FROM torture_effects),
        (SELECT count(*) FROM torture_effects e WHERE EXISTS (
            SELECT FROM job_runs r WHERE r.name = %(job)s AND r.token > e.token
              AND r.started_at < pg_xact_commit_timestamp(e.xmin))),
        (SELECT count(*) FROM (
            SELECT FROM torture_effects GROUP BY pass, item HAVING count(*) > 1) twice),
        (SELECT count(*) FROM job_runs r
         WHERE r.name = %(job)s AND r.status = 'completed' AND %(items)s <> (
            SELECT count(DISTINCT item) FROM torture_effects e
            WHERE e.pass = split_part(r."cursor", ':', 1)::bigint)),
        count(*) FILTER (WHERE status = 'completed'),
        count(*) FILTER (WHERE status = 'lost'),
        count(*) FILTER (WHERE status = 'failed'),
        count(*) FILTER (WHERE finished_at IS NULL)
    FROM job_runs WHERE name = %(job)s
"""
_HOLDER: Final = "SELECT by FROM job_runs WHERE name = %(job)s AND status = 'running'"
_QUEUE: Final = """
    SELECT (SELECT count(DISTINCT message_id) FROM torture_messages),
        (SELECT count(*) - count(DISTINCT message_id) FROM torture_messages),
        (SELECT count(*) FROM torture_tasks),
        (SELECT count(*) - count(DISTINCT number) FROM torture_starts)
"""


@dataclass(frozen=True, slots=True)
class LocksFound:
    """What the fight for one job left behind."""

    writes: int
    stale: int
    doubled: int
    short: int
    completed: int
    lost: int
    failed: int
    unfinished: int

    @property
    def is_clean(self) -> bool:
        wrong = self.stale + self.doubled + self.short + self.unfinished
        return not wrong and self.completed > 0


@dataclass(frozen=True, slots=True)
class QueueFound:
    """What became of the messages and of the tasks; `restarts` did no harm."""

    messages: int
    doubled_messages: int
    tasks: int
    restarts: int


def create(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_TABLES)


def locks_found(url: str) -> LocksFound:
    values = {"job": JOB, "items": ITEMS}
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(_LOCKS, values).fetchone()
    return LocksFound(*(row or ()))


def holder(url: str) -> int | None:
    """The process that holds the job, if one does."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(_HOLDER, {"job": JOB}).fetchone()
    return int(row[0]) if row else None


def queue_found(url: str) -> QueueFound:
    with psycopg.connect(url, autocommit=True) as connection:
        return QueueFound(*(connection.execute(_QUEUE).fetchone() or ()))

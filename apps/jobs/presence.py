"""Who of the machinery is alive: the beat, a worker, and work that gets done.

Celery's own events would need a listener; a row each in the database needs none, and
says also to a page that nothing is running at all.
"""

import logging
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import psycopg
from django.db import connections

from apps.tenancy.dsn import dsn_of

logger = logging.getLogger(__name__)

PERIOD_S: Final = 20.0
# Several periods, and a restart.
UNSEEN_AFTER: Final = timedelta(minutes=2)
# `tick` is written by a task, so it says that beat, broker and worker work together.
PARTS: Final = ("beat", "worker", "tick")

_SEEN: Final = """
    INSERT INTO job_presences (name, first_seen_at, seen_at)
    VALUES (%s, clock_timestamp(), clock_timestamp())
    ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at
"""


def note_tick() -> None:
    """Note that a task of the schedule was carried out."""
    with connections["jobs"].cursor() as cursor:
        cursor.execute(_SEEN, ["tick"])


def announce(part: str) -> None:
    """Say for as long as this process lives that there is a `beat` or a `worker`."""
    thread = threading.Thread(target=_announce_on, args=(part,), name="job presence")
    thread.daemon = True
    thread.start()


def _announce_on(part: str) -> None:
    pause = threading.Event()
    while True:
        try:
            with psycopg.connect(dsn_of("jobs"), autocommit=True) as connection:
                connection.execute(_SEEN, [part])
        except psycopg.Error as problem:
            logger.warning("The %s could not be noted: %s", part, problem)
        pause.wait(PERIOD_S)


@dataclass(frozen=True, slots=True)
class Sight:
    """When a part was seen first and last."""

    first_seen_at: datetime
    seen_at: datetime


def sights(*, using: str = "default") -> dict[str, Sight]:
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT name, first_seen_at, seen_at FROM job_presences")
        return {name: Sight(first, last) for name, first, last in cursor.fetchall()}

"""The heartbeat of a run: its own thread, its own connection, the database's clock.

A thread, so that a job busy for minutes still beats. A connection of its own, so that
no beat waits for the job's transaction. The beat says nothing about a run that was
declared lost: it then stops, and so does the job at its next unit.
"""

import logging
import threading
import time
from typing import Final
from uuid import UUID

import psycopg
from django.conf import settings

from apps.tenancy.dsn import dsn_of

logger = logging.getLogger(__name__)

_BEAT: Final = """
    UPDATE job_heartbeats h SET beat_at = clock_timestamp()
    FROM job_runs r
    WHERE h.run_id = %s AND r.id = h.run_id AND r.token = %s AND r.status = 'running'
"""


class Heart:
    """Beats for one run until it is stopped, or finds that the run is no longer ours.

    A run past its limit stops beating: something in it hangs, and only losing it frees
    its name for another run.
    """

    def __init__(self, run_id: UUID, token: int, *, limit_s: float) -> None:
        self._run = (run_id, token)
        self._ends_at = time.monotonic() + limit_s
        self._last_beat = time.monotonic()
        self._is_lost = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat_on, name="job heartbeat")
        self._thread.daemon = True

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=1)

    def is_sure(self) -> bool:
        """Whether the lease still holds as far as this process can tell."""
        silent_s = time.monotonic() - self._last_beat
        return not self._is_lost and silent_s < settings.JOB_LEASE_S

    def _beat_on(self) -> None:
        connection: psycopg.Connection | None = None
        while not self._stop.wait(settings.JOB_HEARTBEAT_S) and not self._is_lost:
            if time.monotonic() > self._ends_at:
                logger.error("Run %s is past its limit, beats no more", self._run[0])
                break
            try:
                connection = connection or _connect()
                self._beat(connection)
            except psycopg.Error as problem:
                # The next beat tries anew; the lease bears several that fail.
                logger.warning("A heartbeat failed: %s", type(problem).__name__)
                _close(connection)
                connection = None
        _close(connection)

    def _beat(self, connection: psycopg.Connection) -> None:
        # Taken before the statement: it says when this beat was true at the latest.
        sent_at = time.monotonic()
        if connection.execute(_BEAT, self._run).rowcount:
            self._last_beat = sent_at
        else:
            self._is_lost = True


def _connect() -> psycopg.Connection:
    return psycopg.connect(dsn_of("jobs"), autocommit=True)


def _close(connection: psycopg.Connection | None) -> None:
    if connection is not None:
        connection.close()

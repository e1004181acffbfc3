"""Hold a job, so that it runs once at a time however its workers die.

A run is a row; a unique index allows one `running` row a name. Its holder beats, and
whoever finds a run silent for the lease declares it `lost` and may start the next one,
with a higher token. That alone would not do: a worker that was stopped and comes back
does not know that it is lost. So every unit of work is one transaction that begins by
locking its own run's row for share: the row is there only while the run is running, and
nobody can declare it lost before the unit commits.

    with hold("catalog.sync_prices") as held:
        for page in pages_from(held.cursor):
            with held.unit():
                write(page)
                held.advance(page.next, done=page.last)
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, transaction

from apps.jobs import rows
from apps.jobs.cause import Cause, cause_of_task
from apps.jobs.errors import (
    AlreadyDoneError,
    AlreadyRunningError,
    LostRunError,
    StoppedError,
)
from apps.jobs.heart import Heart
from apps.jobs.redact import describe
from apps.jobs.rows import Started
from apps.jobs.stopping import is_stopping
from apps.tenancy.scope import current_org_id

__all__ = [
    "AlreadyDoneError",
    "AlreadyRunningError",
    "Held",
    "LostRunError",
    "StoppedError",
    "hold",
]

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Held:
    """A run in this process's hands."""

    run: Started
    heart: Heart
    # What the page says of the finished run, in a few words.
    summary: str = ""
    # How old the data is that the run brought, where its source says so.
    data_at: datetime | None = None
    _units: list[str] = field(default_factory=list)

    @property
    def id(self) -> UUID:
        return self.run.id

    @property
    def cursor(self) -> str | None:
        """Where the last run of this job got to, if it did not finish."""
        return self.run.cursor

    @property
    def done(self) -> int:
        """Items done so far, those of the run that this one goes on from included."""
        return self.run.done

    @contextmanager
    def unit(self, *, using: str | None = None) -> Iterator[None]:
        """One transaction of work, which commits only while this run is ours.

        Through the login of the organization in scope, otherwise through that of the
        jobs. A unit in which the process is silent for two leases is ended by the
        server. Raises LostRunError, and StoppedError when the worker is to end.
        """
        self.check()
        login = using or ("default" if current_org_id() else "jobs")
        with transaction.atomic(using=login, durable=True):
            rows.fence(self.run, using=login)
            self._units.append(login)
            try:
                yield
            finally:
                self._units.pop()

    def advance(self, cursor: str | None, done: int, total: int | None = None) -> None:
        """Note how far the run is; inside a unit, together with the unit's work."""
        if self._units:
            rows.advance(self.run, cursor, done, total, using=self._units[-1])
        else:
            with self.unit():
                rows.advance(self.run, cursor, done, total, using=self._units[-1])
        self.run.cursor, self.run.done = cursor, done

    def check(self) -> None:
        """Raise when going on would be in vain; for long work between two units."""
        if not self.heart.is_sure():
            raise LostRunError(f"The run of {self.run.name} was silent for too long.")
        if is_stopping():
            raise StoppedError(f"The worker of {self.run.name} is stopping.")


@contextmanager
def hold(
    name: str, *, trigger: str | None = None, by: str = "", limit_s: float | None = None
) -> Iterator[Held]:
    """Run the job `name` here, or raise AlreadyRunningError or AlreadyDoneError.

    Why it runs (`trigger`, `by`) is taken from the Celery message unless given. The
    block's error makes the run `failed`, to be tried again if the job is in the
    schedule; past `limit_s` seconds (JOB_LIMIT_S) the run is given up as hanging.
    """
    cause = Cause(trigger, by) if trigger else cause_of_task()
    run = rows.start(name, cause)
    heart = Heart(run.id, run.token, limit_s=limit_s or settings.JOB_LIMIT_S)
    held = Held(run, heart)
    heart.start()
    try:
        yield held
        rows.complete(run, summary=held.summary, data_at=held.data_at)
    except LostRunError:
        raise
    except StoppedError as stopped:
        rows.give_back(run, describe(stopped))
        raise
    except BaseException as error:
        _fail(run, error)
        raise
    finally:
        heart.stop()


def _fail(run: Started, error: BaseException) -> None:
    """Note the failure; if that fails too, the silent run is found by the reaper."""
    try:
        rows.fail(run, describe(error))
    except DatabaseError:
        logger.exception("The failure of %s could not be noted", run.name)

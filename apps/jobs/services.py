"""What staff do with jobs by hand."""

from uuid import UUID

from django.db import OperationalError
from django.db.models.functions import Now
from kombu.exceptions import OperationalError as BrokerError

from apps.jobs import rows
from apps.jobs.cause import Cause
from apps.jobs.dispatch import send
from apps.jobs.errors import NotNowError
from apps.jobs.models import Message, Trigger
from apps.jobs.outbox import kick
from apps.jobs.schedule import JOBS


class NoBrokerError(Exception):
    """The broker cannot be reached, so nothing was started."""


class BusyError(Exception):
    """The run cannot be ended at this moment."""


def run_now(name: str, *, by: str) -> None:
    """Ask the workers to run a job at once; raises KeyError and NoBrokerError."""
    cause = Cause(Trigger.MANUAL.value, by)
    try:
        send(JOBS[name].name, cause)
    except BrokerError as problem:
        raise NoBrokerError("The task queue cannot be reached.") from problem
    except NotNowError:
        # Only where tasks run at once, in place of a worker.
        return


def stop_run(run_id: UUID, *, by: str) -> bool:
    """End a running run; its worker stops at its next unit. False: it had ended.

    Raises BusyError while the run is in the middle of a long unit.
    """
    try:
        return rows.end(run_id, f"Stopped by {by}.")
    except OperationalError as problem:
        raise BusyError(
            "The run is in the middle of something; try again."
        ) from problem


def retry_message(message_id: UUID) -> bool:
    """Deliver a dead message after all, with as many attempts as at first."""
    dead = Message.objects.using("jobs").filter(id=message_id, state="dead")
    revived = dead.update(state="waiting", attempt=0, due_at=Now(), finished_at=None)
    if revived:
        kick()
    return bool(revived)


def discard_message(message_id: UUID) -> bool:
    """Remove a dead message that nobody needs any more."""
    dead = Message.objects.using("jobs").filter(id=message_id, state="dead")
    removed, _ = dead.delete()
    return bool(removed)

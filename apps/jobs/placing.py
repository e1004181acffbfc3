"""What a new run stands for: which slot, which attempt, from which cursor. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from apps.jobs.errors import AlreadyDoneError
from apps.jobs.models import Status, Trigger
from apps.jobs.schedule import Scheduled

# The clock that ticks may be this far ahead of the database's, which decides the slot.
CLOCKS_APART: Final = timedelta(minutes=1)
UNFINISHED: Final = frozenset({Status.FAILED, Status.LOST})
BY_CLOCK: Final = frozenset({Trigger.SCHEDULE, Trigger.CATCH_UP})


@dataclass(frozen=True, slots=True)
class Past:
    """What matters of an earlier run."""

    status: str
    slot: datetime | None
    attempt: int
    cursor: str | None
    done: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where the new run stands."""

    slot: datetime | None = None
    attempt: int = 1
    cursor: str | None = None
    done: int = 0


def slot_at(job: Scheduled | None, trigger: str, now: datetime) -> datetime | None:
    """The slot that a tick of the clock means; none for any other cause."""
    if job is None or trigger not in BY_CLOCK:
        return None
    return job.timing.slot(now + CLOCKS_APART)


def place(
    trigger: str,
    slot: datetime | None,
    *,
    last: Past | None,
    in_slot: Past | None,
    attempts: int,
) -> Place:
    """Decide, or raise AlreadyDoneError.

    `last` is the job's latest run, `in_slot` the latest one of this very slot.
    """
    attempt = 1
    if trigger == Trigger.RETRY:
        if last is None or last.status not in UNFINISHED:
            raise AlreadyDoneError("There is no run to try again.")
        slot, attempt = last.slot, last.attempt + 1
    elif in_slot is not None:
        # A message that was redelivered, or a second clock. A failed run is tried again
        # by its back-off, not by them; a lost one may go on at once.
        if in_slot.status != Status.LOST or in_slot.attempt >= attempts:
            raise AlreadyDoneError("This slot had its run.")
        attempt = in_slot.attempt + 1
    is_continued = (
        last is not None and last.status in UNFINISHED and slot in {None, last.slot}
    )
    if last is None or not is_continued:
        return Place(slot, attempt)
    return Place(slot, attempt, last.cursor, last.done)

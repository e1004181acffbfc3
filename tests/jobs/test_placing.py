"""Which slot, attempt and cursor a new run gets."""

from datetime import UTC, datetime, timedelta

import pytest

from apps.jobs.errors import AlreadyDoneError
from apps.jobs.placing import Past, Place, place, slot_at
from apps.jobs.schedule import Scheduled
from apps.jobs.timetable import daily, every

SLOT = datetime(2026, 11, 21, 2, tzinfo=UTC)
DAILY = Scheduled("x", daily(2), "")


def past(
    status: str, *, slot: datetime | None = SLOT, attempt: int = 1, done: int = 5
) -> Past:
    return Past(status, slot, attempt, "here", done)


def test_the_first_run_of_a_slot_begins_at_the_beginning() -> None:
    yesterday = past("failed", slot=SLOT - timedelta(days=1))

    found = place("schedule", SLOT, last=yesterday, in_slot=None, attempts=6)

    assert found == Place(SLOT, 1, None, 0)


@pytest.mark.parametrize("status", ["completed", "failed"])
def test_a_second_tick_of_the_clock_does_nothing(status: str) -> None:
    run = past(status)

    with pytest.raises(AlreadyDoneError):
        place("schedule", SLOT, last=run, in_slot=run, attempts=6)


def test_a_redelivered_message_takes_up_a_lost_run() -> None:
    lost = past("lost", attempt=2)

    found = place("schedule", SLOT, last=lost, in_slot=lost, attempts=6)

    assert found == Place(SLOT, 3, "here", 5)


def test_a_run_that_always_kills_its_worker_is_given_up() -> None:
    lost = past("lost", attempt=6)

    with pytest.raises(AlreadyDoneError):
        place("schedule", SLOT, last=lost, in_slot=lost, attempts=6)


@pytest.mark.parametrize("status", ["failed", "lost"])
def test_a_retry_is_the_next_attempt_of_the_same_slot(status: str) -> None:
    found = place("retry", None, last=past(status), in_slot=None, attempts=6)

    assert found == Place(SLOT, 2, "here", 5)


@pytest.mark.parametrize("last", [None, past("completed")])
def test_what_succeeded_meanwhile_is_not_retried(last: Past | None) -> None:
    with pytest.raises(AlreadyDoneError):
        place("retry", None, last=last, in_slot=None, attempts=6)


def test_a_run_by_hand_goes_on_where_the_last_one_failed() -> None:
    found = place("manual", None, last=past("failed"), in_slot=None, attempts=6)

    assert found == Place(None, 1, "here", 5)


def test_clocks_may_differ_a_little() -> None:
    early = SLOT - timedelta(seconds=30)

    assert slot_at(DAILY, "schedule", early) == SLOT
    assert slot_at(DAILY, "manual", early) is None
    assert slot_at(Scheduled("y", every(minutes=1), ""), "schedule", early) is None
    assert slot_at(None, "schedule", early) is None

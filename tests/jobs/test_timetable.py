"""When jobs are due, against the calendar itself."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.jobs.timetable import DAYS, Calendar, daily, every, hourly, weekly

MOMENTS = st.datetimes(timezones=st.just(UTC))
HOURS, MINUTES = st.integers(0, 23), st.integers(0, 59)
TIMINGS = st.one_of(
    st.builds(hourly, MINUTES),
    st.builds(daily, HOURS, MINUTES),
    st.builds(weekly, st.sampled_from(DAYS), HOURS, MINUTES),
)


@given(TIMINGS, MOMENTS)
def test_the_slot_is_the_latest_due_moment(timing: Calendar, now: datetime) -> None:
    slot = timing.slot(now)

    assert slot is not None
    assert slot <= now < timing.after(now, last=None) == slot + timing.period
    assert timing.slot(slot) == slot


@given(TIMINGS, MOMENTS)
def test_celerys_clock_means_the_same_moments(timing: Calendar, now: datetime) -> None:
    crontab = timing.celery()
    slot = timing.slot(now)

    assert slot is not None
    assert slot.minute in crontab.minute  # type: ignore[attr-defined]  # a crontab's
    assert slot.hour in crontab.hour  # type: ignore[attr-defined]  # a crontab's
    # Celery's week begins on Sunday.
    weekdays = crontab.day_of_week  # type: ignore[attr-defined]  # a crontab's
    assert slot.isoweekday() % 7 in weekdays


@pytest.mark.parametrize(
    ("timing", "now", "slot"),
    [
        (daily(2), "2026-11-21 01:59:59", "2026-11-20 02:00"),
        (daily(2), "2026-11-21 02:00:00", "2026-11-21 02:00"),
        (weekly("sun", 4), "2026-11-21 12:00:00", "2026-11-15 04:00"),
        (hourly(20), "2026-11-21 12:19:00", "2026-11-21 11:20"),
    ],
)
def test_examples(timing: Calendar, now: str, slot: str) -> None:
    assert timing.slot(_at(now)) == _at(slot)


def test_a_short_period_has_no_slots() -> None:
    timing = every(minutes=1)
    now = _at("2026-11-21 12:00")

    assert timing.slot(now) is None
    assert timing.after(now, last=None) == now
    assert timing.after(now, last=now) == now + timedelta(minutes=1)
    assert str(timing) == "every 1 min"
    assert str(every(seconds=90)) == "every 90 s"


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)

"""When a job is due: at moments of the calendar in UTC, or every so many seconds.

Pure. UTC knows no summer time, so the moments are equally spaced.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from celery.schedules import BaseSchedule, crontab, schedule

# A Monday: weeks begin with it.
_EPOCH: Final = datetime(1970, 1, 5, tzinfo=UTC)
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Every:
    """Due so long after it last ran; its moments are no slots one could miss."""

    period: timedelta

    def slot(self, now: datetime) -> datetime | None:
        return None

    def after(self, now: datetime, *, last: datetime | None) -> datetime:
        return max(now, last + self.period) if last else now

    def celery(self) -> BaseSchedule:
        return schedule(self.period)

    def __str__(self) -> str:
        minutes, seconds = divmod(int(self.period.total_seconds()), 60)
        return (
            f"every {minutes * 60 + seconds} s" if seconds else f"every {minutes} min"
        )


@dataclass(frozen=True, slots=True)
class Calendar:
    """Due at fixed moments, each of which is one slot."""

    period: timedelta
    offset: timedelta
    words: str

    def slot(self, now: datetime) -> datetime | None:
        """The latest due moment up to `now`."""
        periods = (now - _EPOCH - self.offset) // self.period
        return _EPOCH + self.offset + periods * self.period

    def after(self, now: datetime, *, last: datetime | None) -> datetime:
        latest = self.slot(now)
        assert latest is not None  # noqa: S101  # a calendar always has one
        return latest + self.period

    def celery(self) -> BaseSchedule:
        minutes = int(self.offset.total_seconds()) // 60
        hour, weekday = minutes // 60 % 24, minutes // (24 * 60)
        hours = hour if self.period >= timedelta(days=1) else "*"
        days = DAYS[weekday] if self.period >= timedelta(days=7) else "*"
        return crontab(minute=minutes % 60, hour=hours, day_of_week=days)

    def __str__(self) -> str:
        return self.words


type Timing = Every | Calendar


def every(*, seconds: float = 0, minutes: float = 0) -> Every:
    return Every(timedelta(seconds=seconds, minutes=minutes))


def hourly(minute: int) -> Calendar:
    return Calendar(
        timedelta(hours=1), timedelta(minutes=minute), f"hourly at :{minute:02}"
    )


def daily(hour: int, minute: int = 0) -> Calendar:
    offset = timedelta(hours=hour, minutes=minute)
    return Calendar(timedelta(days=1), offset, f"daily at {hour:02}:{minute:02}")


def weekly(day: str, hour: int, minute: int = 0) -> Calendar:
    """`day` is one of `mon` to `sun`."""
    offset = timedelta(days=DAYS.index(day), hours=hour, minutes=minute)
    words = f"{day.title()} at {hour:02}:{minute:02}"
    return Calendar(timedelta(days=7), offset, words)

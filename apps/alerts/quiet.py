"""Quiet hours and mornings by the clock on somebody's wall; pure.

A wall clock jumps twice a year. A time that the spring skips is read as the hour after
the jump, one that the autumn has twice as the first of the two; all comparing is done
between moments, never between readings.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from apps.alerts.kinds import Severity

MORNING: Final = time(9)
MONDAY: Final = 0
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Quiet:
    """From when until when nothing is sent, unless it is grave enough."""

    zone: ZoneInfo
    starts: time
    ends: time
    # None: nothing breaks them.
    breaks: Severity | None = Severity.URGENT

    def holds(self, severity: Severity) -> bool:
        return self.breaks is None or severity < self.breaks

    def release(self, moment: datetime, severity: Severity) -> datetime:
        """When a message due at `moment` may leave: then, or when the quiet ends."""
        if not self.holds(severity) or self.starts == self.ends:
            return moment
        end = self._end_at(moment)
        return moment if end is None else end

    def _end_at(self, moment: datetime) -> datetime | None:
        today = moment.astimezone(self.zone).date()
        # Those that began the day before may last; a jump may join two.
        ends = [self._span(today + _DAY * n) for n in (-1, 0, 1)]
        found = None
        for start, end in ends:
            if start <= (found or moment) < end:
                found = end
        return found

    def _span(self, day: date) -> tuple[datetime, datetime]:
        last = day if self.starts < self.ends else day + _DAY
        return at(day, self.starts, self.zone), at(last, self.ends, self.zone)


def at(day: date, reading: time, zone: ZoneInfo) -> datetime:
    """The moment at which the clock there shows it that day, in UTC."""
    return datetime.combine(day, reading, zone).astimezone(UTC)


def next_morning(after: datetime, zone: ZoneInfo) -> datetime:
    """The first 09:00 there that comes after the moment."""
    day = after.astimezone(zone).date()
    morning = at(day, MORNING, zone)
    return morning if morning > after else at(day + _DAY, MORNING, zone)


def next_monday(after: datetime, zone: ZoneInfo) -> datetime:
    """The first Monday's 09:00 there that comes after the moment."""
    today = after.astimezone(zone).date()
    day = today + _DAY * ((MONDAY - today.weekday()) % 7)
    morning = at(day, MORNING, zone)
    return morning if morning > after else at(day + 7 * _DAY, MORNING, zone)


def zone_named(name: str) -> ZoneInfo:
    """The zone of this name; UTC for one that is no more."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return ZoneInfo("UTC")

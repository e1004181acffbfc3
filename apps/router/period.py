"""The days a page looks at, as its address says them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal

Mode = Literal["all", "live", "test"]
MODES: Final[dict[Mode, str]] = {"all": "All keys", "live": "Live", "test": "Test"}
PRESETS: Final = {
    "today": (1, "Today"),
    "7d": (7, "7 days"),
    "30d": (30, "30 days"),
    "90d": (90, "90 days"),
}
USUAL: Final = "7d"
MOST_DAYS: Final = 366


@dataclass(frozen=True)
class Period:
    """Whole days in UTC, both ends included."""

    first: date
    last: date
    name: str
    problem: str = ""

    @property
    def start(self) -> datetime:
        return datetime.combine(self.first, time(), UTC)

    @property
    def end(self) -> datetime:
        """The moment after the last day."""
        return datetime.combine(self.last + timedelta(days=1), time(), UTC)

    @property
    def days(self) -> list[date]:
        count = (self.last - self.first).days + 1
        return [self.first + timedelta(days=n) for n in range(count)]

    @property
    def words(self) -> str:
        if self.first == self.last:
            return f"{self.last:%-d %b %Y}"
        return f"{self.first:%-d %b}–{self.last:%-d %b %Y}"  # a range


def read_period(query: Mapping[str, str], *, today: date) -> Period:
    """The period an address asks for; the usual one, and why, where it asks wrongly."""
    name = query.get("range", USUAL)
    if name in PRESETS:
        days, _ = PRESETS[name]
        return Period(today - timedelta(days=days - 1), today, name)
    try:
        first = date.fromisoformat(query.get("from", ""))
        last = date.fromisoformat(query.get("to", ""))
    except ValueError:
        return _usual(today, "Those are no two dates.")
    if first > last:
        return _usual(today, "The range ends before it begins.")
    if last > today:
        return _usual(today, "The range reaches into the future.")
    if (last - first).days >= MOST_DAYS:
        return _usual(today, f"A range has at most {MOST_DAYS} days.")
    return Period(first, last, "custom")


def read_mode(query: Mapping[str, str]) -> Mode:
    asked = query.get("mode", "all")
    return next((mode for mode in MODES if mode == asked), "all")


def _usual(today: date, problem: str) -> Period:
    days, words = PRESETS[USUAL]
    return Period(
        today - timedelta(days=days - 1),
        today,
        USUAL,
        f"{problem} These are the last {words}.",
    )

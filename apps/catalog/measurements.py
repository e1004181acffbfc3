"""What this installation measured of providers, for trust; filled from above.

The ledger belongs to an app that stands above this one, so that app registers how to
ask it (`AppConfig.ready`), and nothing here imports it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Measured:
    """One provider's answers to our own attempts since a moment; times in ms."""

    provider: str  # its slug
    attempts: int
    # Whose fault it was: ours and the caller's are not counted.
    failed: int
    p50_ms: float | None
    p90_ms: float | None


type Measure = Callable[[datetime], Iterable[Measured]]
_measures: list[Measure] = []


def register(measure: Measure) -> None:
    """Let `measure(since)` be asked; once, while the process starts."""
    if measure not in _measures:
        _measures.append(measure)


def measured_since(since: datetime) -> dict[str, Measured]:
    """By provider; empty while nobody measures."""
    return {row.provider: row for measure in _measures for row in measure(since)}

"""What a source of benchmark results says, before it is known whose result it is."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Published:
    """One result as its source states it; None means that it does not say.

    `source_id` is the source's own name of this very result and stays the same from
    fetch to fetch; `value` is in the benchmark's own unit.
    """

    benchmark: str  # our slug of it
    source_id: str
    name: str
    value: float
    url: str
    licence: str
    maker: str = ""
    effort: str = ""
    harness: str = ""
    measured_on: date | None = None
    is_self_reported: bool = False
    sample_size: int | None = None
    margin: float | None = None
    cost_usd: float | None = None
    # The name is an id of OpenRouter's, which the catalog knows by itself.
    is_native: bool = False


class PayloadError(ValueError):
    """A payload that is not what its source publishes: nothing of it is used."""


def number(value: object) -> float | None:
    """A finite number, also out of a text like `12.5 %`; None for anything else."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        found = float(str(value).strip().removesuffix("%").strip())
    except ValueError:
        return None
    return found if abs(found) < float("inf") else None


def day(value: object) -> date | None:
    """A day in ISO form (or a `date`); None for anything else."""
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None

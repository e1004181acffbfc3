"""Usage as CSV: one line for each combination of what it can be grouped by."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from apps.kit.csv_cells import csv_line
from apps.router.usage import UsageFilter, detailed_usage, key_names

COLUMNS: Final = (
    *("day", "hour", "model", "provider", "task", "key", "key_id", "alias"),
    *("tags", "purpose", "requests", "failed_requests", "unpriced_requests"),
    *("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens"),
    *("cost_usd", "estimated_savings_usd", "cache_hits", "cache_savings_usd"),
)
# A statement's worth: its lines are in memory at once.
_DAYS_A_STATEMENT: Final = timedelta(days=7)


def usage_csv(
    start: datetime, end: datetime, *, wanted: UsageFilter, by_hour: bool
) -> Iterator[str]:
    """The lines of the file, its head first; sums are those of `usage`."""
    yield csv_line(COLUMNS)
    while start < end:
        until = min(end, start + _DAYS_A_STATEMENT)
        rows = list(detailed_usage(start, until, wanted=wanted, by_hour=by_hour))
        names = key_names(row["key_id"] for row in rows)
        yield "".join(csv_line(_cells(row, names[row["key_id"]])) for row in rows)
        start = until


def _cells(row: dict[str, Any], key: str) -> list[object]:
    hour: datetime | None = row["hour"]
    return [
        row["day"],
        hour.astimezone(UTC).strftime("%H:00") if hour else "",
        *(row["model"], row["provider"], row["task"], key, row["key_id"]),
        *(row["alias"], row["tags"], row["purpose"]),
        *(row["requests"], row["failed"], row["unpriced"]),
        *(row["input_tokens"], row["cached_tokens"]),
        *(row["output_tokens"], row["reasoning_tokens"]),
        *(row["cost_usd"], row["savings_usd"]),
        *(row["cache_hits"], row["cache_saved_usd"]),
    ]

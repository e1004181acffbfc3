"""The savings ledger as CSV: a line for each row, money exact to the nano-dollar."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from apps.kit.csv_cells import csv_line
from apps.savings.models import Saving
from apps.savings.queries import entries

COLUMNS: Final = (
    *("day", "product", "use_case", "basis", "model", "baseline_model"),
    *("requests", "not_assessed_requests", "fresh_tokens", "cached_tokens"),
    *("output_tokens", "actual_usd", "baseline_usd", "savings_usd"),
    *("baseline_input_usd_per_million", "baseline_cached_usd_per_million"),
    *("baseline_output_usd_per_million", "baseline_provider", "price_source"),
    *("price_sourced_on", "booked_at", "is_closed", "use_case_id", "switch_id"),
)
_PRICES: Final = ("input", "cached", "output", "provider", "source", "sourced_on")


def savings_csv(first: date, last: date) -> Iterator[str]:
    """The lines of the file, its head first; sums are those of `queries.totals`."""
    yield csv_line(COLUMNS)
    for row in entries(first, last):
        yield csv_line(_cells(row))


def _cells(row: Saving) -> list[object]:
    # The prices at the end of the day, where they changed in the course of it.
    newest: dict[str, Any] = row.prices[-1]["baseline"] if row.prices else {}
    return [
        *(row.day, row.product_name, row.use_case_name, row.basis),
        *(row.model, row.baseline_model, row.requests, row.unassessed),
        *(row.fresh_tokens, row.cached_tokens, row.output_tokens),
        *(row.actual_usd, row.baseline_usd, row.savings_usd),
        *(newest.get(name) for name in _PRICES),
        *(row.booked_at.isoformat(), row.closed_at is not None),
        *(row.use_case_id, row.switch_id),
    ]

"""The audit log as CSV and as JSON Lines, a piece at a time."""

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

from apps.audit.models import AuditEntry
from apps.audit.queries import Filters, batches
from apps.kit.csv_cells import csv_line

FIELDS: Final = (
    "id",
    "created_at",
    "action",
    "subject",
    "subject_id",
    "label",
    "via",
    "actor_id",
    "actor_email",
    "key_id",
    "ip",
    "user_agent",
    "before",
    "after",
)
CONTENT_TYPES: Final = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/jsonl; charset=utf-8",
}


def as_values(entry: AuditEntry) -> dict[str, Any]:
    """An entry in JSON's own types; `before` and `after` stay objects."""
    values = {name: getattr(entry, name) for name in FIELDS}
    values["created_at"] = entry.created_at.isoformat()
    for name in ("id", "actor_id", "key_id"):
        values[name] = str(values[name]) if values[name] else None
    return values


def export(filters: Filters, form: str) -> Iterator[str]:
    """Pieces of text in the form `csv` or `jsonl`, from the organization in scope."""
    write: Callable[[dict[str, Any]], str] = _json_line
    if form == "csv":
        write = _csv_line
        yield csv_line(FIELDS)
    for batch in batches(filters):
        yield "".join(write(as_values(entry)) for entry in batch)


def _json_line(values: dict[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False) + "\n"


def _csv_line(values: dict[str, Any]) -> str:
    for side in ("before", "after"):
        given = values[side]
        values[side] = json.dumps(given, ensure_ascii=False) if given else ""
    return csv_line(values.values())

"""Which hand wrote which field, and that an editor's value outlives every sync.

`provenance` of a row maps a field to {"origin", "source", "on"}; a field that is not in
it came with the row itself (its `origin`, `source`, `sourced_on`). A value of an
editor's adds {"by", "reason"} and keeps what the sources say meanwhile under "stated",
which comes back when the editor lets the field go.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Protocol

from apps.catalog.models import Origin

EDITED: Final = Origin.EDITOR.value
type Entry = dict[str, Any]


class Sourced(Protocol):
    """A row with provenance; `Provider` has no `source` of its own."""

    origin: str
    provenance: Entry


@dataclass(frozen=True, slots=True)
class Said:
    """Who wrote a field, and when."""

    origin: str
    source: str
    on: date | None
    by: str = ""
    reason: str = ""

    @property
    def is_edited(self) -> bool:
        return self.origin == EDITED


def said_of(row: Sourced, field: str) -> Said:
    """Where the present value of a field comes from."""
    return said(
        row.provenance,
        field,
        default=Said(
            row.origin, getattr(row, "source", ""), getattr(row, "sourced_on", None)
        ),
    )


def said(provenance: Mapping[str, Entry], field: str, *, default: Said) -> Said:
    entry = provenance.get(field)
    if not entry:
        return default
    return Said(
        entry["origin"],
        entry["source"],
        date.fromisoformat(entry["on"]),
        entry.get("by", ""),
        entry.get("reason", ""),
    )


def stamp(origin: str, source: str, on: date) -> Entry:
    """What `provenance` holds of a field that a source wrote."""
    return {"origin": origin, "source": source, "on": on.isoformat()}


def edited(
    entry: Entry | None, value: object, *, by: str, reason: str, on: date
) -> Entry:
    """An editor's entry; `value` is what the sources had said until now.

    "before" is the entry to put back when the editor lets go; empty where the field
    came with its row.
    """
    is_edited = entry is not None and entry["origin"] == EDITED
    return {
        **stamp(EDITED, by, on),
        "by": by,
        "reason": reason,
        "stated": entry["stated"] if entry and is_edited else value,
        "before": entry["before"] if entry and is_edited else dict(entry or {}),
    }

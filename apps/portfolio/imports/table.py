"""A file as rows with the names of their columns: CSV, JSON, or JSON a line.

Every row knows its place in the file, for whoever has to mend it.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

MOST_BYTES: Final = 10_000_000
MOST_ROWS: Final = 200_000
# Deeper than any of the formats nests.
MOST_DEPTH: Final = 6
_WRAPPERS: Final = ("data", "results", "logs", "response")

type Row = Mapping[str, Any]


class UnreadableError(ValueError):
    """The file as a whole cannot be read."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows with their places: "line 7" of a CSV, "entry 7" of a JSON list."""

    rows: list[tuple[int, Row]]
    unit: str
    columns: frozenset[str]


def read_table(content: bytes) -> Table:
    """Read a file; raises UnreadableError that says why not."""
    text = _text(content)
    if not text.strip():
        raise UnreadableError("The file is empty.")
    if text.lstrip()[0] in "[{":
        return _json_table(text)
    return _csv_table(text)


def _text(content: bytes) -> str:
    if len(content) > MOST_BYTES:
        size = f"{len(content) / 1_000_000:.1f}"
        raise UnreadableError(
            f"The file has {size} MB; {MOST_BYTES // 1_000_000} MB are the most. "
            "Export fewer days."
        )
    if b"\0" in content:
        raise UnreadableError("This is no text file. Export it as CSV or JSON.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise UnreadableError("The file is not in UTF-8.") from problem


def _csv_table(text: str) -> Table:
    first = next(line for line in text.splitlines() if line.strip())
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[tuple[int, Row]] = []
    try:
        header = [name.strip() for name in _first_row(reader)]
        doubled = next((name for name in header if name and header.count(name) > 1), "")
        if doubled:
            raise UnreadableError(f"There are two columns named {doubled!r}.")
        line = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                _refuse_more(rows)
                rows.append((line, _with_objects(header, cells)))
            line = reader.line_num + 1
    except csv.Error as problem:
        raise UnreadableError(f"Line {reader.line_num} is no CSV.") from problem
    return Table(rows, "line", _columns(rows, header))


def _first_row(reader: Iterator[list[str]]) -> list[str]:
    for cells in reader:
        if any(cell.strip() for cell in cells):
            return cells
    raise UnreadableError("The file is empty.")


def _with_objects(header: list[str], cells: list[str]) -> Row:
    """A row by its columns; a cell that holds a JSON object is taken apart."""
    row: dict[str, Any] = {}
    for name, cell in zip(header, cells, strict=False):
        row[name] = cell
        if cell.startswith("{") and cell.endswith("}"):
            try:
                row |= flat(json.loads(cell), name)
            except (ValueError, RecursionError):
                continue
    return row


def _json_table(text: str) -> Table:
    entries, unit = _entries(text)
    rows: list[tuple[int, Row]] = []
    for number, entry in entries:
        for row in _rows_of(entry):
            _refuse_more(rows)
            rows.append((number, row))
    if not rows:
        raise UnreadableError("The file has no entry.")
    return Table(rows, unit, _columns(rows, []))


def _entries(text: str) -> tuple[list[tuple[int, Any]], str]:
    """The entries of a JSON list, of an answer's `data`, or of one object a line."""
    try:
        body = json.loads(text)
    except RecursionError as problem:
        raise UnreadableError("The JSON is nested too deeply.") from problem
    except ValueError:
        return _lines(text), "line"
    for name in _WRAPPERS:
        if isinstance(body, dict) and isinstance(body.get(name), list):
            body = body[name]
    entries = body if isinstance(body, list) else [body]
    return list(enumerate(entries, 1)), "entry"


def _lines(text: str) -> list[tuple[int, Any]]:
    entries = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            entries.append((number, json.loads(line)))
        except (ValueError, RecursionError) as problem:
            raise UnreadableError(f"Line {number} is no JSON.") from problem
    return entries


def _rows_of(entry: Any) -> Iterator[Row]:
    """An entry, or the results in a bucket of time, each with the bucket's moments."""
    if not isinstance(entry, dict):
        raise UnreadableError("The JSON is no list of objects.")
    results = entry.get("results")
    if not isinstance(results, list):
        yield flat(entry)
        return
    moments = {name: v for name, v in entry.items() if name != "results"}
    for result in results:
        if not isinstance(result, dict):
            raise UnreadableError("The JSON is no list of objects.")
        yield flat({**moments, **result})


def flat(value: Mapping[str, Any], above: str = "", depth: int = 0) -> dict[str, Any]:
    """Nested objects as one row: `metadata.user_api_key_alias`."""
    row: dict[str, Any] = {}
    for name, inner in value.items():
        path = f"{above}.{name}" if above else name
        if isinstance(inner, dict) and depth < MOST_DEPTH:
            row |= flat(inner, path, depth + 1)
        elif not isinstance(inner, list | dict):
            row[path] = inner
    return row


def _columns(rows: list[tuple[int, Row]], header: list[str]) -> frozenset[str]:
    """Names that any of the first rows has; JSON leaves out what is not there."""
    found = set(header)
    for _, row in rows[:1_000]:
        found |= set(row)
    return frozenset(found)


def _refuse_more(rows: list[tuple[int, Row]]) -> None:
    if len(rows) >= MOST_ROWS:
        raise UnreadableError(
            f"The file has more than {MOST_ROWS:,} rows. Export fewer days."
        )

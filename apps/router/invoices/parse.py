"""A provider's CSV, read into lines by day and model; every error names its place."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Final

from apps.router.invoices.formats import Format, Mapping, recognise

MOST_BYTES: Final = 10_000_000
MOST_ROWS: Final = 200_000
# Days times models; a month of 300 models has fewer.
MOST_LINES: Final = 10_000
FIRST_DAY: Final = date(2015, 1, 1)
LAST_DAY: Final = date(2200, 1, 1)
LONGEST_NAME: Final = 200
# No invoice has an amount or a count beyond these; a cell that has one is misread.
MOST_USD: Final = Decimal(1_000_000_000)
MOST_COUNT: Final = 10**15

# "-$1,234.56", or a plain number, perhaps with an exponent as spreadsheets write it.
_AMOUNT: Final = re.compile(
    r"-?\$?\d{1,3}(,\d{3})+(\.\d+)?|-?\$?\d*\.?\d+(e[+-]?\d{1,2})?"
)
_SECONDS: Final = re.compile(r"\d{9,11}")


class UnreadableError(ValueError):
    """The file cannot be read; `row` counts from 1, the header being row 1."""

    def __init__(self, message: str, *, row: int = 0, column: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.row = row
        self.column = column

    def __str__(self) -> str:
        place = f"Row {self.row}" if self.row else ""
        if self.column:
            place = f"{place}, column {self.column}" if place else self.column
        return f"{place}: {self.message}" if place else self.message


@dataclass(frozen=True, slots=True)
class BilledLine:
    """What the provider billed for one model on one day; None is not stated."""

    day: date
    name: str  # the provider's own name of the model; empty when it names none
    cost_usd: Decimal | None = None
    requests: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None

    def plus(self, other: "BilledLine") -> "BilledLine":
        return replace(
            self,
            cost_usd=_sum(self.cost_usd, other.cost_usd),
            requests=_sum(self.requests, other.requests),
            input_tokens=_sum(self.input_tokens, other.input_tokens),
            output_tokens=_sum(self.output_tokens, other.output_tokens),
        )


@dataclass(frozen=True, slots=True)
class Bill:
    """A file as read: its lines by day and model, in order."""

    format: Format
    lines: tuple[BilledLine, ...]

    @property
    def first(self) -> date:
        return self.lines[0].day

    @property
    def last(self) -> date:
        return self.lines[-1].day


def read_bill(content: bytes, mapping: Mapping | None = None) -> Bill:
    """Read a file; raises UnreadableError that says where and why not."""
    header, rows = _table(_text(content))
    layout = _layout(header, mapping)
    merged: dict[tuple[date, str], BilledLine] = {}
    for number, cells in rows:
        line = _line(dict(zip(header, cells, strict=False)), layout, number)
        if line is None:
            continue
        key = (line.day, line.name)
        merged[key] = merged[key].plus(line) if key in merged else line
        if len(merged) > MOST_LINES:
            raise UnreadableError(f"More than {MOST_LINES:,} models and days.")
    if not merged:
        raise UnreadableError("The file has no line with an amount or a count.")
    return Bill(layout, tuple(merged[key] for key in sorted(merged)))


def _text(content: bytes) -> str:
    if len(content) > MOST_BYTES:
        raise UnreadableError(f"A file has {MOST_BYTES // 1_000_000} MB at most.")
    if b"\0" in content:
        raise UnreadableError("This is no text file. Export it as CSV in UTF-8.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise UnreadableError("The file is not in UTF-8.") from problem


def _table(text: str) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=first.count)
    try:
        rows = _numbered(csv.reader(io.StringIO(text), delimiter=delimiter))
        _, head = next(rows, (0, []))
    except csv.Error as problem:
        raise UnreadableError("This is no CSV.", row=1) from problem
    header = [name.strip() for name in head]
    if len(header) < 2:
        raise UnreadableError("The first row has no columns.", row=1)
    doubled = next((name for name in header if name and header.count(name) > 1), "")
    if doubled:
        raise UnreadableError("There are two of this column.", row=1, column=doubled)
    return header, rows


def _numbered(reader: Iterable[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, each with its number in the file."""
    source = enumerate(reader, 1)
    while True:
        try:
            found = next(source, None)
        except csv.Error as problem:
            raise UnreadableError("A row is no CSV.") from problem
        if found is None:
            return
        if found[0] > MOST_ROWS:
            raise UnreadableError(f"A file has {MOST_ROWS:,} rows at most.")
        if any(cell.strip() for cell in found[1]):
            yield found


def _layout(header: list[str], mapping: Mapping | None) -> Format:
    if mapping is None:
        if known := recognise(header):
            return known
        raise UnreadableError(
            "No provider's export has these columns: "
            + ", ".join(islice(header, 12))
            + ". Say which column holds what."
        )
    layout = mapping.to_format()
    if not layout.day:
        raise UnreadableError("Say which column holds the day.")
    if not (layout.cost or layout.input_tokens or layout.output_tokens):
        raise UnreadableError("Say which column holds the cost, or the tokens.")
    for name in layout.columns:
        if name not in header:
            raise UnreadableError("The file has no such column.", column=name)
    return layout


def _line(row: dict[str, str], layout: Format, number: int) -> BilledLine | None:
    """One row; None when it states nothing, as OpenAI's days without usage do."""
    cells = _Cells(row, number)
    tokens = [cells.count_of(layout.input_tokens), cells.count_of(layout.output_tokens)]
    cost = cells.amount(layout.cost)
    requests = 1 if layout.is_each_request else cells.count_of((layout.requests,))
    if cost is None and requests is None and tokens == [None, None]:
        return None
    currency = cells.text(layout.currency).lower()
    if currency not in {"", "usd"}:
        raise UnreadableError(
            f"Amounts must be in US dollars, not {currency.upper()}.",
            row=number,
            column=layout.currency,
        )
    name = cells.text(layout.model)[:LONGEST_NAME]
    if layout.has_kind_after_comma:
        name = name.partition(",")[0].strip()
    return BilledLine(cells.day(layout.day), name, cost, requests, *tokens)


@dataclass(frozen=True, slots=True)
class _Cells:
    """One row's cells by column; a column without a name is empty."""

    row: dict[str, str]
    number: int

    def text(self, column: str) -> str:
        return (self.row.get(column) or "").strip()

    def day(self, column: str) -> date:
        text = self.text(column)
        try:
            day = _day(text)
        except (ValueError, OverflowError):
            raise self._wrong(column, "no day such as 2026-11-21") from None
        if not FIRST_DAY <= day <= LAST_DAY:
            raise self._wrong(column, "too far away")
        return day

    def amount(self, column: str) -> Decimal | None:
        text = self.text(column).lower()
        if not text:
            return None
        if not _AMOUNT.fullmatch(text):
            raise self._wrong(column, "no amount such as 1.25")
        try:
            amount = Decimal(text.replace(",", "").replace("$", ""))
        except InvalidOperation:
            raise self._wrong(column, "no amount such as 1.25") from None
        if abs(amount) > MOST_USD:
            raise self._wrong(column, "too large")
        return amount

    def count_of(self, columns: Iterable[str]) -> int | None:
        """The sum of the columns; None when none of them says anything."""
        found = [self._count(column) for column in columns if self.text(column)]
        return sum(found) if found else None

    def _count(self, column: str) -> int:
        amount = self.amount(column)
        if amount is None or amount < 0 or amount != amount.to_integral_value():
            raise self._wrong(column, "no count")
        if amount > MOST_COUNT:
            raise self._wrong(column, "too large")
        return int(amount)

    def _wrong(self, column: str, why: str) -> UnreadableError:
        text = self.text(column)[:40]
        return UnreadableError(f"{text!r} is {why}.", row=self.number, column=column)


def _day(text: str) -> date:
    """A day from ISO 8601, a moment of it, or seconds since 1970; in UTC."""
    if _SECONDS.fullmatch(text):
        return datetime.fromtimestamp(int(text), UTC).date()
    if len(text) == len("2026-11-21"):
        return date.fromisoformat(text)
    moment = datetime.fromisoformat(text.replace(" UTC", "+00:00"))
    return (moment.astimezone(UTC) if moment.tzinfo else moment).date()


def _sum[N: (int, Decimal)](one: N | None, other: N | None) -> N | None:
    if one is None or other is None:
        return other if one is None else one
    return one + other

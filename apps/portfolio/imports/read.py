"""An export of usage, read into lines that all formats share.

A row that cannot be read is named with its place and its column, and nothing of the
file is kept until its owner has mended it or says that such rows may be left out.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from apps.portfolio.imports.formats import CHATS, Format, mistaken, recognise
from apps.portfolio.imports.table import Row, Table, UnreadableError, read_table

FIRST_DAY: Final = date(2020, 1, 1)
LAST_DAY: Final = date(2200, 1, 1)
LONGEST_NAME: Final = 200
# Nobody has sent more; a cell that says so is misread.
MOST_COUNT: Final = 10**15
MOST_USD: Final = Decimal(1_000_000_000)
_SECONDS: Final = re.compile(r"\d{9,11}(\.\d+)?")
_NUMBER: Final = re.compile(
    r"-?\$?(\d{1,3}(,\d{3})+|\d{0,30})(\.\d{0,30})?(e[+-]?\d{1,2})?"
)
_DAY_LENGTH: Final = len("2026-11-21")


@dataclass(frozen=True, slots=True)
class UsageLine:
    """What a row says; None is not stated."""

    day: date
    model: str
    group: str
    maker: str
    requests: int | None
    input_tokens: int
    cached_tokens: int | None
    output_tokens: int
    cost_usd: Decimal | None


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be read: where it is, in which column, and why."""

    place: str
    column: str
    why: str

    def __str__(self) -> str:
        where = f"{self.place}, column {self.column}" if self.column else self.place
        return f"{where}: {self.why}"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file as read."""

    format: Format
    lines: list[UsageLine] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)
    # Rows that say nothing of chats: failures, answers of a cache, embeddings, days
    # without usage.
    passed_over: int = 0

    @property
    def row_count(self) -> int:
        return len(self.lines) + len(self.bad) + self.passed_over


class _WrongError(ValueError):
    def __init__(self, column: str, why: str) -> None:
        super().__init__(why)
        self.column = column
        self.why = why


def read_sheet(content: bytes) -> Sheet:
    """Read an export; raises UnreadableError when it is none of the known ones."""
    table = read_table(content)
    layout = recognise(set(table.columns))
    if layout is None:
        raise UnreadableError(_unknown(table))
    sheet = Sheet(layout)
    passed_over = 0
    for number, row in table.rows:
        try:
            line = read_line(row, layout)
        except _WrongError as wrong:
            place = f"{table.unit.capitalize()} {number}"
            sheet.bad.append(BadRow(place, wrong.column, wrong.why))
            continue
        if line is None:
            passed_over += 1
        else:
            sheet.lines.append(line)
    return Sheet(layout, sheet.lines, sheet.bad, passed_over)


def read_line(row: Row, layout: Format) -> UsageLine | None:
    """One row; None when it says nothing of a model's answers."""
    if _is_beside(row, layout):
        return None
    inputs = _sum(row, layout.input_tokens)
    outputs = _sum(row, layout.output_tokens)
    requests = 1 if layout.is_each_request else _count(row, layout.requests)
    if not inputs and not outputs and not (requests and not layout.is_each_request):
        return None
    cached = [
        n for name in layout.cached_tokens if (n := _count(row, name)) is not None
    ]
    model = _text(row, layout.model)
    if not model:
        raise _WrongError(layout.model, "names no model; export it by model")
    return UsageLine(
        day=_day(row, layout.day),
        model=model[:LONGEST_NAME],
        group=next(filter(None, (_text(row, name) for name in layout.groups)), ""),
        maker=layout.maker or _text(row, layout.maker_column),
        requests=requests,
        input_tokens=inputs,
        cached_tokens=min(max(cached), inputs) if cached else None,
        output_tokens=outputs,
        cost_usd=_amount(row, layout.cost),
    )


def _is_beside(row: Row, layout: Format) -> bool:
    """Whether a row is no chat, or was answered by nobody."""
    if layout.call_type and _text(row, layout.call_type).lower() not in CHATS:
        return True
    return any(_text(row, name).lower() in values for name, values in layout.failed)


def _unknown(table: Table) -> str:
    if said := mistaken(set(table.columns)):
        return said
    names = ", ".join(sorted(table.columns)[:12]) or "none"
    return (
        f"No known usage export has these columns: {names}. Known are those of OpenAI, "
        "Anthropic, LiteLLM and OpenRouter."
    )


def _text(row: Row, column: str) -> str:
    value = row.get(column) if column else None
    if value is None:
        return ""
    # JSON may escape what Postgres cannot store: NUL, halves of a character.
    text = str(value).replace("\0", " ").encode("utf-8", "replace").decode()
    return " ".join(text.split())[:LONGEST_NAME]


def _sum(row: Row, columns: Iterable[str]) -> int:
    return sum(_count(row, column) or 0 for column in columns)


def _count(row: Row, column: str) -> int | None:
    number = _number(row, column)
    if number is None:
        return None
    if number < 0 or number != number.to_integral_value():
        raise _WrongError(column, f"{_shown(row, column)} is no count")
    if number > MOST_COUNT:
        raise _WrongError(column, f"{_shown(row, column)} is too large")
    return int(number)


def _amount(row: Row, column: str) -> Decimal | None:
    number = _number(row, column)
    if number is not None and abs(number) > MOST_USD:
        raise _WrongError(column, f"{_shown(row, column)} is too large")
    return number


def _number(row: Row, column: str) -> Decimal | None:
    text = _text(row, column).lower()
    if not text:
        return None
    if not _NUMBER.fullmatch(text):
        raise _WrongError(column, f"{_shown(row, column)} is no number")
    try:
        return Decimal(text.replace(",", "").replace("$", ""))
    except InvalidOperation:
        raise _WrongError(column, f"{_shown(row, column)} is no number") from None


def _day(row: Row, column: str) -> date:
    text = _text(row, column)
    try:
        day = _day_of(text)
    except (ValueError, OverflowError, OSError):
        why = f"{_shown(row, column)} is no day such as 2026-11-21"
        raise _WrongError(column, why) from None
    if not FIRST_DAY <= day <= LAST_DAY:
        raise _WrongError(column, f"{_shown(row, column)} is too far away")
    return day


def _day_of(text: str) -> date:
    """A day from ISO 8601, a moment of it, or seconds since 1970; in UTC."""
    if _SECONDS.fullmatch(text):
        return datetime.fromtimestamp(float(text), UTC).date()
    if len(text) == _DAY_LENGTH:
        return date.fromisoformat(text)
    moment = datetime.fromisoformat(text.replace(" UTC", "+00:00"))
    return (moment.astimezone(UTC) if moment.tzinfo else moment).date()


def _shown(row: Row, column: str) -> str:
    return repr(_text(row, column)[:40])

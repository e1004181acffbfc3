"""CSV that a spreadsheet opens as text and never as formulas."""

import csv
import io
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

# https://owasp.org/www-community/attacks/CSV_Injection: what makes a spreadsheet take
# a cell for a formula, and blanks that some skip before they look.
_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_line(values: Iterable[object]) -> str:
    """One line, every cell quoted, what looks like a formula behind an apostrophe.

    Numbers stay numbers: only text can be somebody else's formula.
    """
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerow(safe_cell(v) for v in values)
    return out.getvalue()


def safe_cell(value: object) -> object:
    if isinstance(value, Decimal):
        # Without an exponent, which not every program reads.
        return f"{value:f}"
    if not isinstance(value, str):
        return "" if value is None else value
    looks_active = value.startswith(_STARTS) or value.lstrip().startswith(_STARTS)
    return f"'{value}" if looks_active else value

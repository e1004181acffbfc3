import csv
import io

import pytest

from apps.kit.csv_cells import csv_line, safe_cell


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "=cmd|'/c x'!A0"],
)
def test_what_looks_like_a_formula_is_text(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["a=b", "x@example.com", "", -5, 1.5])
def test_anything_else_stays(value: object) -> None:
    assert safe_cell(value) == value


def test_a_line_reads_back() -> None:
    line = csv_line(["a,b", 'say "hi"', "two\nlines", None, 3])

    assert next(csv.reader(io.StringIO(line, newline=""))) == [
        "a,b",
        'say "hi"',
        "two\nlines",
        "",
        "3",
    ]
    assert line.endswith("\r\n")

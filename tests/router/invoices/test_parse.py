"""Providers' exports, read into lines by day and model."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.router.invoices.formats import Mapping
from apps.router.invoices.parse import (
    MOST_BYTES,
    BilledLine,
    UnreadableError,
    read_bill,
)
from tests.router.invoices import bills

FIRST = date(2026, 11, 1)
MINI = "gpt-5-mini-2025-08-07"
EXPORTS = {
    "openai_costs": (
        bills.OPENAI_COSTS,
        [
            BilledLine(FIRST, MINI, Decimal(1)),
            BilledLine(date(2026, 11, 3), "web search tool calls", Decimal("0.01")),
        ],
    ),
    "openai_usage": (bills.OPENAI_USAGE, [BilledLine(FIRST, MINI, None, 3, 1500, 300)]),
    "anthropic_costs": (
        bills.ANTHROPIC_COSTS,
        [BilledLine(FIRST, "Claude Haiku 4.5", Decimal("0.15"))],
    ),
    "anthropic_usage": (
        bills.ANTHROPIC_USAGE,
        [BilledLine(FIRST, "claude-haiku-4-5-20251001", None, None, 1234, 500)],
    ),
    "openrouter_activity": (
        bills.OPENROUTER,
        [BilledLine(FIRST, f"openai/{MINI}", Decimal("0.003"), 2, 30, 12)],
    ),
    "openrouter_days": (
        bills.OPENROUTER_DAYS,
        [BilledLine(FIRST, f"openai/{MINI}", Decimal("0.003"), 2, 30, 12)],
    ),
}
COLUMNS = Mapping(day="Day", model="Model name", cost="Dollars", requests="Calls")


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_is_recognised_by_its_columns(name: str) -> None:
    text, lines = EXPORTS[name]

    bill = read_bill(text.encode())

    assert bill.format.name == name
    assert list(bill.lines) == lines


def test_any_other_file_is_read_by_the_columns_that_are_named() -> None:
    bill = read_bill(b"\xef\xbb\xbf" + bills.GENERIC.encode(), COLUMNS)

    assert bill.lines == (
        BilledLine(FIRST, "m-one", Decimal("1234.50"), 7),
        BilledLine(date(2026, 11, 2), "m-one", Decimal("0.5"), 1),
    )
    assert (bill.first, bill.last) == (FIRST, date(2026, 11, 2))


HEAD = "usage_date_utc,model,cost_usd\n"
BAD = [
    ("", "Row 1: The first row has no columns."),
    ("one\n", "Row 1: The first row has no columns."),
    ("a,b\n1,2\n", "No provider's export has these columns: a, b."),
    ("a,a\n1,2\n", "Row 1, column a: There are two of this column."),
    (HEAD, "The file has no line with an amount or a count."),
    (HEAD + "2026-11-01,m,abc\n", "Row 2, column cost_usd: 'abc' is no amount"),
    (HEAD + "2026-11-01,m,nan\n", "Row 2, column cost_usd: 'nan' is no amount"),
    (HEAD + '2026-11-01,m,"1.234,56"\n', "Row 2, column cost_usd: '1.234,56' is no"),
    (HEAD + "2026-11-01,m,1e99\n", "Row 2, column cost_usd: '1e99' is too large."),
    (HEAD + "\nyesterday,m,1\n", "Row 3, column usage_date_utc: 'yesterday' is no day"),
    (HEAD + "1999-01-01,m,1\n", "Row 2, column usage_date_utc: '1999-01-01' is too"),
    ("\0" + HEAD, "This is no text file."),
    (
        bills.OPENAI_COSTS.replace(",0.75,usd,", ",0.75,eur,"),
        "Row 2, column amount_currency: Amounts must be in US dollars, not EUR.",
    ),
    (
        bills.OPENAI_USAGE.replace(",1500,", ",-1,"),
        "Row 2, column input_tokens: '-1' is no count.",
    ),
]


@pytest.mark.parametrize(("text", "words"), BAD, ids=range(len(BAD)))
def test_an_error_says_where_and_why(text: str, words: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        read_bill(text.encode())

    assert str(caught.value).startswith(words)


MAPPINGS = [
    (Mapping(cost="Dollars"), "Say which column holds the day."),
    (Mapping(day="Day"), "Say which column holds the cost, or the tokens."),
    (Mapping(day="Day", cost="Euros"), "Euros: The file has no such column."),
]


@pytest.mark.parametrize(("mapping", "words"), MAPPINGS, ids=["day", "cost", "lost"])
def test_a_mapping_must_name_columns_that_are_there(
    mapping: Mapping, words: str
) -> None:
    with pytest.raises(UnreadableError) as caught:
        read_bill(bills.GENERIC.encode(), mapping)

    assert str(caught.value) == words


def test_other_encodings_and_giants_are_refused() -> None:
    for content in ("Tag;Köln\n".encode("latin-1"), b"x" * (MOST_BYTES + 1)):
        with pytest.raises(UnreadableError):
            read_bill(content)


@settings(max_examples=150, deadline=None)
@given(content=st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_whatever_comes_is_read_or_refused_in_words(content: bytes) -> None:
    for text in (content, HEAD.encode() + content):
        words = "read"
        try:
            read_bill(text)
        except UnreadableError as problem:
            words = str(problem)
        assert words


@given(
    amounts=st.lists(
        st.decimals(-(10**6), 10**6, places=9, allow_nan=False), min_size=1, max_size=20
    )
)
def test_no_fraction_of_a_dollar_is_lost(amounts: list[Decimal]) -> None:
    rows = "".join(f"2026-11-01,m,{amount:f}\n" for amount in amounts)

    [line] = read_bill((HEAD + rows).encode()).lines

    assert line.cost_usd == sum(amounts)

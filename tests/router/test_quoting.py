"""What the caller said is cut out of what is kept of a provider's error."""

import pytest

from apps.router.quoting import MOST_CHARACTERS, without_quotes

MESSAGES = [
    {"role": "system", "content": "Answer briefly."},
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "Dear Ms. Miller,\nyour invoice 4711 is\toverdue!"}
        ],
    },
]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("max_tokens is too large: 9000", "max_tokens is too large: 9000"),
        ("Invalid: 'Dear Ms. Miller, your invoice'", "Invalid: '[…]'"),
        ("DEAR MS. MILLER: no", "[…]: no"),
        ("a invoice 4711 is overdue, b answer briefly c", "a […], b answer briefly c"),
        ("your invoice", "your invoice"),
        ("", ""),
    ],
)
def test_quotes_are_cut(message: str, expected: str) -> None:
    assert without_quotes(MESSAGES, message) == expected


def test_two_quotes_in_one_message() -> None:
    message = "bad: dear ms miller / good / your invoice 4711"

    assert without_quotes(MESSAGES, message) == "bad: […] / good / […]"


def test_a_huge_request_keeps_no_words_at_all() -> None:
    huge = [{"role": "user", "content": "a " * MOST_CHARACTERS}]

    assert without_quotes(huge, "something went wrong") == ""


def test_tool_calls_and_odd_values_are_searched_too() -> None:
    odd = [
        {"tool_calls": [{"function": {"arguments": "drop the users table"}}], "n": 1}
    ]

    assert without_quotes(odd, "no: drop the users table") == "no: […]"

"""Prompts typed and uploaded; what is wrong with a file names its line."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.checks.reading import UnreadableError, read_rows, read_typed, read_upload


def texts_of(prompts: list) -> list[str]:  # type: ignore[type-arg]  # of any prompts
    return [prompt.messages[-1]["content"] for prompt in prompts]


def test_each_line_is_a_prompt() -> None:
    assert texts_of(read_typed("One\n\n  Two  \r\nThree")) == ["One", "Two", "Three"]


def test_long_prompts_stand_between_lines_of_dashes() -> None:
    assert texts_of(read_typed("One\nstill one\n---\n\nTwo\n---\n")) == [
        "One\nstill one",
        "Two",
    ]


def test_csv_takes_its_columns_by_name() -> None:
    content = b'\xef\xbb\xbfid,Prompt,expected\n1,"Two\nlines",yes\n2,Plain,\n'

    first, second = read_upload("prompts.csv", content)

    assert first.messages == ({"role": "user", "content": "Two\nlines"},)
    assert (first.expected, second.expected) == ("yes", "")


def test_json_lines_takes_texts_prompts_and_messages() -> None:
    content = (
        b'"Just a text"\n\n{"prompt": "Asked", "ideal": "42", "system": "Be brief"}\n'
        b'{"messages": [{"role": "user", "content": "Hi"}], "expected": "Hello"}\n'
    )

    one, two, three = read_upload("prompts.jsonl", content)

    assert one.messages[0]["content"] == "Just a text"
    assert [message["role"] for message in two.messages] == ["system", "user"]
    assert (two.expected, three.expected) == ("42", "Hello")


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.jsonl", b'{"prompt": "Fine"}\n{"prompt": ', "Line 2 is not JSON."),
        ("a.jsonl", b'{"prompt": ""}', "Line 1 has neither"),
        (
            "a.jsonl",
            b'{"messages": [{"role": "king", "content": "x"}]}',
            "Line 1 has a",
        ),
        (
            "a.jsonl",
            b'{"messages": [{"role": "system", "content": "x"}]}',
            "no message of",
        ),
        ("a.csv", b"id,name\n1,x\n", "Line 1 names no column"),
        ("a.csv", b'prompt\nfine\n"two\nlines"\n""\n  \nx,y\n', "Line 7 has 2 columns"),
        ("a.csv", b"prompt,expected\nfine,\n,yes\n", "Line 3 has an empty prompt."),
        ("a.csv", b'prompt\n"never closed\n', "is no CSV"),
        ("a.csv", b"prompt\nfine\n\xff\xfe\n", "Line 3 is not UTF-8"),
        ("a.csv", b"", "Line 1 names no column"),
        ("a.csv", b"prompt\n", "There is no prompt"),
        ("a.csv", b"prompt\n" + b"x\n" * 201, "201 prompts; a check takes 200"),
        ("a.jsonl", b'{"prompt": "\\u0000"}', "Line 1 holds a character that is none"),
        ("a.jsonl", b"[" * 100_000, "Line 1 is not JSON."),
        ("a.jsonl", b'"' + b"x" * 50_001 + b'"', "Line 1 is longer than"),
        ("a.csv", b"x" * 4_000_001, "The file is larger"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_with_its_line(
    name: str, content: bytes, told: str
) -> None:
    with pytest.raises(UnreadableError, match=told):
        read_upload(name, content)


def test_at_most_ten_complaints_are_told_and_the_rest_counted() -> None:
    with pytest.raises(UnreadableError, match=r"… and 15 more\.") as raised:
        read_upload("a.jsonl", b"{}\n" * 25)

    assert len(raised.value.problems) == 25


def test_rows_of_the_api_are_numbered() -> None:
    with pytest.raises(UnreadableError, match="Prompt 2 has neither"):
        read_rows([{"prompt": "Fine"}, {}])


@given(st.binary(max_size=300), st.sampled_from(["a.csv", "a.jsonl"]))
def test_no_file_does_more_than_be_read_or_refused(content: bytes, name: str) -> None:
    prompts = []
    with contextlib.suppress(UnreadableError):
        prompts = read_upload(name, content)

    assert all("\0" not in str(prompt.messages) for prompt in prompts)

"""Hostile bodies are refused by name, ordinary ones with odd text are not."""

import time
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.kit.errors import PayloadTooLargeError, ValidationError
from apps.kit.strict_json import parse_object

LIMIT = 20_000


def parse(body: bytes) -> dict[str, object]:
    return parse_object(body, max_bytes=LIMIT)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[1]",
        b"null",
        b'"text"',
        b'{"a": NaN}',
        b'{"a": "\xff"}',
        b'{"a": 1}{"b": 2}',
        b'{"a": "\\u0000"}',
        b'{"a": ["\\ud800"]}',
        b'{"a": {"\\uDC00": 1}}',
        b'{"a": ' + b"[" * 1000 + b"]" * 1000 + b"}",
        b'{"a": ' + b"[" * 1000,
    ],
)
def test_a_bad_body_is_a_validation_error(body: bytes) -> None:
    with pytest.raises(ValidationError):
        parse(body)


def test_a_body_over_the_limit_is_too_large() -> None:
    with pytest.raises(PayloadTooLargeError):
        parse(b" " * (LIMIT + 1))


def test_brackets_in_text_are_not_nesting() -> None:
    assert parse(b'{"a": "' + b"[{" * 500 + b'\\""}') == {"a": "[{" * 500 + '"'}


def test_wide_is_not_deep() -> None:
    assert parse(b'{"a": [' + b"[]," * 200 + b"[]]}") == {"a": [[]] * 201}


def test_a_whole_surrogate_pair_is_a_character() -> None:
    assert parse(b'{"a": "\\ud83d\\ude00"}') == {"a": "\N{GRINNING FACE}"}


def test_the_bad_field_is_named() -> None:
    with pytest.raises(ValidationError) as caught:
        parse(b'{"a": [1, {"b": "\\u0000"}]}')

    assert caught.value.param == "body.a[1].b"


@given(st.binary(max_size=200))
def test_any_bytes_give_an_object_or_a_named_error(body: bytes) -> None:
    with suppress(ValidationError):
        assert isinstance(parse(body), dict)


def test_quotes_and_backslashes_in_text_hide_no_depth() -> None:
    texts = ['"', "\\", '\\"', '\\\\"', "[" * 70, "]" * 70]
    deep: object = texts
    for _ in range(62):
        deep = [*texts, deep]

    assert parse(msgspec.json.encode({"a": deep})) == {"a": deep}
    with pytest.raises(ValidationError, match="nested deeper"):
        parse(msgspec.json.encode({"a": [deep]}))


def test_a_large_conversation_is_read_at_once() -> None:
    turn = {"role": "user", "content": [{"type": "text", "text": 'Say "so". ' * 5000}]}
    body = msgspec.json.encode({"messages": [turn] * 60})
    began = time.process_time()

    parse_object(body, max_bytes=len(body))

    # A look at each of its three million bytes took half a second.
    assert time.process_time() - began < 0.2

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.providers import errors
from apps.providers.adapters import anthropic
from apps.providers.wire import Usage
from tests.providers.streams import Seen, cut, decode_stream

COUNTED = {
    "input_tokens": 10,
    "cache_read_input_tokens": 100,
    "cache_creation_input_tokens": 30,
    "cache_creation": {
        "ephemeral_5m_input_tokens": 10,
        "ephemeral_1h_input_tokens": 20,
    },
    "output_tokens": 12,
}
USAGE = Usage(10, 100, 10, 20, 12)
CONTENT = [
    {"type": "thinking", "thinking": "hm hm", "signature": "s"},
    {"type": "text", "text": "Hel"},
    {"type": "text", "text": "lo"},
    {"type": "tool_use", "id": "t1", "name": "f", "input": {"x": [1]}},
    {"type": "unheard_of"},
    "odd",
]


def answer(**fields: Any) -> bytes:
    message = {
        "id": "msg_1",
        "type": "message",
        "model": "claude",
        "content": CONTENT,
        "stop_reason": "tool_use",
        "usage": COUNTED,
    }
    return msgspec.json.encode({**message, **fields})


def test_an_answer_takes_openais_shape() -> None:
    result = anthropic.decode(answer(), created=99)

    call = {
        "id": "t1",
        "type": "function",
        "function": {"name": "f", "arguments": '{"x":[1]}'},
    }
    signed = {"type": "reasoning.text", "text": "hm hm", "signature": "s"}
    message = {
        "role": "assistant",
        "content": "Hello",
        "reasoning_content": "hm hm",
        "reasoning_details": [{**signed, "format": "anthropic-claude-v1", "index": 0}],
        "tool_calls": [call],
    }
    assert result.raw is None
    assert (result.text, result.finish_reason, result.usage) == (
        "Hello",
        "tool_calls",
        USAGE,
    )
    assert result.body == {
        "id": "msg_1",
        "object": "chat.completion",
        "created": 99,
        "model": "claude",
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}],
        "usage": {
            "prompt_tokens": 140,
            "completion_tokens": 12,
            "total_tokens": 152,
            "prompt_tokens_details": {"cached_tokens": 100, "cache_write_tokens": 30},
            "completion_tokens_details": {"reasoning_tokens": 0},
        },
    }


def test_an_empty_answer_has_empty_text_and_a_bare_call_has_none() -> None:
    empty = anthropic.decode(answer(content=[], usage=None, stop_reason=None))
    call = anthropic.decode(answer(content=[{"type": "tool_use", "input": None}]))

    assert empty.body["choices"][0]["message"] == {"role": "assistant", "content": ""}
    assert (empty.usage, empty.finish_reason) == (None, None)
    assert "usage" not in empty.body
    assert call.body["choices"][0]["message"]["content"] is None


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{}", b'{"content": "x"}', b'"\xff"', b"[" * 100_000]
)
def test_what_is_no_answer_is_refused(raw: bytes) -> None:
    with pytest.raises(errors.BadAnswerError):
        anthropic.decode(raw)


def test_an_error_under_status_200_is_an_error() -> None:
    with pytest.raises(errors.OverloadedError):
        anthropic.decode(b'{"type": "error", "error": {"type": "overloaded_error"}}')


def event(kind: str, **fields: Any) -> bytes:
    body = msgspec.json.encode({"type": kind, **fields})
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), body)


def delta(index: int, kind: str, **fields: Any) -> bytes:
    return event("content_block_delta", index=index, delta={"type": kind, **fields})


def start(index: int, **block: Any) -> bytes:
    return event("content_block_start", index=index, content_block=block)


BEGIN = event(
    "message_start",
    message={
        "id": "msg_1",
        "model": "claude",
        "usage": {**COUNTED, "output_tokens": 1},
    },
)
STREAM = b"".join(
    (
        BEGIN,
        event("ping"),
        start(0, type="thinking", thinking=""),
        delta(0, "thinking_delta", thinking="hm hm"),
        delta(0, "signature_delta", signature="s"),
        event("content_block_stop", index=0),
        start(1, type="text", text=""),
        delta(1, "text_delta", text="Hel"),
        delta(1, "text_delta", text="lo"),
        start(2, type="server_tool_use", id="s", name="web_search"),
        delta(2, "input_json_delta", partial_json='{"query": "x"}'),
        start(3, type="tool_use", id="t1", name="f"),
        delta(3, "input_json_delta", partial_json='{"x":'),
        delta(3, "input_json_delta", partial_json="[1]}"),
        event(
            "message_delta",
            delta={"stop_reason": "tool_use"},
            usage={"output_tokens": 12, "input_tokens": None},
        ),
        event("message_stop"),
    )
)


def decode(*pieces: bytes) -> Seen:
    return decode_stream(lambda: anthropic.decoder(99), pieces)


def chunks(data: bytes) -> list[dict[str, Any]]:
    return [
        msgspec.json.decode(line.removeprefix(b"data: "))
        for line in data.split(b"\n\n")
        if line
    ]


SIGNED = {
    "type": "reasoning.text",
    "text": "hm hm",
    "signature": "s",
    "format": "anthropic-claude-v1",
    "index": 0,
}


def test_a_stream_becomes_openais_chunks() -> None:
    seen = decode(STREAM)

    deltas = [found["choices"][0]["delta"] for found in chunks(seen.data)]
    assert deltas == [
        {"role": "assistant", "content": ""},
        {"reasoning_content": "hm hm"},
        {"reasoning_details": [SIGNED]},
        {"content": "Hel"},
        {"content": "lo"},
        {
            "tool_calls": [
                {
                    "index": 0,
                    "id": "t1",
                    "type": "function",
                    "function": {"name": "f", "arguments": ""},
                }
            ]
        },
        {"tool_calls": [{"index": 0, "function": {"arguments": '{"x":'}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": "[1]}"}}]},
        {},
    ]
    assert {found["id"] for found in chunks(seen.data)} == {"msg_1"}
    assert chunks(seen.data)[-1]["choices"][0]["finish_reason"] == "tool_calls"
    assert (seen.text, seen.finish_reason, seen.is_done) == (
        "Hello",
        "tool_calls",
        True,
    )
    assert seen.problem is None


def test_streamed_usage_equals_buffered_usage() -> None:
    seen, buffered = decode(STREAM), anthropic.decode(answer())

    assert seen.usage == buffered.usage == USAGE
    assert chunks(seen.usage_data)[0]["choices"] == []
    assert chunks(seen.usage_data)[0]["usage"] == buffered.body["usage"]


@settings(deadline=None)  # this machine may be busy
@given(st.lists(st.integers(0, 10_000)), st.booleans())
def test_cuts_anywhere_give_the_same_stream(cuts: list[int], has_crlf: bool) -> None:
    stream = STREAM.replace(b"\n", b"\r\n") if has_crlf else STREAM

    assert decode(*cut(stream, cuts)) == decode(STREAM)


def test_a_stream_that_is_left_early_has_an_estimate_of_its_usage() -> None:
    decoder = anthropic.decoder()
    decoder.feed(BEGIN)

    (part,) = decoder.feed(delta(1, "text_delta", text="x" * 400))

    assert part.usage == Usage(10, 100, 10, 20, 100, is_estimated=True)


def test_text_may_come_with_its_block_and_usage_not_at_all() -> None:
    stream = (
        event("message_start", message=None)
        + start(0, type="text", text="Hi")
        + event("message_delta", delta=None, usage=None)
        + event("message_delta", delta={"stop_reason": "end_turn"})
        + event("message_stop")
    )

    seen = decode(stream)

    assert (seen.text, seen.usage, seen.usage_data) == ("Hi", None, b"")
    assert seen.is_done


def test_the_end_after_the_stop_reason_is_a_whole_answer() -> None:
    assert decode(STREAM.removesuffix(event("message_stop"))).is_done


def test_the_end_before_it_is_a_broken_stream() -> None:
    seen = decode(BEGIN + delta(1, "text_delta", text="Hi"))

    assert seen.text == "Hi"
    assert isinstance(seen.problem, errors.ConnectionFailedError)


def test_an_error_event_is_an_error() -> None:
    overloaded = event("error", error={"type": "overloaded_error", "message": "busy"})

    assert isinstance(decode(BEGIN + overloaded).problem, errors.OverloadedError)
    assert isinstance(decode(b"data: {]\n\n").problem, errors.BadAnswerError)

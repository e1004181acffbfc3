"""An Anthropic client's own body and answers, passed through."""

from typing import Any

import msgspec
import pytest

from apps.providers import errors
from apps.providers.adapters import adapter_for, anthropic
from apps.providers.adapters.anthropic import counting
from apps.providers.wire import ChatRequest, Endpoint, Native
from tests.providers.streams import cut, decode_stream

HERE = Endpoint("anthropic", "anthropic", "http://h/v1", "sk-ant")
BODY = {
    "model": "auto",
    "max_tokens": 4000,
    "stream": True,
    "made_up": 1,
    "messages": [{"role": "user", "content": "Hi"}],
}
BETA = (("anthropic-beta", "some-beta"), ("anthropic-version", "2026-01-01"))


def asked(
    is_stream: bool = False, limit: int | None = None, **more: Any
) -> ChatRequest:
    neutral = {} if limit is None else {"max_tokens": limit}
    native = Native("anthropic", {**BODY, **more}, BETA)
    return ChatRequest("claude", neutral, is_stream, native)


def sent(request: ChatRequest) -> dict[str, Any]:
    call = adapter_for(HERE, request).encode(HERE, request)
    found: dict[str, Any] = msgspec.json.decode(call.content)
    return found


def test_the_body_is_the_caller_s_but_for_model_and_stream() -> None:
    call = adapter_for(HERE, asked()).encode(HERE, asked())

    whole = {name: value for name, value in BODY.items() if name != "stream"}
    assert sent(asked()) == {**whole, "model": "claude"}
    assert sent(asked(is_stream=True))["stream"] is True
    assert call.headers["anthropic-beta"] == "some-beta"
    assert call.headers["anthropic-version"] == "2026-01-01"
    assert call.headers["x-api-key"] == "sk-ant"


def test_without_a_word_of_the_caller_s_the_version_is_ours() -> None:
    request = ChatRequest("claude", {}, native=Native("anthropic", BODY))

    headers = anthropic.encode(HERE, request).headers

    assert headers["anthropic-version"] == "2023-06-01"


@pytest.mark.parametrize(
    ("limit", "thinking"),
    [
        (3000, {"type": "enabled", "budget_tokens": 2000}),
        (1500, {"type": "enabled", "budget_tokens": 1499}),
        (1000, None),
    ],
)
def test_a_spending_cap_holds_and_thoughts_fit_below_it(
    limit: int, thinking: dict[str, Any] | None
) -> None:
    budget = {"type": "enabled", "budget_tokens": 2000}

    body = sent(asked(limit=limit, thinking=budget))

    assert body["max_tokens"] == limit
    assert body.get("thinking") == thinking


def test_thoughts_of_other_models_stay_here() -> None:
    foreign = {"type": "thinking", "thinking": "x", "signature": "modeloptix"}
    genuine = {"type": "thinking", "thinking": "y", "signature": "theirs"}
    said = {"type": "text", "text": "Hello"}
    turns = [
        {"role": "assistant", "content": [foreign, said]},
        {"role": "assistant", "content": [genuine, said]},
        {"role": "assistant", "content": [foreign]},
        "odd",
    ]

    body = sent(asked(messages=turns))

    assert body["messages"][0]["content"] == [said]
    assert body["messages"][1:2] == turns[1:2]
    assert body["messages"][2]["content"] == [{"type": "text", "text": "…"}]
    assert body["messages"][3] == "odd"
    assert sent(asked(messages=None))["messages"] is None


EVENTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("message_start", {"message": {"id": "m", "usage": {"input_tokens": 9}}}),
    ("content_block_start", {"index": 0, "content_block": {"type": "thinking"}}),
    ("content_block_delta", {"index": 0, "delta": {"type": "thinking_delta"}}),
    ("content_block_stop", {"index": 0}),
    ("ping", {}),
    (
        "content_block_delta",
        {"index": 1, "delta": {"type": "text_delta", "text": "Hello"}},
    ),
    ("made_up", {"x": 1}),
    (
        "message_delta",
        {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 5}},
    ),
    ("message_stop", {}),
)


def framed(name: str, fields: dict[str, Any]) -> bytes:
    data = msgspec.json.encode({"type": name, **fields})
    return b"event: %b\ndata: %b\n\n" % (name.encode(), data)


STREAM = b"".join(framed(name, fields) for name, fields in EVENTS)
LAST = framed("message_stop", {})


@pytest.mark.parametrize("places", [[], [10], [100, 101, 333]], ids=str)
def test_events_are_relayed_as_they_came_and_read_for_their_facts(
    places: list[int],
) -> None:
    decoder = anthropic.NATIVE.decoder(99)
    parts = [p for piece in cut(STREAM, places) for p in decoder.feed(piece)]

    assert b"".join(part.data for part in parts) == STREAM
    assert (parts[-1].is_done, parts[-1].data) == (True, LAST)
    assert {part.speech for part in parts} == {"anthropic"}
    usage = next(p.usage for p in reversed(parts) if p.usage)
    assert (usage.fresh, usage.output, usage.is_estimated) == (9, 5, False)
    assert "".join(part.text for part in parts) == "Hello"
    assert [p.finish_reason for p in parts if p.finish_reason] == ["stop"]


def test_data_of_several_lines_stays_so() -> None:
    broken = b'event: ping\ndata: {"type":\ndata: "ping"}\n\n'
    nameless = b'data: {"type": "ping"}\n\n'

    seen = decode_stream(lambda: anthropic.NATIVE.decoder(1), [broken, nameless])

    assert seen.data == broken + nameless


def test_an_error_among_the_events_is_raised() -> None:
    said = framed("error", {"error": {"type": "overloaded_error", "message": "full"}})

    seen = decode_stream(lambda: anthropic.NATIVE.decoder(1), [said])

    assert isinstance(seen.problem, errors.OverloadedError)
    assert seen.data == b""


def test_a_whole_answer_keeps_its_bytes() -> None:
    raw = msgspec.json.encode(
        {"content": [{"type": "text", "text": "Hi"}], "stop_reason": "end_turn"}
    )

    result = anthropic.NATIVE.decode(raw, 1)

    assert (result.raw, result.speech, result.text) == (raw, "anthropic", "Hi")


def test_counting_asks_about_the_prompt_alone() -> None:
    request = asked(temperature=1, metadata={}, system="Be brief")

    call = counting.count_call(HERE, request)

    body = msgspec.json.decode(call.content)
    assert call.path == "/messages/count_tokens"
    assert set(body) == {"model", "messages", "system", "made_up"}
    assert counting.read_count(b'{"input_tokens": 7}') == 7
    with pytest.raises(errors.BadAnswerError):
        counting.read_count(b"[]")

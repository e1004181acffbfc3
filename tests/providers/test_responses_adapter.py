"""OpenAI's Responses protocol on the way to a provider that has it."""

from typing import Any

import msgspec
import pytest

from apps.providers import errors
from apps.providers.adapters import adapter_for, openai, responses
from apps.providers.fake import Script, ToolCall
from apps.providers.fake import responses as fake
from apps.providers.wire import ChatRequest, Endpoint, Native
from tests.providers.streams import cut, decode_stream

HERE = Endpoint("openai", "openai", "http://h/v1", "sk-x")
BODY: dict[str, Any] = {"model": "auto", "input": "Hi", "previous_response_id": "r"}
USAGE = {
    "input_tokens": 1500,
    "input_tokens_details": {"cached_tokens": 1000},
    "output_tokens": 500,
    "output_tokens_details": {"reasoning_tokens": 200},
    "total_tokens": 2000,
}
CALLS = (ToolCall("f", '{"a":1}', "c1"), ToolCall("f", '{"a":2}', "c2"))


def asked(limit: int | None = None, **more: Any) -> ChatRequest:
    neutral = {} if limit is None else {"max_tokens": limit}
    native = Native("responses", {**BODY, **more})
    return ChatRequest("gpt", neutral, is_stream=True, native=native)


def sent(request: ChatRequest) -> dict[str, Any]:
    call = adapter_for(HERE, request).encode(HERE, request)
    assert call.path == "/responses"
    found: dict[str, Any] = msgspec.json.decode(call.content)
    return found


def test_who_has_the_endpoint_is_asked_there() -> None:
    elsewhere = Endpoint("groq", "openai", "http://h/v1")

    assert adapter_for(HERE, asked()) is responses.NATIVE
    assert adapter_for(elsewhere, asked()) is openai
    assert adapter_for(HERE, ChatRequest("m", {})) is openai


def test_the_body_is_the_caller_s_and_nothing_is_stored_there() -> None:
    expected = {"model": "gpt", "input": "Hi", "store": False, "stream": True}

    assert sent(asked(store=True)) == expected
    assert sent(asked(limit=50))["max_output_tokens"] == 50


def test_thoughts_that_it_cannot_read_are_left_out() -> None:
    said = {"role": "user", "content": "Hi"}
    theirs = {"type": "reasoning", "encrypted_content": "abc"}
    items = [
        said,
        {"type": "reasoning", "encrypted_content": "mx1.abc"},
        {"type": "reasoning", "summary": []},
        theirs,
    ]

    assert sent(asked(input=items))["input"] == [said, theirs]


def whole(**fields: Any) -> bytes:
    return msgspec.json.encode(fake.whole({"model": "gpt"}, Script(**fields)))


def test_a_whole_answer_is_read_and_kept() -> None:
    raw = whole(text="Hello", reasoning="hm", tool_calls=CALLS, usage=USAGE)

    result = responses.decode(raw, 99)

    assert (result.raw, result.speech) == (raw, "responses")
    assert (result.text, result.finish_reason) == ("Hello", "tool_calls")
    usage = result.usage
    assert usage is not None
    assert (usage.fresh, usage.cache_read) == (500, 1000)
    assert (usage.output, usage.reasoning) == (500, 200)
    message = result.body["choices"][0]["message"]
    assert message["content"] == "Hello"
    assert [call["id"] for call in message["tool_calls"]] == ["c1", "c2"]
    assert result.body["usage"]["prompt_tokens"] == 1500


def test_other_items_are_read_too() -> None:
    said = {"type": "message", "content": [{"type": "refusal", "refusal": "No"}, 7]}
    custom = {"type": "custom_tool_call", "call_id": "c", "name": "f", "input": "x"}
    thought = {"type": "reasoning", "summary": [{"text": "hm"}]}

    made = responses.decode(msgspec.json.encode({"output": [said, custom, thought]}), 1)
    empty = responses.decode(msgspec.json.encode({"output": [7]}), 1)

    message = made.body["choices"][0]["message"]
    assert message["reasoning_content"] == "hm"
    assert message["tool_calls"][0]["function"]["arguments"] == '{"input":"x"}'
    assert (made.usage, empty.finish_reason) == (None, "stop")
    assert empty.body["choices"][0]["message"]["content"] == ""


@pytest.mark.parametrize(
    ("reason", "expected"),
    [("max_output_tokens", "length"), ("content_filter", "content_filter")],
)
def test_why_it_is_incomplete(reason: str, expected: str) -> None:
    body = {"output": [], "incomplete_details": {"reason": reason}}

    assert responses.decode(msgspec.json.encode(body), 1).finish_reason == expected


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"{", errors.BadAnswerError),
        (b"[]", errors.BadAnswerError),
        (b"{}", errors.BadAnswerError),
        (b'{"error": {"code": "rate_limit_exceeded"}}', errors.RateLimitedError),
    ],
)
def test_what_is_no_answer_is_an_error(
    raw: bytes, kind: type[errors.UpstreamError]
) -> None:
    with pytest.raises(kind):
        responses.decode(raw, 1)


def stream(**fields: Any) -> bytes:
    events = fake.events({"model": "gpt"}, Script(**fields))
    return b"".join(framed(event) for event in events)


def framed(event: dict[str, Any]) -> bytes:
    kind = str(event["type"]).encode()
    return b"event: %b\ndata: %b\n\n" % (kind, msgspec.json.encode(event))


@pytest.mark.parametrize("places", [[], [7, 500, 1234]], ids=str)
def test_events_are_relayed_and_counted_as_a_whole_answer_is(places: list[int]) -> None:
    fields: dict[str, Any] = {"text": "Hello", "tool_calls": CALLS, "usage": USAGE}
    raw = stream(**fields)
    decoder = responses.decoder(1)

    parts = [p for piece in cut(raw, places) for p in decoder.feed(piece)]

    assert b"".join(part.data for part in parts) == raw
    assert parts[-1].is_done
    assert b"response.completed" in parts[-1].data
    usage = next(p.usage for p in reversed(parts) if p.usage)
    assert usage == responses.decode(whole(**fields), 1).usage
    assert "".join(part.text for part in parts) == "Hello"
    written = len("Hello") + sum(len(call.arguments) for call in CALLS)
    assert sum(part.characters for part in parts) == written


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ({"type": "error", "code": "server_error"}, errors.ServerError),
        (
            {"type": "error", "error": {"code": "rate_limit_exceeded"}},
            errors.RateLimitedError,
        ),
        ({"type": "response.failed", "response": {}}, errors.ServerError),
    ],
)
def test_an_event_that_reports_a_failure_is_raised(
    event: dict[str, Any], kind: type[errors.UpstreamError]
) -> None:
    seen = decode_stream(lambda: responses.decoder(1), [framed(event)])

    assert isinstance(seen.problem, kind)


def test_what_is_no_event_is_an_error() -> None:
    seen = decode_stream(lambda: responses.decoder(1), [b"data: [\n\n"])

    assert isinstance(seen.problem, errors.BadAnswerError)


def test_a_stream_without_its_end_is_broken_off() -> None:
    seen = decode_stream(
        lambda: responses.decoder(1), [stream(text="Hi", fault="no_done")]
    )
    odd = decode_stream(
        lambda: responses.decoder(1), [framed({"type": "response.completed"})]
    )

    assert isinstance(seen.problem, errors.ConnectionFailedError)
    assert (odd.is_done, odd.usage) == (True, None)

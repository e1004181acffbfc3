from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.providers import errors
from apps.providers.adapters import openai
from apps.providers.wire import ChatRequest, Endpoint, Usage
from tests.providers.streams import Seen, cut, decode_stream

LOCAL = Endpoint("local", "openai", "http://127.0.0.1:1/v1")
MESSAGES = [{"role": "user", "content": "Hi"}]


def sent(endpoint: Endpoint, is_stream: bool = False, **body: Any) -> dict[str, Any]:
    request = ChatRequest("m", {"messages": MESSAGES, **body}, is_stream)
    call = openai.encode(endpoint, request)
    decoded: dict[str, Any] = msgspec.json.decode(call.content)
    return decoded


def sse(*chunks: object) -> bytes:
    return b"".join(b"data: %b\n\n" % msgspec.json.encode(chunk) for chunk in chunks)


def chunk(delta: dict[str, Any], reason: str | None = None, **more: Any) -> object:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return {"id": "c", "choices": [choice], **more}


DONE = b"data: [DONE]\n\n"
COUNTED = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}


def decode(*pieces: bytes) -> Seen:
    return decode_stream(openai.decoder, pieces)


def test_a_request_names_the_providers_model_and_keeps_unknown_fields() -> None:
    body = sent(LOCAL, top_k=5, max_completion_tokens=7, stream_options={"x": 1})

    assert body == {
        "messages": MESSAGES,
        "top_k": 5,
        "max_completion_tokens": 7,
        "model": "m",
        "stream": False,
    }


def test_a_stream_always_asks_for_usage() -> None:
    assert sent(LOCAL, is_stream=True)["stream_options"] == {"include_usage": True}
    kept = sent(LOCAL, is_stream=True, stream_options={"include_obfuscation": False})
    assert kept["stream_options"] == {
        "include_obfuscation": False,
        "include_usage": True,
    }


def test_mistral_is_not_asked_for_what_it_refuses() -> None:
    mistral = Endpoint("mistral", "openai", "https://api.mistral.ai/v1")

    body = sent(mistral, is_stream=True, max_completion_tokens=9)

    assert "stream_options" not in body
    assert "max_completion_tokens" not in body
    assert body["max_tokens"] == 9


def test_openai_gets_the_output_limit_under_its_new_name() -> None:
    openai_itself = Endpoint("openai", "openai", "https://api.openai.com/v1")

    body = sent(openai_itself, max_tokens=9)

    assert body["max_completion_tokens"] == 9
    assert "max_tokens" not in body
    assert sent(openai_itself, max_completion_tokens=4)["max_completion_tokens"] == 4


def test_the_key_travels_in_its_header_alone() -> None:
    keyed = Endpoint("x", "openai", "http://h/v1", "sk-1", (("X-Title", "T"),))

    call = openai.encode(keyed, ChatRequest("m", {"messages": MESSAGES}))

    assert call.headers == {
        "Content-Type": "application/json",
        "X-Title": "T",
        "Authorization": "Bearer sk-1",
    }
    assert "Authorization" not in openai.headers(LOCAL)
    assert "sk-1" not in repr(keyed)


def answer(**fields: Any) -> bytes:
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": "Hello"},
        "finish_reason": "stop",
    }
    return msgspec.json.encode({"choices": [choice], "usage": COUNTED, **fields})


def test_a_whole_answer_is_read_and_kept_as_it_came() -> None:
    raw = answer(unknown={"kept": True})

    result = openai.decode(raw)

    assert result.raw is raw
    assert result.body["unknown"] == {"kept": True}
    assert (result.text, result.finish_reason) == ("Hello", "stop")
    assert result.usage == Usage(fresh=9, output=3)
    assert result.usage.raw == msgspec.json.encode(COUNTED).decode()


def test_an_answer_without_usage_has_none() -> None:
    assert openai.decode(answer(usage=None)).usage is None


def test_an_answer_may_come_in_parts() -> None:
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
    content = [thought, {"type": "text", "text": "Yes"}, "odd"]
    message = {"role": "assistant", "content": content}

    result = openai.decode(answer(choices=[{"message": message}]))

    assert result.text == "Yes"
    assert result.finish_reason is None


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [("eos", "stop"), ("model_length", "length"), ("new_word", "new_word"), (7, None)],
)
def test_finish_reasons_get_one_name(theirs: object, ours: str | None) -> None:
    choice = {"message": {"content": None}, "finish_reason": theirs}

    assert openai.decode(answer(choices=[choice])).finish_reason == ours


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'"\xff"',
        b"[" * 100_000,
        b'{"choices": []}',
        b'{"choices": [7]}',
        b'{"choices": [{"message": "x"}]}',
        b'{"choices": {"0": 1}}',
    ],
)
def test_what_is_no_answer_is_refused(raw: bytes) -> None:
    with pytest.raises(errors.BadAnswerError):
        openai.decode(raw)


def test_an_error_under_status_200_is_an_error() -> None:
    with pytest.raises(errors.RateLimitedError):
        openai.decode(b'{"error": {"code": 429, "message": "slow down"}}')


STREAM = (
    b": OPENROUTER PROCESSING\n\n"
    + sse(
        chunk({"role": "assistant", "content": ""}, usage=None),
        chunk({"reasoning_content": "hm hm"}),
        chunk({"content": "Hel"}),
        chunk({"content": "lo\n\ndata: [DONE]\n\n"}),
        chunk({"tool_calls": [{"index": 0, "function": {"name": "f"}}]}),
        chunk({"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]}),
        chunk({}, "stop"),
        {"id": "c", "choices": [], "usage": COUNTED},
    )
    + DONE
)


def test_a_stream_is_relayed_as_it_came_with_its_usage_apart() -> None:
    seen = decode(STREAM)

    usage_chunk = sse({"id": "c", "choices": [], "usage": COUNTED})
    assert seen.data == STREAM[25:].removesuffix(usage_chunk + DONE)
    assert seen.usage_data == usage_chunk
    assert seen.text == "Hello\n\ndata: [DONE]\n\n"
    assert seen.characters == len("hm hm" + seen.text + "f" + "{}")
    assert seen.usage == Usage(fresh=9, output=3)
    assert seen.finish_reason == "stop"
    assert seen.is_done
    assert seen.problem is None


@settings(deadline=None)  # this machine may be busy
@given(st.lists(st.integers(0, 10_000)), st.booleans())
def test_cuts_anywhere_give_the_same_stream(cuts: list[int], has_crlf: bool) -> None:
    stream = STREAM.replace(b"\n", b"\r\n") if has_crlf else STREAM

    assert decode(*cut(stream, cuts)) == decode(STREAM)


def test_events_of_one_read_become_one_part() -> None:
    parts = openai.decoder().feed(STREAM)

    assert [part.is_token for part in parts] == [True, False, False]
    assert [part.is_usage_only for part in parts] == [False, True, False]
    assert [part.is_done for part in parts] == [False, False, True]


def test_the_role_alone_is_no_output() -> None:
    parts = openai.decoder().feed(sse(chunk({"role": "assistant", "content": ""})))

    assert [part.is_token for part in parts] == [False]


@pytest.mark.parametrize(
    "last",
    [
        chunk({}, "stop", usage=COUNTED),
        chunk({}, "stop", x_groq={"usage": COUNTED}),
        chunk({}, "stop", usage=None, x_groq={"usage": COUNTED}),
    ],
)
def test_usage_is_taken_from_any_chunk(last: object) -> None:
    seen = decode(sse(chunk({"content": "Hi"}), last) + DONE)

    assert seen.usage == Usage(fresh=9, output=3)
    assert seen.usage_data == b""
    assert seen.data.endswith(sse(last))


def test_the_last_of_several_usages_counts() -> None:
    running = {"prompt_tokens": 9, "completion_tokens": 1}

    seen = decode(
        sse(chunk({"content": "Hi"}, usage=running), chunk({}, "stop", usage=COUNTED))
    )

    assert seen.usage == Usage(fresh=9, output=3)


def test_a_usage_of_nothing_is_passed_on_but_not_believed() -> None:
    seen = decode(
        sse(chunk({"content": "Hi"}), {"choices": [], "usage": {}, "x_groq": 1})
    )

    assert seen.usage is None


def test_streamed_usage_equals_buffered_usage() -> None:
    counted = {
        **COUNTED,
        "prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 2},
        "completion_tokens_details": {"reasoning_tokens": 2},
    }
    buffered = openai.decode(answer(usage=counted)).usage

    apart = decode(sse(chunk({}, "stop"), {"choices": [], "usage": counted}) + DONE)
    within = decode(sse(chunk({}, "stop", usage=counted)) + DONE)

    assert buffered == apart.usage == within.usage
    assert buffered == Usage(3, 4, 2, 0, 3, 2)


def test_other_choices_count_but_are_not_the_text() -> None:
    second = {"choices": [{"index": 1, "delta": {"content": "two"}}]}

    seen = decode(sse(chunk({"content": "one"}), second) + DONE)

    assert seen.text == "one"
    assert seen.characters == 6


def test_odd_deltas_are_relayed_and_counted_where_they_can_be() -> None:
    parts = [{"type": "text", "text": "Yes"}]
    odd = sse(
        {"choices": [{"index": 0, "delta": None}]},
        {"choices": None},
        chunk({"content": parts}),
        chunk({"refusal": "No."}),
        chunk({"reasoning": "hm"}),
        chunk({"content": 7, "tool_calls": [1, {"function": "f"}]}),
    )

    seen = decode(odd + DONE)

    assert seen.data == odd
    assert seen.text == "Yes"
    assert seen.characters == len("YesNo.hm")


def test_json_over_several_lines_is_put_on_one() -> None:
    seen = decode(b'data: {"choices":\ndata: [{"delta": {"content": "x"}}]}\n\n' + DONE)

    assert seen.data == b'data: {"choices": [{"delta": {"content": "x"}}]}\n\n'


def test_an_empty_event_is_a_keep_alive() -> None:
    assert decode(b"data: \n\n" + sse(chunk({}, "stop"))).is_done


def test_the_end_after_a_finish_reason_is_a_whole_answer() -> None:
    seen = decode(sse(chunk({"content": "Hi"}, "stop")))

    assert seen.is_done
    assert seen.problem is None


def test_the_last_event_may_lack_its_blank_line() -> None:
    assert decode(sse(chunk({"content": "Hi"})) + b"data: [DONE]").is_done


@pytest.mark.parametrize("rest", [b"", b'data: {"choi', b": ping", sse(chunk({}))[:-2]])
def test_the_end_before_a_finish_reason_is_a_broken_stream(rest: bytes) -> None:
    seen = decode(sse(chunk({"content": "Hi"})) + rest)

    assert seen.text == "Hi"
    assert not seen.is_done
    assert isinstance(seen.problem, errors.ConnectionFailedError)


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (b'data: {"error": {"code": 503}}\n\n', errors.OverloadedError),
        (
            b'event: error\ndata: {"type": "rate_limit_error"}\n\n',
            errors.RateLimitedError,
        ),
        (b"data: no json\n\n", errors.BadAnswerError),
        (b'data: {"choices": 7}\n\n', errors.BadAnswerError),
    ],
)
def test_what_came_before_an_error_is_not_lost(
    event: bytes, kind: type[errors.UpstreamError]
) -> None:
    decoder = openai.decoder()

    parts = decoder.feed(sse(chunk({"content": "Hi"})) + event + DONE)

    assert [part.text for part in parts] == ["Hi"]
    assert type(decoder.problem) is kind
    assert decoder.feed(DONE) == []
    assert decoder.finish() == []


def test_nothing_is_read_after_the_end() -> None:
    decoder = openai.decoder()
    decoder.feed(DONE + sse(chunk({"content": "more"})))

    assert decoder.feed(sse(chunk({"content": "more"}))) == []
    assert decoder.finish() == []

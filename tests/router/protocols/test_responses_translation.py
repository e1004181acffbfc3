"""Responses in the chat's words, and answers in those of Responses."""

from typing import Any

import msgspec
import pytest

from apps.kit.errors import ProviderError, RateLimitedError, ValidationError
from apps.providers.adapters import anthropic, openai, responses
from apps.providers.fake import Script, ToolCall, bodies
from apps.providers.fake import responses as fake
from apps.router.bodies import Inbound
from apps.router.conversations import storable
from apps.router.dialects.responses import (
    RESPONSES,
    read_after,
    read_responses,
    reply_to,
    unstored,
)
from apps.router.dialects.responses.items import sealed, unsealed
from apps.router.dialects.responses.write import free_text
from apps.router.replies import encode_json
from tests.asgi import Answer
from tests.router.accounts import make_account
from tests.router.protocols.translating import lost, streamed

LOOK = {"type": "function", "name": "look", "parameters": {"type": "object"}}
PATCH = {"type": "custom", "name": "patch", "description": "Changes files"}
CALLS = (ToolCall("look", '{"at":"a"}', "t1"), ToolCall("patch", '{"input":"x"}', "t2"))


def read(said: Any = "Hi", **more: Any) -> Inbound:
    return read_responses({"model": "m", "input": said, **more})


def messages(*items: Any, **more: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read(list(items), **more).body["messages"]
    return found


def test_the_plain_fields_have_the_same_meaning() -> None:
    inbound = read(
        instructions="Be brief",
        max_output_tokens=50,
        temperature=0.5,
        parallel_tool_calls=False,
        user="u",
        reasoning={"effort": "low"},
        text={"verbosity": "low", "format": {"type": "json_object"}},
        include=["message.output_text.logprobs"],
        stream=True,
        priority="best",
        metadata={"a": "b"},
    )

    said = [
        {"role": "system", "content": "Be brief"},
        {"role": "user", "content": "Hi"},
    ]
    assert inbound.typed.priority == "best"
    assert inbound.sent == {
        "messages": said,
        "max_tokens": 50,
        "temperature": 0.5,
        "parallel_tool_calls": False,
        "user": "u",
        "reasoning_effort": "low",
        "verbosity": "low",
        "response_format": {"type": "json_object"},
        "logprobs": True,
        "top_logprobs": 0,
    }
    assert inbound.native is not None
    assert inbound.native.body["metadata"] == {"a": "b"}


def test_a_schema_is_handed_on() -> None:
    shape = {"type": "json_schema", "name": "n", "schema": {}, "strict": True}

    body = read(text={"format": shape}).body

    described = {"name": "n", "schema": {}, "strict": True}
    wanted = {"type": "json_schema", "json_schema": described}
    assert body["response_format"] == wanted


def test_items_become_messages() -> None:
    signed = {"type": "reasoning.text", "text": "hm", "signature": "s"}
    picture = {"type": "input_image", "image_url": "https://h/a.png", "detail": "low"}
    shown = [{"type": "input_text", "text": "seen"}, picture]

    found = messages(
        {"role": "developer", "content": "Rules"},
        {"role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
        {"type": "reasoning", "encrypted_content": sealed([signed])},
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Let me see"}],
        },
        {"type": "function_call", "call_id": "a", "name": "look", "arguments": "{}"},
        {"type": "custom_tool_call", "call_id": "b", "name": "patch", "input": "x"},
        {"type": "function_call_output", "call_id": "a", "output": shown},
        {"type": "custom_tool_call_output", "call_id": "b", "output": "done"},
        {"type": "reasoning", "summary": []},
        {"type": "function_call", "call_id": "c", "name": "look", "arguments": "{}"},
    )

    roles = ["developer", "user", "assistant", "tool", "tool", "user", "assistant"]
    assert [message["role"] for message in found] == roles
    assert found[2]["reasoning_details"] == [signed]
    assert found[2]["content"] == "Let me see"
    arguments = [c["function"]["arguments"] for c in found[2]["tool_calls"]]
    assert arguments == ["{}", '{"input":"x"}']
    assert [message["content"] for message in found[3:5]] == ["seen", "done"]
    url = {"url": "https://h/a.png", "detail": "low"}
    assert found[5]["content"][1] == {"type": "image_url", "image_url": url}
    assert found[6]["content"] is None


def test_parts_become_parts_and_what_is_lost_is_told() -> None:
    parts = [
        {"type": "refusal", "refusal": "No"},
        {"type": "input_file", "filename": "a.pdf", "file_data": "data:x"},
        {"type": "input_audio", "input_audio": {"data": "x"}},
        {"type": "odd"},
    ]
    inbound = read(
        [{"role": "user", "content": parts}, {"type": "web_search_call"}],
        truncation="auto",
        max_tool_calls=3,
        tools=[{"type": "web_search"}, LOOK],
    )

    kinds = [part["type"] for part in inbound.body["messages"][0]["content"]]
    assert kinds == ["text", "file", "input_audio"]
    assert lost(inbound) == (
        "dropped:content.odd",
        "dropped:input.web_search_call",
        "dropped:tools.web_search",
        "dropped:truncation",
        "dropped:max_tool_calls",
    )


@pytest.mark.parametrize(
    "part",
    [
        {"type": "input_image", "file_id": "f"},
        {"type": "input_file", "file_url": "https://h/a.pdf"},
    ],
    ids=["image", "file"],
)
def test_files_that_lie_at_openai_are_for_openai_alone(part: dict[str, Any]) -> None:
    native = read([{"role": "user", "content": [part]}]).native

    assert native is not None
    assert native.unsayable


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("required", "required"),
        (
            {"type": "function", "name": "look"},
            {"type": "function", "function": {"name": "look"}},
        ),
        ({"type": "allowed_tools", "mode": "required", "tools": []}, "required"),
        ({"type": "web_search"}, None),
    ],
    ids=["word", "tool", "allowed", "theirs"],
)
def test_tool_choices(choice: Any, expected: object) -> None:
    assert read(tools=[LOOK], tool_choice=choice).body.get("tool_choice") == expected
    assert "tool_choice" not in read(tool_choice=choice).body


def test_a_tool_of_free_text_takes_an_object_with_it() -> None:
    grammar = {"type": "grammar", "syntax": "lark", "definition": "start: WORD"}

    [tool] = read(tools=[{**PATCH, "format": grammar}]).body["tools"]
    [plain] = read(tools=[{"type": "custom", "name": "patch"}]).body["tools"]

    assert tool["function"]["parameters"]["required"] == ["input"]
    assert tool["function"]["description"].endswith("start: WORD")
    assert "description" not in plain["function"]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, None),
        ({"input": []}, "input"),
        ({"input": [{"role": "robot", "content": "x"}]}, "input[0].role"),
        ({"input": [{"role": ["user"], "content": "x"}]}, "input[0].role"),
        ({"input": [{"type": "item_reference", "id": "x"}]}, "input[0]"),
        ({"input": "Hi", "background": True}, "background"),
        ({"input": "Hi", "conversation": "c"}, "conversation"),
        ({"input": "Hi", "prompt": {"id": "p"}}, "prompt"),
        ({"input": "Hi", "temperature": 3}, "temperature"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else str(value),
)
def test_what_is_no_request_is_refused(body: dict[str, Any], param: str | None) -> None:
    with pytest.raises(ValidationError) as refused:
        read_responses(body)

    assert refused.value.param == param


def test_a_conversation_goes_on_after_what_was_said() -> None:
    earlier = [{"role": "user", "content": "Who?"}]

    inbound = read_after({"model": "m", "input": "Then?"}, earlier)

    said = [message["content"] for message in inbound.body["messages"]]
    assert said == ["Who?", "Then?"]
    assert inbound.native is not None
    assert inbound.native.body["input"][0] == earlier[0]


@pytest.mark.parametrize("content", [None, "abc", "mx1.%", "mx1.AAAA"], ids=str)
def test_what_we_did_not_seal_is_not_opened(content: object) -> None:
    assert unsealed(content) == []


@pytest.mark.parametrize("path", ["/chat/completions", "/messages"])
def test_a_stream_ends_with_what_a_whole_answer_is(path: str) -> None:
    script: dict[str, Any] = {"text": "See", "reasoning": "hm", "tool_calls": CALLS}
    inbound = read(tools=[LOOK, PATCH])
    adapter = anthropic if path == "/messages" else openai
    raw = bodies.whole(path, {"model": "m"}, Script(**script))
    result = adapter.decode(raw, 1)
    account = make_account()

    sent = streamed(reply_to(inbound).stream(account), account, path, **script)

    settled = make_account(
        request_id=account.request_id, usage=result.usage, finish_reason="tool_calls"
    )
    whole = msgspec.json.decode(reply_to(inbound).whole(settled, result))
    events = Answer(200, {}, sent).events()
    assert events[-1][1]["response"] == whole
    kinds = [item["type"] for item in whole["output"]]
    assert kinds == ["reasoning", "message", "function_call", "custom_tool_call"]
    assert whole["output"][3]["input"] == "x"
    done = [e["item"] for name, e in events if name == "response.output_item.done"]
    assert done == whole["output"]
    assert [e["sequence_number"] for _, e in events] == list(range(len(events)))
    if path == "/messages":
        details = unsealed(whole["output"][0]["encrypted_content"])
        assert details[0]["signature"] == bodies.SIGNATURE


def test_the_events_of_a_text_are_openai_s() -> None:
    account = make_account()

    sent = streamed(RESPONSES.stream(account), account, text="Hello", chunks=1)

    assert [name for name, _ in Answer(200, {}, sent).events()] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]


def chunk(**delta: Any) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": delta.pop("logprobs", None)}
    return b"data: %b\n\n" % msgspec.json.encode({"choices": [choice]})


def decoded(*chunks: bytes) -> dict[str, Any]:
    """The Response that a client has of these chunks in the end."""
    account, decoder = make_account(finish_reason="stop"), openai.decoder(1)
    wording = RESPONSES.stream(account)
    sent = b"".join(wording.part(p) for c in chunks for p in decoder.feed(c))
    found = Answer(200, {}, sent + wording.end(account)).events()[-1][1]
    response: dict[str, Any] = found["response"]
    return response


def test_refusals_and_probabilities_are_told() -> None:
    token = {"token": "H", "logprob": -0.1, "bytes": None, "top_logprobs": []}
    told = decoded(chunk(content="H", logprobs={"content": [token]}))
    refused = decoded(chunk(refusal="No"))
    empty = decoded()

    [part] = told["output"][0]["content"]
    assert part["logprobs"] == [{**token, "bytes": []}]
    said = {"type": "refusal", "refusal": "No"}
    assert refused["output"][0]["content"] == [said]
    assert empty["output"][0]["content"][0]["text"] == ""


def test_an_answer_that_was_cut_is_incomplete() -> None:
    account = make_account()

    sent = streamed(
        RESPONSES.stream(account), account, text="Hello", finish_reason="length"
    )

    name, last = Answer(200, {}, sent).events()[-1]
    assert name == "response.incomplete"
    assert last["response"]["incomplete_details"] == {"reason": "max_output_tokens"}


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (ProviderError("Gone."), "server_error"),
        (RateLimitedError("Slow."), "rate_limit_exceeded"),
    ],
    ids=["gone", "slow"],
)
def test_a_failure_is_told_twice_and_is_no_end(problem: Any, code: str) -> None:
    sent = RESPONSES.stream(make_account()).error(problem, "r1")

    (first, failed), (second, error) = Answer(200, {}, sent).events()
    assert (first, second) == ("response.failed", "error")
    assert failed["response"]["error"]["code"] == code
    assert error["error"]["message"] == error["message"] == problem.message


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [("", ""), ('{"input":"x"}', "x"), ("{", "{"), ("[]", "[]")],
    ids=["none", "object", "broken", "list"],
)
def test_free_text_is_taken_out_of_its_object(arguments: str, expected: str) -> None:
    assert free_text(arguments) == expected


@pytest.mark.parametrize("is_stored", [False, True], ids=["not kept", "kept"])
def test_a_provider_s_own_response_is_relayed(*, is_stored: bool) -> None:
    inbound = read(store=is_stored)
    reply, account = reply_to(inbound), make_account()
    raw = bodies.whole("/responses", {"store": False}, Script(text="Hello"))

    whole = reply.whole(account, responses.decode(raw, 1))
    wording, decoder = reply_to(inbound).stream(account), responses.decoder(1)
    sent = b""
    for event in bodies.events("/responses", {"store": False}, Script(text="Hello")):
        sent += b"".join(wording.part(part) for part in decoder.feed(event))
    last = Answer(200, {}, wording.end(account)).events()[-1][1]

    # All that is added to what is not kept.
    cost = msgspec.json.decode(whole)["usage"]["cost"]
    priced = raw.replace(b'"usage":{', b'"usage":{"cost":%b,' % encode_json(cost))
    assert (whole == priced) is not is_stored
    assert last["response"]["usage"]["cost"] == cost
    assert msgspec.json.decode(whole)["store"] is is_stored
    assert last["response"]["store"] is is_stored
    assert b"response.completed" not in sent
    expected = list(fake.events({"store": False}, Script(text="Hello")))
    names = [name for name, _ in Answer(200, {}, sent).events()]
    assert names == [event["type"] for event in expected[:-1]]


def test_what_could_not_be_stored_says_so() -> None:
    whole = msgspec.json.encode({"id": "r", "store": True})
    event = b"event: response.completed\ndata: %b\n\n"
    framed = event % msgspec.json.encode({"response": {"store": True}})

    assert msgspec.json.decode(unstored(whole)) == {"id": "r", "store": False}
    assert b'"store":false' in unstored(framed)


def test_what_is_stored_is_redacted_and_without_nul() -> None:
    said = [{"role": "user", "content": "a@example.org\0", "id": "b@example.org"}]

    stored, _ = storable(said, {"n": 1}, frozenset({"email"}))
    plain, _ = storable(said, {}, frozenset())

    assert "a@example.org" not in stored
    assert "b@example.org" in stored
    assert "a@example.org" in plain
    assert "\\u0000" not in plain

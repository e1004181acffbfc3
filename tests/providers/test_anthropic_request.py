from typing import Any

import msgspec
import pytest

from apps.providers import errors
from apps.providers.adapters import anthropic
from apps.providers.wire import ChatRequest, Endpoint

HERE = Endpoint("anthropic", "anthropic", "http://h/v1", "sk-ant", (("X-A", "b"),))
USER = {"role": "user", "content": "Hi"}


def sent(is_stream: bool = False, **body: Any) -> dict[str, Any]:
    request = ChatRequest("claude", {"messages": [USER], **body}, is_stream)
    decoded: dict[str, Any] = msgspec.json.decode(
        anthropic.encode(HERE, request).content
    )
    return decoded


def turns(*messages: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sent(messages=messages)["messages"]
    return found


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def test_the_least_request() -> None:
    assert sent() == {
        "model": "claude",
        "messages": [{"role": "user", "content": [text("Hi")]}],
        "max_tokens": 4096,
    }


def test_the_key_and_the_version_are_headers() -> None:
    call = anthropic.encode(HERE, ChatRequest("m", {"messages": [USER]}))

    assert call.path == "/messages"
    assert call.headers == {
        "Content-Type": "application/json",
        "anthropic-version": "2023-06-01",
        "X-A": "b",
        "x-api-key": "sk-ant",
    }


def test_system_messages_stand_apart_and_keep_their_cache_marks() -> None:
    marked = {**text("Rules"), "cache_control": {"type": "ephemeral"}}
    body = sent(
        messages=[
            {"role": "system", "content": [marked]},
            {"role": "developer", "content": "More"},
            USER,
        ]
    )

    assert body["system"] == [marked, text("More")]
    assert [turn["role"] for turn in body["messages"]] == ["user"]


def test_a_tool_conversation_becomes_alternating_turns() -> None:
    calls = [
        {"id": "a", "function": {"name": "f", "arguments": '{"x": 1}'}},
        {"id": "b", "function": {"name": "g", "arguments": ""}},
    ]
    found = turns(
        USER,
        {"role": "assistant", "content": "Let me see", "tool_calls": calls},
        {"role": "tool", "tool_call_id": "a", "content": "1"},
        {"role": "tool", "tool_call_id": "b", "content": [text("2")]},
        {"role": "user", "content": "And?"},
    )

    assert [turn["role"] for turn in found] == ["user", "assistant", "user"]
    assert found[1]["content"] == [
        text("Let me see"),
        {"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1}},
        {"type": "tool_use", "id": "b", "name": "g", "input": {}},
    ]
    assert found[2]["content"] == [
        {"type": "tool_result", "tool_use_id": "a", "content": "1"},
        {"type": "tool_result", "tool_use_id": "b", "content": [text("2")]},
        text("And?"),
    ]


@pytest.mark.parametrize("arguments", ["{", "[1]", 7])
def test_tool_arguments_must_be_an_object(arguments: object) -> None:
    call = {"id": "a", "function": {"name": "f", "arguments": arguments}}

    with pytest.raises(errors.BadRequestError):
        turns({"role": "assistant", "tool_calls": [call]})


@pytest.mark.parametrize("schema", ["object", ["object"], 7])
def test_the_parameters_of_a_tool_must_be_a_schema(schema: object) -> None:
    tool = {"type": "function", "function": {"name": "f", "parameters": schema}}

    with pytest.raises(errors.BadRequestError):
        sent(tools=[tool])


def test_empty_texts_are_left_out() -> None:
    found = turns(
        USER,
        {"role": "assistant", "content": ""},
        {"role": "user", "content": [text(""), text("x")]},
        {"role": "assistant", "content": None},
    )

    assert found == [{"role": "user", "content": [text("Hi"), text("x")]}]


def test_pictures_and_documents_are_translated() -> None:
    data_url = "data:image/png;base64,AAAA"
    pdf = {"file_data": "data:application/pdf;base64,BBBB", "filename": "a.pdf"}
    mark = {"cache_control": {"type": "ephemeral"}}
    own = {"type": "search_result", "source": "x"}
    parts = [
        {"type": "image_url", "image_url": {"url": data_url}, **mark},
        {"type": "image_url", "image_url": "https://h/a.png"},
        {"type": "file", "file": pdf},
        {"type": "file", "file": {"file_data": pdf["file_data"]}},
        {"type": "refusal", "refusal": "No"},
        own,
    ]

    found = turns({"role": "user", "content": parts})[0]["content"]

    image = {"type": "base64", "media_type": "image/png", "data": "AAAA"}
    document = {"type": "base64", "media_type": "application/pdf", "data": "BBBB"}
    assert found == [
        {"type": "image", "source": image, **mark},
        {"type": "image", "source": {"type": "url", "url": "https://h/a.png"}},
        {"type": "document", "source": document, "title": "a.pdf"},
        {"type": "document", "source": document},
        text("No"),
        own,
    ]


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        ({"type": "input_audio", "input_audio": {}}, errors.UnsupportedError),
        ({"type": "file", "file": {"file_id": "x"}}, errors.UnsupportedError),
        ({"type": "file", "file": None}, errors.UnsupportedError),
        ({"type": "image_url", "image_url": {}}, errors.BadRequestError),
        ({"type": "image_url", "image_url": "data:x,y"}, errors.BadRequestError),
        ({"type": "file", "file": {"file_data": "AAAA"}}, errors.BadRequestError),
    ],
)
def test_parts_that_cannot_be_sent_say_so(
    part: dict[str, Any], kind: type[errors.UpstreamError]
) -> None:
    with pytest.raises(kind):
        turns({"role": "user", "content": [part]})


def test_several_answers_and_old_functions_are_for_another_provider() -> None:
    with pytest.raises(errors.UnsupportedError):
        sent(n=2)
    with pytest.raises(errors.UnsupportedError):
        turns({"role": "function", "name": "f", "content": "x"})


def test_sampling_is_fitted_to_the_scale() -> None:
    body = sent(temperature=1.7, top_p=0.5, stop=["END", " "], n=1, seed=4, user="u1")

    assert body["temperature"] == 1
    assert "top_p" not in body
    assert body["stop_sequences"] == ["END"]
    assert body["metadata"] == {"user_id": "u1"}
    assert "seed" not in body


def test_limits_stops_and_own_fields_are_passed() -> None:
    body = sent(
        is_stream=True,
        max_completion_tokens=9,
        max_tokens=7,
        top_p=0.5,
        stop="X",
        container="c",
        top_k=3,
    )

    assert (body["stream"], body["max_tokens"], body["top_p"]) == (True, 9, 0.5)
    assert (body["stop_sequences"], body["top_k"]) == (["X"], 3)
    assert body["container"] == "c"
    assert sent(max_tokens=5)["max_tokens"] == 5


def test_tools_get_anthropics_shape() -> None:
    schema = {"type": "object", "properties": {"x": {"type": "integer"}}}
    function = {"name": "f", "description": "d", "parameters": schema, "strict": True}
    own = {"type": "web_search_20250305", "name": "web_search"}
    tools = [
        {"type": "function", "function": function},
        {"function": {"name": "g"}},
        own,
    ]

    body = sent(tools=tools)

    assert body["tools"] == [
        {"name": "f", "input_schema": schema, "description": "d", "strict": True},
        {"name": "g", "input_schema": {"type": "object", "properties": {}}},
        own,
    ]
    assert "tool_choice" not in body


@pytest.mark.parametrize(
    ("choice", "theirs"),
    [
        ("required", {"type": "any"}),
        ("none", {"type": "none"}),
        (
            {"type": "function", "function": {"name": "f"}},
            {"type": "tool", "name": "f"},
        ),
        ({"type": "tool", "name": "f"}, {"type": "tool", "name": "f"}),
    ],
)
def test_tool_choice(choice: object, theirs: dict[str, Any]) -> None:
    tools = [{"function": {"name": "f"}}]

    assert sent(tools=tools, tool_choice=choice)["tool_choice"] == theirs


def test_one_tool_at_a_time() -> None:
    tools = [{"function": {"name": "f"}}]

    one = sent(tools=tools, parallel_tool_calls=False)
    none = sent(tools=tools, parallel_tool_calls=False, tool_choice="none")

    assert one["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    assert none["tool_choice"] == {"type": "none"}


def test_a_json_schema_is_asked_for() -> None:
    schema = {"type": "object"}
    wanted = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}

    plain = sent(response_format=wanted)
    with_effort = sent(response_format=wanted, output_config={"effort": "low"})

    described = {"type": "json_schema", "schema": schema}
    assert plain["output_config"] == {"format": described}
    assert with_effort["output_config"] == {"effort": "low", "format": described}
    assert "output_config" not in sent(response_format={"type": "text"})


def test_json_without_a_schema_is_asked_for_in_words() -> None:
    body = sent(response_format={"type": "json_object"})

    assert body["system"] == [text("Answer with one JSON object and nothing else.")]

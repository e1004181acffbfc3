"""Anthropic's requests in OpenAI's words, and OpenAI's answers in Anthropic's."""

from typing import Any

import pytest

from apps.kit.errors import ProviderError, ValidationError
from apps.providers.adapters import anthropic, openai
from apps.providers.errors import UnsupportedError
from apps.providers.fake import Script, ToolCall, bodies
from apps.providers.wire import ChatRequest, Endpoint
from apps.router.bodies import Inbound
from apps.router.dialects.messages import MESSAGES, read_count, read_messages
from apps.router.dialects.messages.read import is_strict
from apps.router.dialects.messages.write import input_of, message
from tests.asgi import Answer
from tests.router.accounts import make_account
from tests.router.protocols.translating import lost, streamed

USER = {"role": "user", "content": "Hi"}
LOOK = {"name": "look", "input_schema": {"type": "object"}}
CALLS = (ToolCall("look", '{"at":"a"}', "t1"), ToolCall("look", '{"at":"b"}', "t2"))


def read(*messages: Any, **more: Any) -> Inbound:
    body = {"model": "m", "max_tokens": 9, "messages": list(messages) or [USER]}
    return read_messages({**body, **more})


def said(*messages: Any, **more: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read(*messages, **more).body["messages"]
    return found


def test_the_plain_fields_have_the_same_meaning() -> None:
    inbound = read(
        system="Be brief",
        stop_sequences=["END"],
        temperature=0.5,
        top_k=3,
        metadata={"user_id": "u1"},
        stream=True,
        priority="cheap",
        made_up=1,
    )

    assert inbound.body["messages"][0] == {"role": "system", "content": "Be brief"}
    assert inbound.typed.priority == "cheap"
    assert inbound.sent == {
        "messages": inbound.body["messages"],
        "max_tokens": 9,
        "temperature": 0.5,
        "top_k": 3,
        "stop": ["END"],
        "user": "u1",
    }
    assert inbound.native is not None
    assert inbound.native.body["made_up"] == 1
    assert "priority" not in inbound.native.body
    assert lost(inbound) == ()


def test_turns_with_tools_become_messages() -> None:
    use = {"type": "tool_use", "id": "t1", "name": "look", "input": {"at": "a"}}
    picture = {"type": "image", "source": {"type": "url", "url": "https://h/a.png"}}
    result = {"type": "tool_result", "tool_use_id": "t1"}
    thought = {"type": "thinking", "thinking": "hm", "signature": "s"}
    text = {"type": "text", "text": "Let me see"}

    found = said(
        USER,
        {"role": "assistant", "content": [thought, text, use]},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "And?"},
                {**result, "content": [{"type": "text", "text": "seen"}, picture]},
                {**result, "content": "broken", "is_error": True},
                result,
            ],
        },
    )

    assert [m["role"] for m in found] == [
        *("user", "assistant", "tool", "tool", "tool", "user"),
    ]
    assert found[1]["content"] == "Let me see"
    assert found[1]["tool_calls"][0]["function"]["arguments"] == '{"at":"a"}'
    assert [m["content"] for m in found[2:5]] == ["seen", "Error: broken", ""]
    assert [part["type"] for part in found[5]["content"]] == [
        *("text", "image_url", "text"),
    ]


def test_blocks_become_parts() -> None:
    pdf = {"type": "base64", "media_type": "application/pdf", "data": "AAAA"}
    mark = {"cache_control": {"type": "ephemeral"}}
    blocks = [
        {"type": "text", "text": "", **mark},
        {"type": "text", "text": "Look", **mark},
        {"type": "document", "source": pdf, "title": "a.pdf"},
        {"type": "document", "source": {"type": "text", "data": "plain"}},
        {"type": "document", "source": {"type": "content", "content": "inner"}},
        {"type": "search_result", "title": "T", "source": "S", "content": []},
        {"type": "odd one"},
    ]

    inbound = read({"role": "user", "content": blocks})

    parts = inbound.body["messages"][0]["content"]
    assert parts[0] == {"type": "text", "text": "Look", **mark}
    assert parts[1]["file"]["file_data"] == "data:application/pdf;base64,AAAA"
    assert [part.get("text") for part in parts[2:]] == ["plain", "inner", "T (S)"]
    assert lost(inbound) == ("dropped:content.odd_one",)


@pytest.mark.parametrize(
    "block",
    [
        {"type": "image", "source": {"type": "file", "file_id": "f"}},
        {"type": "document", "source": {"type": "url", "url": "https://h/a.pdf"}},
        {"type": "document", "source": None},
        {"type": "container_upload", "file_id": "f"},
    ],
    ids=["image", "address", "nothing", "container"],
)
def test_what_cannot_be_said_is_for_anthropic_alone(block: dict[str, Any]) -> None:
    inbound = read({"role": "user", "content": [block]})
    request = ChatRequest("m", inbound.sent, native=inbound.native)

    with pytest.raises(UnsupportedError, match="cannot be sent to this provider"):
        openai.encode(Endpoint("groq", "openai", "http://h"), request)


def test_a_promise_about_where_it_runs_is_kept_or_refused() -> None:
    inbound = read(inference_geo="us")

    assert inbound.native is not None
    assert inbound.native.unsayable == "inference_geo"


def test_marks_of_the_cache_go_only_to_who_knows_them() -> None:
    mark = {"cache_control": {"type": "ephemeral"}}
    system = [{"type": "text", "text": "a", **mark}, {"type": "text", "text": "b"}]
    inbound = read(system=system, tools=[{**LOOK, **mark}])
    request = ChatRequest("m", inbound.sent, native=inbound.native)

    kept = openai.encode(Endpoint("openrouter", "openai", "http://h"), request)
    plain = openai.encode(Endpoint("groq", "openai", "http://h"), request)

    assert kept.content.count(b"cache_control") == 2
    assert b"cache_control" not in plain.content
    assert b'"content":"a\\n\\nb"' in plain.content


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"type": "auto"}, None),
        ({"type": "any"}, "required"),
        ({"type": "none"}, "none"),
        (
            {"type": "tool", "name": "look"},
            {"type": "function", "function": {"name": "look"}},
        ),
        ({"type": "tool", "name": "gone"}, None),
    ],
    ids=["auto", "any", "none", "tool", "gone"],
)
def test_tool_choices(choice: dict[str, Any], expected: object) -> None:
    body = read(tools=[LOOK], tool_choice=choice).body

    assert body.get("tool_choice") == expected


def test_tools_that_run_at_anthropic_are_left_out_and_told() -> None:
    search = {"type": "web_search_20250305", "name": "web_search"}
    one = {"type": "auto", "disable_parallel_tool_use": True}

    mixed = read(tools=[LOOK, search], tool_choice=one)
    none = read(tools=[search], tool_choice=one)

    assert [t["function"]["name"] for t in mixed.body["tools"]] == ["look"]
    assert mixed.body["parallel_tool_calls"] is False
    assert lost(none) == ("dropped:tools.web_search_20250305",)
    assert "tools" not in none.body


@pytest.mark.parametrize(
    ("asked", "effort"),
    [
        ({"thinking": {"type": "enabled", "budget_tokens": 2000}}, "low"),
        ({"thinking": {"type": "enabled", "budget_tokens": 9000}}, "medium"),
        ({"thinking": {"type": "enabled", "budget_tokens": 32_000}}, "high"),
        ({"output_config": {"effort": "max"}}, "high"),
        ({"thinking": {"type": "adaptive"}}, None),
        ({"thinking": {"type": "disabled"}}, None),
    ],
    ids=["low", "medium", "high", "named", "adaptive", "off"],
)
def test_thoughts_are_asked_for_by_effort(asked: Any, effort: str | None) -> None:
    assert read(**asked).body.get("reasoning_effort") == effort


@pytest.mark.parametrize("name", ["output_format", "output_config"])
def test_a_schema_is_handed_on(name: str) -> None:
    schema = {"type": "object", "properties": {}, "additionalProperties": False}
    shape: Any = {"type": "json_schema", "schema": schema}
    asked = shape if name == "output_format" else {"format": shape}

    body = read(**{name: asked}).body

    described = {"name": "answer", "schema": schema, "strict": True}
    assert body["response_format"] == {
        "type": "json_schema",
        "json_schema": described,
    }


CLOSED = {"type": "object", "additionalProperties": False}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string"}, True),
        ({**CLOSED, "properties": {"a": {}}, "required": ["a"]}, True),
        ({**CLOSED, "properties": {"a": {}}}, False),
        ({"properties": {"a": {}}, "required": ["a"]}, False),
        ({"anyOf": [{"properties": {"a": {}}}]}, False),
    ],
    ids=["plain", "closed", "optional", "open", "inner"],
)
def test_strict_is_only_what_openai_takes_as_strict(
    schema: dict[str, Any], *, expected: bool
) -> None:
    assert is_strict(schema) is expected


def test_the_rest_that_is_lost_is_told() -> None:
    inbound = read(
        USER,
        {"role": "assistant", "content": "The answer is ("},
        stop_sequences=["a", "b", "c", "d", "e"],
        metadata={"user_id": "x" * 65},
        mcp_servers=[{}],
    )

    assert lost(inbound) == (
        "adjusted:prefill",
        "adjusted:stop_sequences",
        "adjusted:metadata.user_id",
        "dropped:mcp_servers",
    )
    assert len(inbound.body["user"]) == 64


@pytest.mark.parametrize(
    "body",
    [
        {"messages": [USER]},
        {"max_tokens": 9, "messages": []},
        {"max_tokens": 9, "messages": [{"role": "robot", "content": "x"}]},
        {"max_tokens": 9, "messages": [{"role": "user", "content": [7]}]},
        {"max_tokens": "9", "messages": [USER]},
    ],
    ids=["no limit", "empty", "role", "content", "text"],
)
def test_what_is_no_request_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        read_messages(body)


def test_a_count_needs_no_limit() -> None:
    assert read_count({"messages": [USER], "stream": True}).typed.stream is False


@pytest.mark.parametrize("path", ["/chat/completions", "/messages"])
def test_a_stream_says_what_a_whole_answer_does(path: str) -> None:
    script: dict[str, Any] = {"text": "See", "reasoning": "hm", "tool_calls": CALLS}
    inbound = read(thinking={"type": "adaptive"})
    dialect = MESSAGES.about(inbound) if MESSAGES.about else MESSAGES
    account = make_account()

    sent = streamed(dialect.stream(account), account, path, **script)

    adapter = anthropic if path == "/messages" else openai
    raw = bodies.whole(path, {"model": "m"}, Script(**script))
    settled = make_account(finish_reason="tool_calls")
    result = adapter.decode(raw, 1)
    settled.usage = result.usage
    whole = message(settled, result, shows_thoughts=True)
    blocks, ending = gathered(sent)
    assert blocks == whole["content"]
    assert ending["delta"]["stop_reason"] == whole["stop_reason"] == "tool_use"
    assert ending["usage"].items() <= whole["usage"].items()


def gathered(sent: bytes) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The blocks that a client makes of the events, and the last `message_delta`."""
    blocks: list[dict[str, Any]] = []
    ending: dict[str, Any] = {}
    for name, fields in Answer(200, {}, sent).events():
        if name == "content_block_start":
            assert fields["index"] == len(blocks)
            blocks.append({**fields["content_block"], "written": ""})
        elif name == "content_block_delta":
            _add(blocks[fields["index"]], fields["delta"])
        elif name == "message_delta":
            ending = fields
    for block in blocks:
        written = block.pop("written")
        if block["type"] == "tool_use":
            block["input"] = input_of(written)
    return blocks, ending


def _add(block: dict[str, Any], delta: dict[str, Any]) -> None:
    kind = delta["type"]
    if kind == "input_json_delta":
        block["written"] += delta["partial_json"]
        return
    name = kind.removesuffix("_delta")
    block[name] += delta[name]


def test_thoughts_are_shown_only_to_who_asked_for_them() -> None:
    account = make_account()

    sent = streamed(MESSAGES.stream(account), account, text="Yes", reasoning="hm")

    assert [block["type"] for block in gathered(sent)[0]] == ["text"]


def test_an_empty_answer_is_a_message_too() -> None:
    account = make_account(finish_reason="stop")

    events = Answer(200, {}, MESSAGES.stream(account).end(account)).events()

    names = ["message_start", "ping", "message_delta", "message_stop"]
    assert [name for name, _ in events] == names


def test_an_error_has_their_shape() -> None:
    [(name, body)] = Answer(
        200, {}, MESSAGES.stream(make_account()).error(ProviderError("Gone."), "r1")
    ).events()

    assert (name, body["type"], body["request_id"]) == ("error", "error", "r1")
    assert body["error"]["type"] == "api_error"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("", {}),
        ('{"a":1}', {"a": 1}),
        ("{", {"arguments": "{"}),
        ("[]", {"arguments": "[]"}),
    ],
    ids=["none", "object", "broken", "list"],
)
def test_arguments_are_an_object_whatever_was_written(
    written: str, expected: dict[str, Any]
) -> None:
    assert input_of(written) == expected

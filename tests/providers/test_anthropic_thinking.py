"""An effort that OpenAI's clients name, as each generation of Claude takes it."""

from typing import Any

import msgspec
import pytest

from apps.providers import errors
from apps.providers.adapters import anthropic
from apps.providers.adapters.anthropic.thinking import version_of
from apps.providers.wire import ChatRequest, Endpoint

HERE = Endpoint("anthropic", "anthropic", "http://h/v1", "sk-ant")
USER = {"role": "user", "content": "Hi"}


def encoded(model: str, **body: Any) -> tuple[dict[str, Any], list[str]]:
    request = ChatRequest(model, {"messages": [USER], **body})
    return msgspec.json.decode(anthropic.encode(HERE, request).content), request.notes


@pytest.mark.parametrize(
    ("model", "version"),
    [
        ("claude-3-7-sonnet-20250219", (3, 7)),
        ("claude-3-haiku-20240307", (3, 0)),
        ("claude-sonnet-4-20250514", (4, 0)),
        ("claude-opus-4-5-20251101", (4, 5)),
        ("anthropic/claude-opus-4.6", (4, 6)),
        ("claude-fable-5", (5, 0)),
        ("claude", None),
    ],
)
def test_a_model_s_id_tells_its_version(
    model: str, version: tuple[int, int] | None
) -> None:
    assert version_of(model) == version


@pytest.mark.parametrize(
    ("effort", "budget"),
    [("minimal", 1024), ("low", 2000), ("medium", 5000), ("odd", 5000)],
)
def test_up_to_45_an_effort_is_a_budget(effort: str, budget: int) -> None:
    body, notes = encoded("claude-opus-4-5", reasoning_effort=effort, max_tokens=10_000)

    assert body["thinking"] == {"type": "enabled", "budget_tokens": budget}
    assert notes == []


def test_a_budget_has_an_end() -> None:
    body, _ = encoded("claude-opus-4-5", reasoning_effort="max", max_tokens=64_000)

    assert body["thinking"]["budget_tokens"] == 32_000


@pytest.mark.parametrize(
    ("model", "effort", "theirs"),
    [
        ("claude-opus-4-6", "minimal", "low"),
        ("claude-opus-4-6", "xhigh", "high"),
        ("claude-opus-4-7", "xhigh", "xhigh"),
        ("claude-fable-5", "max", "max"),
    ],
)
def test_from_46_on_it_is_an_effort(model: str, effort: str, theirs: str) -> None:
    body, _ = encoded(model, reasoning={"effort": effort}, output_config={"x": 1})

    assert body["thinking"] == {"type": "adaptive"}
    assert body["output_config"] == {"effort": theirs, "x": 1}


@pytest.mark.parametrize(
    ("model", "limit"), [("claude-3-haiku", 9000), ("claude-opus-4-5", 2000)]
)
def test_who_cannot_think_is_not_asked_to(model: str, limit: int) -> None:
    body, notes = encoded(model, reasoning_effort="high", max_tokens=limit)

    assert "thinking" not in body
    assert notes == ["dropped:reasoning_effort"]


def test_no_effort_is_no_thought() -> None:
    body, notes = encoded("claude-opus-4-5", reasoning_effort="none")

    assert "thinking" not in body
    assert notes == []


def test_beside_thoughts_sampling_is_left_out() -> None:
    body, notes = encoded(
        "claude-opus-4-6", reasoning_effort="low", temperature=0.2, top_p=1, top_k=5
    )

    assert not {"temperature", "top_p", "top_k"} & set(body)
    assert notes == ["dropped:temperature"]


def test_a_forced_tool_leaves_no_room_for_thoughts() -> None:
    tools = [{"function": {"name": "f"}}]

    body, notes = encoded(
        "claude-opus-4-6", reasoning_effort="low", tools=tools, tool_choice="required"
    )

    assert "thinking" not in body
    assert notes == ["dropped:thinking"]


CALL = {"id": "a", "function": {"name": "f", "arguments": "{}"}}
RESULT = {"role": "tool", "tool_call_id": "a", "content": "1"}
SIGNED = {"type": "reasoning.text", "text": "hm", "signature": "s"}
HIDDEN = {"type": "reasoning.encrypted", "data": "x"}


@pytest.mark.parametrize(
    ("details", "thinks"),
    [
        ([SIGNED], True),
        ([HIDDEN], True),
        ([{**SIGNED, "signature": "modeloptix"}, "odd"], False),
        (None, False),
    ],
)
def test_a_turn_of_calls_is_thought_about_only_where_it_was_begun_so(
    details: Any, thinks: bool
) -> None:
    said = {"role": "assistant", "tool_calls": [CALL], "reasoning_details": details}

    body, notes = encoded(
        "claude-opus-4-6", reasoning_effort="low", messages=[USER, said, RESULT]
    )

    assert ("thinking" in body) is thinks
    assert notes == ([] if thinks else ["dropped:thinking"])


def test_signed_thoughts_come_first_in_their_turn() -> None:
    said = {
        "role": "assistant",
        "content": "Yes",
        "reasoning_details": [HIDDEN, SIGNED],
    }

    body, _ = encoded("claude-opus-4-6", messages=[USER, said])

    assert [block["type"] for block in body["messages"][1]["content"]] == [
        "redacted_thinking",
        "thinking",
        "text",
    ]


def test_what_cannot_be_said_is_noted_or_refused() -> None:
    asked = {"seed": 4, "logprobs": True, "frequency_penalty": 0, "temperature": 2}

    body, notes = encoded("claude-opus-4-6", **asked, top_p=0.5, stop=["a", " "])

    assert body["temperature"] == 1
    assert notes == [
        "adjusted:temperature",
        "dropped:top_p",
        "adjusted:stop",
        "dropped:logprobs",
        "dropped:seed",
    ]
    strict = ChatRequest("m", {"messages": [USER], "seed": 4}, is_strict=True)
    with pytest.raises(errors.UnsupportedError, match="seed would have to be dropped"):
        anthropic.encode(HERE, strict)

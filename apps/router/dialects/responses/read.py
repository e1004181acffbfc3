"""A request of OpenAI's Responses protocol, checked and put into the chat's shape.

https://platform.openai.com/docs/api-reference/responses/create
"""

from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from apps.kit.errors import ValidationError
from apps.providers.wire import Native
from apps.router.bodies import Inbound, checked, read_translated, steering_of
from apps.router.dialects.losses import notes_of
from apps.router.dialects.responses.items import Conversation
from apps.router.dialects.responses.tools import choice_of, tools_of

type Item = dict[str, Any]
# Fields of theirs that happen to be called as one that steers the router.
_THEIRS: Final = frozenset({"metadata"})
# What OpenAI's servers keep or do on their own, and a router has not got.
_REFUSED: Final = {
    "background": "Background responses are not offered here; use a stream.",
    "conversation": "Conversations are not kept here; use previous_response_id.",
    "prompt": "Prompt templates are not kept here; send the instructions.",
}
_SAME: Final = ("temperature", "top_p", "parallel_tool_calls", "user", "service_tier")
_ALSO: Final = ("prompt_cache_key", "prompt_cache_retention", "safety_identifier")
_UNSAYABLE: Final = ("max_tool_calls", "context_management", "moderation")
LOGPROBS: Final = "message.output_text.logprobs"


class ResponsesBody(Struct, kw_only=True):
    """What is read of `POST /v1/responses`; all else passes through."""

    input: str | list[dict[str, Any]]
    instructions: str | None = None
    previous_response_id: Annotated[str, Meta(max_length=200)] | None = None
    store: bool | None = None
    stream: bool | None = None
    max_output_tokens: Annotated[int, Meta(ge=1, le=10_000_000)] | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None
    text: dict[str, Any] | None = None
    reasoning: dict[str, Any] | None = None
    include: list[str] | None = None
    metadata: dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    truncation: str | None = None


def read_responses(body: dict[str, Any]) -> Inbound:
    """A `/v1/responses` body; raises ValidationError naming the field."""
    return read_after(body, [])


def read_after(body: dict[str, Any], earlier: list[Item]) -> Inbound:
    """The same, with what was said before in a conversation that is stored."""
    typed = checked(body, ResponsesBody)
    _refuse(body)
    steering = steering_of(body, but=_THEIRS)
    own = {name: value for name, value in body.items() if name not in steering}
    items = [*earlier, *items_of(typed.input)]
    if earlier:
        own["input"] = items
    lost: list[str] = []
    talk = Conversation.read(typed.instructions, items)
    tools = tools_of(typed.tools or [], lost)
    neutral: dict[str, Any] = {
        **steering,
        "model": body.get("model") or "auto",
        "messages": talk.messages,
        **{name: body[name] for name in (*_SAME, *_ALSO) if body.get(name) is not None},
        **({"tools": tools} if tools else {}),
        **choice_of(typed.tool_choice, tools),
        **_answer(typed, lost),
    }
    lost += [f"dropped:{name}" for name in _UNSAYABLE if body.get(name)]
    native = Native(
        "responses",
        own,
        lost=notes_of([*talk.lost, *lost]),
        unsayable=talk.unsayable,
    )
    return read_translated(neutral, native)


def items_of(given: str | list[Item]) -> list[Item]:
    """The input as items, as it is also listed and stored."""
    if isinstance(given, list):
        return given
    content = [{"type": "input_text", "text": given}]
    return [{"type": "message", "role": "user", "content": content}]


def _refuse(body: dict[str, Any]) -> None:
    for name, reason in _REFUSED.items():
        if body.get(name):
            raise ValidationError(reason, param=name)


def _answer(typed: ResponsesBody, lost: list[str]) -> dict[str, Any]:
    """What the answer shall be like."""
    found: dict[str, Any] = {}
    if typed.stream is not None:
        found["stream"] = typed.stream
    if typed.max_output_tokens is not None:
        found["max_tokens"] = typed.max_output_tokens
    effort = (typed.reasoning or {}).get("effort")
    if isinstance(effort, str):
        found["reasoning_effort"] = effort
    if LOGPROBS in (typed.include or ()) or typed.top_logprobs:
        found["logprobs"] = True
        found["top_logprobs"] = typed.top_logprobs or 0
    if typed.truncation == "auto":
        lost.append("dropped:truncation")
    return found | _text(typed.text or {})


def _text(text: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if text.get("verbosity"):
        found["verbosity"] = text["verbosity"]
    shape = text.get("format")
    if not isinstance(shape, dict) or shape.get("type") in (None, "text"):
        return found
    if shape["type"] != "json_schema":
        return {**found, "response_format": {"type": shape["type"]}}
    described = {name: value for name, value in shape.items() if name != "type"}
    described.setdefault("name", "answer")
    return {
        **found,
        "response_format": {"type": "json_schema", "json_schema": described},
    }

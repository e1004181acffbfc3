"""Request bodies, parsed into types once; what is not named here passes through."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from apps.kit.errors import ValidationError
from apps.router.engine.need import LatencyPref, Priority

Role = Literal["system", "developer", "user", "assistant", "tool", "function"]
Task = Literal[
    "chat",
    "coding",
    "reasoning",
    "summarization",
    "translation",
    "image",
    "agent_step",
]
Dollars = Annotated[float, Meta(ge=0, le=1_000_000)]
Tokens = Annotated[int, Meta(ge=1, le=10_000_000)]


class Part(Struct):
    """One part of a message's content; its other fields depend on its type."""

    type: str
    text: str | None = None
    image_url: dict[str, Any] | str | None = None

    def __post_init__(self) -> None:
        if self.type in {"text", "image_url"} and getattr(self, self.type) is None:
            raise ValueError(f"A part of type {self.type} needs a field {self.type}")


class Message(Struct):
    """One message, in OpenAI's shape."""

    role: Role
    content: str | list[Part] | None = None
    tool_calls: list[dict[str, Any]] | None = None

    def __post_init__(self) -> None:
        if self.content is None and self.role in {"user", "system", "tool"}:
            raise ValueError(f"A message of role {self.role} needs content")


class Tool(Struct):
    """One tool; `type` is all that every provider agrees on."""

    type: str


class ResponseFormat(Struct):
    """The shape asked for; a schema must come with its type."""

    type: str
    json_schema: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.type == "json_schema" and self.json_schema is None:
            raise ValueError("A format of type json_schema needs a field json_schema")


class StreamOptions(Struct):
    include_usage: bool = False


class CompletionBody(Struct):
    """What the router reads of `POST /v1/chat/completions`."""

    messages: Annotated[list[Message], Meta(min_length=1)]
    model: Annotated[str, Meta(min_length=1, max_length=200)] = "auto"
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    tools: list[Tool] | None = None
    tool_choice: str | dict[str, Any] | None = None
    response_format: ResponseFormat | None = None
    stop: str | list[str] | None = None
    seed: int | None = None
    n: Annotated[int, Meta(ge=1, le=128)] | None = None
    logit_bias: dict[str, float] | None = None
    max_tokens: Tokens | None = None
    max_completion_tokens: Tokens | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None


class ChatBody(CompletionBody):
    """What the router reads of `POST /v1/chat`."""

    priority: Priority = "balanced"
    latency_pref: LatencyPref = "normal"
    max_cost: Dollars | None = None
    task: Task | None = None
    quality_floor: Annotated[float, Meta(ge=0, le=1)] | None = None
    models: list[str] = []
    alias: str | None = None
    session_id: str | None = None
    metadata: dict[str, Any] | None = None


# The gateway sets these itself, on every way to a provider.
_SET_BY_US = frozenset({"model", "stream", "stream_options"})
# Fields of `/v1/chat` that steer the router; a provider would refuse or misread them.
_STEERING = frozenset(ChatBody.__struct_fields__) - frozenset(
    CompletionBody.__struct_fields__
)
# OpenAI's own clients send these with another meaning, so there they pass through.
_THEIRS = frozenset({"models", "metadata", "session_id"})


def read_chat(body: dict[str, Any]) -> ChatBody:
    """The typed view of a `/v1/chat` body; raises ValidationError naming the field."""
    return _convert(body)


def read_completion(body: dict[str, Any]) -> ChatBody:
    """The same for `/v1/chat/completions`, whose clients steer by `extra_body`."""
    return _convert({k: v for k, v in body.items() if k not in _THEIRS})


def for_provider(body: dict[str, Any], *, is_chat: bool) -> dict[str, Any]:
    """The body without what is meant for the router alone."""
    own = _SET_BY_US | (_STEERING if is_chat else _STEERING - _THEIRS)
    return {name: value for name, value in body.items() if name not in own}


def _convert(body: dict[str, Any]) -> ChatBody:
    try:
        return msgspec.convert(body, ChatBody)
    except msgspec.ValidationError as problem:
        message, _, place = str(problem).partition(" - at `$")
        param = place.rstrip("`").lstrip(".") or None
        raise ValidationError(f"{message}.", param=param) from problem

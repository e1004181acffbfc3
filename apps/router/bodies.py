"""Request bodies, parsed into types once; what is not named here passes through."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from apps.kit.errors import ValidationError
from apps.providers.wire import Native
from apps.router.engine.need import LatencyPref, Priority
from apps.router.engine.rules import NO_RULES, Rules
from apps.router.openrouter import FIELDS, NO_WISHES, Wishes
from apps.router.openrouter import read as read_wishes

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


class CacheWish(Struct):
    """How old an answer from memory may be, in seconds: a week at the most."""

    ttl_s: Annotated[int, Meta(ge=1, le=604_800)]


class ChatBody(CompletionBody):
    """What the router reads of `POST /v1/chat`."""

    # None leaves it to the alias, else to the organization, else to the default.
    priority: Priority | None = None
    latency_pref: LatencyPref | None = None
    max_cost: Dollars | None = None
    # Whether this answer may come from memory, and be kept there.
    cache: bool | CacheWish | None = None
    task: Task | None = None
    quality_floor: Annotated[float, Meta(ge=0, le=1)] | None = None
    models: list[str] = []
    alias: str | None = None
    session_id: str | None = None
    hedge: bool | None = None
    metadata: dict[str, Any] | None = None


# The gateway sets these itself, on every way to a provider.
_SET_BY_US = frozenset({"model", "stream", "stream_options"})
# Fields of `/v1/chat` that steer the router; a provider would refuse or misread them.
_STEERING = frozenset(ChatBody.__struct_fields__) - frozenset(
    CompletionBody.__struct_fields__
)
# OpenAI's own clients send these with another meaning, so there they pass through.
_THEIRS = frozenset({"metadata", "session_id"})
_OWN = _SET_BY_US | _STEERING | FIELDS


@dataclass(slots=True)
class Inbound:
    """A request as it came in, whatever protocol its caller speaks."""

    typed: ChatBody
    # In OpenAI's shape: what is read of it here, and what a provider may get of it.
    body: dict[str, Any]
    sent: dict[str, Any]
    # What the request itself asks of the choice, beside the fields of `typed`.
    rules: Rules = NO_RULES
    # What it says in OpenRouter's dialect.
    wishes: Wishes = NO_WISHES
    # The caller's own body, where it is not in OpenAI's shape.
    native: Native | None = None
    # Vectors are asked for; then `body` shows the input as if it were a message.
    is_embedding: bool = False
    # The agent's run that it is a step of, and its number where the caller counts.
    run_id: str = ""
    step: int | None = None


def read_chat(body: dict[str, Any]) -> Inbound:
    """A `/v1/chat` body; raises ValidationError naming the field."""
    typed, sent = _convert(body), _without(body, _OWN)
    # Here `models` are those to choose from, and no list to go down.
    wishes = read_wishes({k: v for k, v in body.items() if k != "models"})
    return Inbound(typed, body, sent, wishes.rules, wishes)


def read_completion(body: dict[str, Any]) -> Inbound:
    """The same for `/v1/chat/completions`, whose clients steer by `extra_body`."""
    theirs = _THEIRS | {"models"}
    typed = _convert({k: v for k, v in body.items() if k not in theirs})
    wishes = read_wishes(body)
    return Inbound(typed, body, _without(body, _OWN - _THEIRS), wishes.rules, wishes)


def read_translated(body: dict[str, Any], native: Native) -> Inbound:
    """A request that its dialect has put into OpenAI's shape already."""
    typed, wishes = _convert(_without(body, frozenset({"models"}))), read_wishes(body)
    return Inbound(typed, body, _without(body, _OWN), wishes.rules, wishes, native)


def steering_of(body: dict[str, Any], *, but: frozenset[str]) -> dict[str, Any]:
    """The fields that steer the router, but those that mean another thing there."""
    steering = (_STEERING | FIELDS) - but
    return {name: body[name] for name in steering if name in body}


def _without(body: dict[str, Any], names: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in names}


def _convert(body: dict[str, Any]) -> ChatBody:
    return checked(body, ChatBody)


def checked[T](body: dict[str, Any], kind: type[T]) -> T:
    """The typed view of a body; raises ValidationError naming the field."""
    try:
        return msgspec.convert(body, kind)
    except msgspec.ValidationError as problem:
        message, _, place = str(problem).partition(" - at `$")
        param = place.rstrip("`").lstrip(".") or None
        raise ValidationError(f"{message}.", param=param) from problem

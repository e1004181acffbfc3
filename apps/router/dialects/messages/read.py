"""A request of Anthropic's Messages protocol, checked and put into OpenAI's shape.

https://platform.claude.com/docs/en/api/messages
"""

from hashlib import sha256
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from apps.providers.wire import Native
from apps.router.bodies import Inbound, checked, read_translated, steering_of
from apps.router.dialects.losses import notes_of
from apps.router.dialects.messages.turns import Turns

# Fields of theirs that happen to be called as one that steers the router.
_THEIRS: Final = frozenset({"metadata"})
# OpenAI takes four stop sequences, and 64 characters for a user.
MOST_STOPS: Final = 4
MOST_USER: Final = 64
# Up to which budget of thoughts an effort reaches; above the last one it is "high".
_EFFORTS: Final = ((4096, "low"), (16_384, "medium"))
# Fields that have no word in OpenAI's protocol. The first ones make a promise about
# what is done with the request, so without them it must not be done at all.
_PROMISES: Final = ("inference_geo",)
_UNSAYABLE: Final = (
    "container",
    "context_management",
    "mcp_servers",
    "service_tier",
    "speed",
)


class _Turn(Struct):
    role: Literal["user", "assistant", "system"]
    content: str | list[dict[str, Any]]


class _Tool(Struct):
    name: str = ""


class MessagesBody(Struct, kw_only=True):
    """What is read of `POST /v1/messages`; all else passes through."""

    max_tokens: Annotated[int, Meta(ge=0, le=10_000_000)]
    messages: Annotated[list[_Turn], Meta(min_length=1)]
    system: str | list[dict[str, Any]] | None = None
    stop_sequences: list[str] | None = None
    stream: bool | None = None
    temperature: Annotated[float, Meta(ge=0, le=1)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    top_k: int | None = None
    tools: list[_Tool] | None = None
    tool_choice: dict[str, Any] | None = None
    thinking: dict[str, Any] | None = None
    output_config: dict[str, Any] | None = None
    output_format: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None


class CountBody(MessagesBody, kw_only=True):
    """The same for `POST /v1/messages/count_tokens`, which generates nothing."""

    max_tokens: int = 1


def read_messages(body: dict[str, Any]) -> Inbound:
    """A `/v1/messages` body; raises ValidationError naming the field."""
    return _read(body, checked(body, MessagesBody))


def read_count(body: dict[str, Any]) -> Inbound:
    """A `/v1/messages/count_tokens` body."""
    return _read({**body, "stream": False}, checked(body, CountBody))


def _read(body: dict[str, Any], typed: MessagesBody) -> Inbound:
    steering = steering_of(body, but=_THEIRS)
    own = {name: value for name, value in body.items() if name not in steering}
    turns = Turns.read(body.get("system"), body["messages"])
    neutral: dict[str, Any] = {
        **steering,
        "model": body.get("model", "auto"),
        "messages": turns.messages,
        "max_tokens": max(1, typed.max_tokens),
    }
    lost = list(turns.lost)
    for name in ("stream", "temperature", "top_p", "top_k"):
        if body.get(name) is not None:
            neutral[name] = body[name]
    neutral |= _stops(typed, lost) | _user(typed, lost) | _tools(body, lost)
    neutral |= _effort(typed, lost) | _format(typed)
    lost += [f"dropped:{name}" for name in _UNSAYABLE if body.get(name)]
    promised = [name for name in _PROMISES if body.get(name)]
    native = Native(
        "anthropic",
        own,
        lost=notes_of(lost),
        unsayable=turns.unsayable or "".join(promised[:1]),
    )
    return read_translated(neutral, native)


def _stops(typed: MessagesBody, lost: list[str]) -> dict[str, Any]:
    stops = typed.stop_sequences or []
    if len(stops) > MOST_STOPS:
        lost.append("adjusted:stop_sequences")
    return {"stop": stops[:MOST_STOPS]} if stops else {}


def _user(typed: MessagesBody, lost: list[str]) -> dict[str, Any]:
    user = (typed.metadata or {}).get("user_id")
    if not isinstance(user, str) or not user:
        return {}
    if len(user) > MOST_USER:
        lost.append("adjusted:metadata.user_id")
        user = sha256(user.encode()).hexdigest()
    return {"user": user}


def _tools(body: dict[str, Any], lost: list[str]) -> dict[str, Any]:
    """The caller's own tools; those that run at Anthropic are for Anthropic."""
    tools = []
    for tool in body.get("tools") or ():
        kind = tool.get("type")
        if kind in (None, "custom") and "input_schema" in tool:
            tools.append(_tool(tool))
        else:
            lost.append(f"dropped:tools.{kind or tool.get('name')}")
    choice = body.get("tool_choice") or {}
    if not tools:
        return {}
    found: dict[str, Any] = {"tools": tools}
    if (wanted := _tool_choice(choice, tools)) is not None:
        found["tool_choice"] = wanted
    if choice.get("disable_parallel_tool_use"):
        found["parallel_tool_calls"] = False
    return found


def _tool(tool: dict[str, Any]) -> dict[str, Any]:
    function = {"name": tool.get("name", ""), "parameters": tool["input_schema"]}
    for name in ("description", "strict"):
        if tool.get(name) is not None:
            function[name] = tool[name]
    marked = {"cache_control": tool["cache_control"]} if "cache_control" in tool else {}
    return {"type": "function", "function": function, **marked}


def _tool_choice(choice: dict[str, Any], tools: list[dict[str, Any]]) -> object:
    match choice.get("type"):
        case "any":
            return "required"
        case "none":
            return "none"
        case "tool":
            name = choice.get("name")
            if any(tool["function"]["name"] == name for tool in tools):
                return {"type": "function", "function": {"name": name}}
    return None


def _effort(typed: MessagesBody, lost: list[str]) -> dict[str, Any]:
    """The effort that stands for a budget of thoughts, or the one that is named."""
    asked, config = typed.thinking or {}, typed.output_config or {}
    effort = config.get("effort")
    if asked.get("type") == "enabled":
        lost.append("adjusted:thinking")
        budget = asked.get("budget_tokens")
        if effort is None and isinstance(budget, int):
            steps = (name for most, name in _EFFORTS if budget <= most)
            effort = next(steps, "high")
    if not isinstance(effort, str):
        return {}
    return {"reasoning_effort": "high" if effort in ("xhigh", "max") else effort}


def _format(typed: MessagesBody) -> dict[str, Any]:
    shape = (typed.output_config or {}).get("format") or typed.output_format
    if not isinstance(shape, dict) or shape.get("type") != "json_schema":
        return {}
    schema = shape.get("schema")
    described = {"name": "answer", "schema": schema, "strict": is_strict(schema)}
    return {"response_format": {"type": "json_schema", "json_schema": described}}


def is_strict(schema: Any) -> bool:
    """Whether OpenAI's strict mode takes this schema: objects closed, all required.

    https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
    """
    if isinstance(schema, list):
        return all(map(is_strict, schema))
    if not isinstance(schema, dict):
        return True
    properties = schema.get("properties")
    if isinstance(properties, dict):
        if schema.get("additionalProperties") is not False:
            return False
        if set(properties) != set(schema.get("required") or ()):
            return False
        return all(map(is_strict, properties.values())) and _rest_is_strict(schema)
    return all(map(is_strict, schema.values()))


def _rest_is_strict(schema: dict[str, Any]) -> bool:
    rest = (value for name, value in schema.items() if name != "properties")
    return all(map(is_strict, rest))


def wants_thoughts(native: Native | None) -> bool:
    """Whether the caller's words ask for thoughts to be shown."""
    asked = native.body.get("thinking") if native else None
    return isinstance(asked, dict) and asked.get("type") in ("enabled", "adaptive")

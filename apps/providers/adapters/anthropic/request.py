"""A chat request in OpenAI's shape, as Anthropic wants it."""

from functools import lru_cache
from typing import Any, Final

import msgspec

from apps.providers.adapters.anthropic.messages import conversation
from apps.providers.errors import UnsupportedError
from apps.providers.wire import ChatRequest, Endpoint, HTTPCall

PATH: Final = "/messages"
VERSION: Final = "2023-06-01"
# The protocol demands a cap. This one is the most that every model still served
# accepts, so a caller who wants more must say so.
DEFAULT_MAX_TOKENS: Final = 4096
# Fields of Anthropic's own that a caller may put beside OpenAI's.
_OWN_FIELDS: Final = (
    "cache_control",
    "container",
    "context_management",
    "inference_geo",
    "mcp_servers",
    "output_config",
    "speed",
    "thinking",
    "top_k",
)
_to_json = msgspec.json.Encoder().encode


def encode(endpoint: Endpoint, request: ChatRequest) -> HTTPCall:
    """The call for `request`; UnsupportedError for what cannot be said here."""
    body = request.body
    if body.get("n") not in (None, 1):
        raise UnsupportedError("this provider gives one answer a request (n = 1)")
    system, messages = conversation(body.get("messages") or [])
    call: dict[str, Any] = {
        "model": request.model,
        "messages": messages,
        "max_tokens": _output_limit(body),
    }
    if system:
        call["system"] = system
    if request.is_stream:
        call["stream"] = True
    call.update({name: body[name] for name in _OWN_FIELDS if name in body})
    call.update(_sampling(body))
    call.update(_tools(body))
    call.update(_answer_format(body, call))
    if isinstance(body.get("user"), str):
        call["metadata"] = {"user_id": body["user"]}
    return HTTPCall(PATH, headers(endpoint), _to_json(call))


@lru_cache(maxsize=1024)
def headers(endpoint: Endpoint) -> dict[str, str]:
    """What every call to this endpoint carries; shared, so nobody may change it."""
    return {
        "Content-Type": "application/json",
        "anthropic-version": VERSION,
        **dict(endpoint.headers),
        "x-api-key": endpoint.api_key,
    }


def _output_limit(body: dict[str, Any]) -> int:
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    return limit if isinstance(limit, int) else DEFAULT_MAX_TOKENS


def _sampling(body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if (temperature := body.get("temperature")) is not None:
        # OpenAI's scale ends at 2, Anthropic's at 1.
        found["temperature"] = min(temperature, 1)
    elif body.get("top_p") is not None:
        # Newer models refuse both together; temperature is the commoner wish.
        found["top_p"] = body["top_p"]
    stop = body.get("stop")
    stops = [stop] if isinstance(stop, str) else stop or []
    if kept := [text for text in stops if text.strip()]:  # blank ones are refused
        found["stop_sequences"] = kept
    return found


def _tools(body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if tools := body.get("tools"):
        found["tools"] = [_tool(tool) for tool in tools]
        choice = _tool_choice(body.get("tool_choice"))
        if body.get("parallel_tool_calls") is False and choice.get("type") != "none":
            choice["disable_parallel_tool_use"] = True
        if choice != {"type": "auto"}:
            found["tool_choice"] = choice
    return found


def _tool(tool: dict[str, Any]) -> dict[str, Any]:
    function = tool.get("function")
    if not isinstance(function, dict):
        return tool  # one of Anthropic's own tools, in Anthropic's own shape
    schema = function.get("parameters") or {"type": "object", "properties": {}}
    optional = {
        "description": function.get("description"),
        "strict": function.get("strict"),
        "cache_control": tool.get("cache_control"),
    }
    given = {name: value for name, value in optional.items() if value is not None}
    return {"name": function.get("name", ""), "input_schema": schema, **given}


def _tool_choice(choice: object) -> dict[str, Any]:
    if isinstance(choice, dict):
        function = choice.get("function")
        named = function if isinstance(function, dict) else choice
        return {"type": "tool", "name": named.get("name", "")}
    if choice == "required":
        return {"type": "any"}
    return {"type": "none" if choice == "none" else "auto"}


def _answer_format(body: dict[str, Any], call: dict[str, Any]) -> dict[str, Any]:
    """A JSON schema that the answer must follow.

    https://docs.claude.com/en/docs/build-with-claude/structured-outputs
    """
    wanted = body.get("response_format")
    if not isinstance(wanted, dict) or wanted.get("type") in (None, "text"):
        return {}
    described = wanted.get("json_schema")
    if not isinstance(described, dict) or "schema" not in described:
        raise UnsupportedError("this provider needs a JSON schema for a JSON answer")
    config = call.get("output_config")
    shape = {"type": "json_schema", "schema": described["schema"]}
    return {
        "output_config": {
            **(config if isinstance(config, dict) else {}),
            "format": shape,
        }
    }

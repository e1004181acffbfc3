"""A chat request in OpenAI's shape, as Anthropic wants it."""

from functools import lru_cache
from typing import Any, Final

import msgspec

from apps.providers.adapters import embeddings
from apps.providers.adapters.anthropic import native, thinking
from apps.providers.adapters.anthropic.messages import conversation
from apps.providers.adapters.notes import dropped, noted
from apps.providers.errors import BadRequestError, UnsupportedError
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
# OpenAI's that Anthropic has no word for. Others (`user`, `store`, caching hints)
# change nothing in the answer, and leaving them out is not worth a word.
_UNSAYABLE: Final = (
    "audio",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "modalities",
    "prediction",
    "presence_penalty",
    "seed",
    "top_logprobs",
    "verbosity",
    "web_search_options",
)
# Anthropic has no JSON mode without a schema.
JSON_ONLY: Final = "Answer with one JSON object and nothing else."
_to_json = msgspec.json.Encoder().encode


def encode(endpoint: Endpoint, request: ChatRequest) -> HTTPCall:
    """The call for `request`; UnsupportedError for what cannot be said here."""
    if request.is_embedding:
        raise embeddings.refuse()
    if request.native is not None and request.native.protocol == "anthropic":
        named = native.with_callers(headers(endpoint), request.native.headers)
        return HTTPCall(PATH, named, _to_json(native.body_of(request)))
    return HTTPCall(PATH, headers(endpoint), _to_json(_translated(request)))


def _translated(request: ChatRequest) -> dict[str, Any]:
    body = request.body
    if body.get("n") not in (None, 1):
        raise UnsupportedError("this provider gives one answer a request (n = 1)")
    system, messages = conversation(body.get("messages") or [])
    call: dict[str, Any] = {
        "model": request.model,
        "messages": messages,
        "max_tokens": _output_limit(body),
    }
    if request.is_stream:
        call["stream"] = True
    call.update({name: body[name] for name in _OWN_FIELDS if name in body})
    call.update(_tools(body))
    system += _answer_format(request, call)
    if system:
        call["system"] = system
    _think(request, call)
    call.update(_sampling(request, call))
    if isinstance(body.get("user"), str):
        call["metadata"] = {"user_id": body["user"]}
    dropped(request, *(name for name in _UNSAYABLE if _says(body.get(name))))
    return call


def _says(value: object) -> bool:
    """Whether leaving the value out changes anything."""
    return value not in (None, False, 0, {}, []) and value != ["text"]


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


def _think(request: ChatRequest, call: dict[str, Any]) -> None:
    """Ask for the effort that the caller names, where the model can be asked."""
    effort = _effort_of(request.body)
    if effort is not None and "thinking" not in call:
        wanted = thinking.thinking(
            effort, model=request.model, limit=call["max_tokens"]
        )
        if wanted is None:
            dropped(request, "reasoning_effort")
        for name, value in (wanted or {}).items():
            asked = call.get(name)
            call[name] = {**value, **asked} if isinstance(asked, dict) else value
    choice = call.get("tool_choice", {}).get("type")
    is_forced = choice in ("any", "tool")  # refused together with thoughts
    if thinking.is_on(call) and (
        is_forced or not thinking.may_continue(call["messages"])
    ):
        del call["thinking"]
        dropped(request, "thinking")


def _effort_of(body: dict[str, Any]) -> object:
    effort = body.get("reasoning_effort")
    asked = body.get("reasoning")
    if effort is None and isinstance(asked, dict):
        return asked.get("effort")
    return effort


def _sampling(request: ChatRequest, call: dict[str, Any]) -> dict[str, Any]:
    body, found = request.body, dict[str, Any]()
    temperature, top_p = body.get("temperature"), body.get("top_p")
    if thinking.is_on(call):
        # Anthropic refuses both beside thoughts.
        given = {"temperature": temperature, "top_p": top_p}
        dropped(request, *(n for n, v in given.items() if v not in (None, 1)))
        call.pop("top_k", None)
    elif temperature is not None:
        # OpenAI's scale ends at 2, Anthropic's at 1.
        found["temperature"] = min(temperature, 1)
        if temperature > 1:
            noted(request, "adjusted:temperature")
        # Newer models refuse both together; temperature is the commoner wish.
        dropped(request, *(["top_p"] if top_p not in (None, 1) else []))
    elif top_p is not None:
        found["top_p"] = top_p
    stop = body.get("stop")
    stops = [stop] if isinstance(stop, str) else stop or []
    if kept := [text for text in stops if text.strip()]:  # blank ones are refused
        found["stop_sequences"] = kept
    if len(kept) < len(stops):
        noted(request, "adjusted:stop")
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
    if not isinstance(schema, dict):
        raise BadRequestError("a tool's parameters must be a schema", http_status=400)
    if "type" not in schema:
        schema = {"type": "object", **schema}  # demanded, and often left out
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


def _answer_format(request: ChatRequest, call: dict[str, Any]) -> list[dict[str, Any]]:
    """Set the JSON schema that the answer must follow; what to tell the model instead.

    https://platform.claude.com/docs/en/build-with-claude/structured-outputs
    """
    wanted = request.body.get("response_format")
    if not isinstance(wanted, dict) or wanted.get("type") in (None, "text"):
        return []
    described = wanted.get("json_schema")
    if not isinstance(described, dict) or "schema" not in described:
        noted(request, "adjusted:response_format")
        return [{"type": "text", "text": JSON_ONLY}]
    config = call.get("output_config")
    shape = {"type": "json_schema", "schema": described["schema"]}
    kept = config if isinstance(config, dict) else {}
    call["output_config"] = {**kept, "format": shape}
    return []

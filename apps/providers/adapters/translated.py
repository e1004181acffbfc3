"""What a request of another protocol is when it is said in OpenAI's words."""

from typing import Any

from apps.providers.adapters.notes import noted
from apps.providers.errors import UnsupportedError
from apps.providers.wire import ChatRequest


def translated(request: ChatRequest, *, takes_marks: bool) -> dict[str, Any]:
    """The body, with a note of what was lost on the way; refuses what cannot be said.

    `takes_marks`: the server knows Anthropic's marks of where a cached prompt ends.
    Others refuse an unknown field, and mostly cache by themselves.
    """
    native = request.native
    if native is None:
        return request.body
    if native.unsayable:
        raise UnsupportedError(f"{native.unsayable} cannot be sent to this provider")
    for note in native.lost:
        noted(request, note)
    return request.body if takes_marks else _without_marks(request.body)


def _without_marks(body: dict[str, Any]) -> dict[str, Any]:
    plain = {**body}
    if isinstance(body.get("messages"), list):
        plain["messages"] = [_plain_message(message) for message in body["messages"]]
    if isinstance(body.get("tools"), list):
        plain["tools"] = [_unmarked(tool) for tool in body["tools"]]
    return plain


def _plain_message(message: dict[str, Any]) -> dict[str, Any]:
    content = message.get("content")
    if not isinstance(content, list):
        return message
    parts = [_unmarked(part) for part in content]
    if message.get("role") != "user" and all(p.get("type") == "text" for p in parts):
        # Many servers take nothing but a string from anybody but the user.
        return {**message, "content": "\n\n".join(str(p["text"]) for p in parts)}
    return {**message, "content": parts}


def _unmarked(fields: dict[str, Any]) -> dict[str, Any]:
    if "cache_control" not in fields:
        return fields
    return {name: value for name, value in fields.items() if name != "cache_control"}

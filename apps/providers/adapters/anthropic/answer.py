"""Anthropic's whole answer, in OpenAI's shape."""

from dataclasses import replace
from typing import Any, Final

import msgspec

from apps.providers.adapters.usage import anthropic_usage, openai_shape
from apps.providers.errors import BadAnswerError, from_error_object
from apps.providers.wire import ChatResult

FINISH_REASONS: Final = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
_to_json = msgspec.json.Encoder().encode


def finish_reason(reason: object) -> str | None:
    return FINISH_REASONS.get(reason, reason) if isinstance(reason, str) else None


def decode(raw: bytes, created: int = 0) -> ChatResult:
    """The answer; `created` (Unix seconds) is put in, as Anthropic sends none."""
    answer = _answer(raw)
    message, text = _message(answer["content"])
    reason = finish_reason(answer.get("stop_reason"))
    counted = answer.get("usage")
    usage = anthropic_usage(counted, _to_json(counted).decode())
    body = {
        "id": str(answer.get("id", "")),
        "object": "chat.completion",
        "created": created,
        "model": str(answer.get("model", "")),
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
    }
    if usage is not None:
        body["usage"] = openai_shape(usage)
    return ChatResult(body, usage, reason, text)


def decode_native(raw: bytes, created: int = 0) -> ChatResult:
    """The same, its bytes kept for a caller of this protocol."""
    return replace(decode(raw, created), raw=raw, speech="anthropic")


def _message(blocks: list[Any]) -> tuple[dict[str, Any], str]:
    texts, thoughts, calls = _parts(blocks)
    text = "".join(texts)
    content = text if text or not calls else None
    message: dict[str, Any] = {"role": "assistant", "content": content}
    if thoughts:
        message["reasoning_content"] = "".join(thoughts)
    if details := details_of(blocks):
        message["reasoning_details"] = details
    if calls:
        message["tool_calls"] = calls
    return message, text


def details_of(blocks: list[Any]) -> list[dict[str, Any]]:
    """The thoughts as a caller must hand them back: with what proves them genuine.

    The shape is OpenRouter's, which clients know:
    https://openrouter.ai/docs/use-cases/reasoning-tokens
    """
    found: list[dict[str, Any]] = []
    for block in blocks:
        kind = block.get("type") if isinstance(block, dict) else None
        about = {"format": "anthropic-claude-v1", "index": len(found)}
        if kind == "redacted_thinking":
            data = str(block.get("data", ""))
            found.append({"type": "reasoning.encrypted", "data": data, **about})
        elif kind == "thinking" and block.get("signature"):
            signed = {"signature": block["signature"], **about}
            text = str(block.get("thinking", ""))
            found.append({"type": "reasoning.text", "text": text, **signed})
    return found


def _answer(raw: bytes) -> dict[str, Any]:
    try:
        answer = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise BadAnswerError("the answer is not JSON") from problem
    if not isinstance(answer, dict):
        raise BadAnswerError("the answer is not a JSON object")
    if answer.get("type") == "error":
        raise from_error_object(answer.get("error"))
    if not isinstance(answer.get("content"), list):
        raise BadAnswerError("the answer holds no content")
    return answer


def _parts(blocks: Any) -> tuple[list[str], list[str], list[dict[str, Any]]]:
    """The texts, the thoughts and the tool calls among the content's blocks."""
    texts, thoughts, calls = [], [], []
    for block in blocks:
        kind = block.get("type") if isinstance(block, dict) else None
        if kind == "text":
            texts.append(str(block.get("text", "")))
        elif kind == "thinking":
            thoughts.append(str(block.get("thinking", "")))
        elif kind == "tool_use":
            calls.append(_call(block))
    return texts, thoughts, calls


def _call(block: dict[str, Any]) -> dict[str, Any]:
    arguments = _to_json(block.get("input") or {}).decode()
    return {
        "id": str(block.get("id", "")),
        "type": "function",
        "function": {"name": str(block.get("name", "")), "arguments": arguments},
    }

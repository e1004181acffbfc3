"""A whole answer in Anthropic's shape, whoever gave it."""

from typing import Any, Final

import msgspec

from apps.providers.adapters.anthropic import FOREIGN_SIGNATURE
from apps.providers.wire import ChatResult, Usage
from apps.router.account import Account
from apps.router.dialects.costs import cost_of
from apps.router.dialects.deltas import text_and_thought

STOP_REASONS: Final = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}


def message(
    account: Account, result: ChatResult, *, shows_thoughts: bool
) -> dict[str, Any]:
    """The answer as a Message; the account is settled, its usage final."""
    choice = (result.body.get("choices") or [{}])[0]
    said = choice.get("message") or {}
    content = _content(said, shows_thoughts=shows_thoughts)
    has_calls = any(block["type"] == "tool_use" for block in content)
    return {
        **opening(account),
        "content": content,
        **ending(
            account.finish_reason, stop=choice.get("stop_reason"), has_calls=has_calls
        ),
        "usage": {**usage_shape(account.final_usage()), "cost": cost_of(account)},
    }


def opening(account: Account) -> dict[str, Any]:
    """What an answer begins with, streamed or whole."""
    served = account.answered_by
    return {
        "id": f"msg_{account.request_id.hex}",
        "type": "message",
        "role": "assistant",
        "model": served.candidate.model if served else "",
    }


def ending(finish_reason: str, *, stop: object, has_calls: bool) -> dict[str, Any]:
    """Why the answer ended; `stop` is the sequence that was met, if a server tells."""
    if finish_reason == "stop" and isinstance(stop, str) and stop:
        return {"stop_reason": "stop_sequence", "stop_sequence": stop}
    reason = STOP_REASONS.get(finish_reason, "end_turn")
    if has_calls and reason == "end_turn":
        reason = "tool_use"  # some servers end on "stop" all the same
    return {"stop_reason": reason, "stop_sequence": None}


def _content(said: dict[str, Any], *, shows_thoughts: bool) -> list[dict[str, Any]]:
    text, inner = text_and_thought(said.get("content"))
    thought = said.get("reasoning_content") or said.get("reasoning") or inner
    content: list[dict[str, Any]] = []
    if shows_thoughts and isinstance(thought, str) and thought:
        signed = {"thinking": thought, "signature": FOREIGN_SIGNATURE}
        content.append({"type": "thinking", **signed})
    if text := text or _refusal(said):
        content.append({"type": "text", "text": text})
    content += [_tool_use(call) for call in said.get("tool_calls") or ()]
    return content


def _refusal(said: dict[str, Any]) -> str:
    refusal = said.get("refusal")
    return refusal if isinstance(refusal, str) else ""


def _tool_use(call: dict[str, Any]) -> dict[str, Any]:
    function = call.get("function") or {}
    return {
        "type": "tool_use",
        "id": str(call.get("id", "")),
        "name": str(function.get("name", "")),
        "input": input_of(str(function.get("arguments") or "")),
    }


def input_of(arguments: str) -> dict[str, Any]:
    """A call's arguments as an object; what is none is kept as it was written."""
    try:
        value = msgspec.json.decode(arguments) if arguments else {}
    except msgspec.DecodeError:
        value = None
    return value if isinstance(value, dict) else {"arguments": arguments}


def usage_shape(usage: Usage) -> dict[str, Any]:
    """Token counts in Anthropic's disjoint buckets; their sum is the prompt."""
    written = usage.cache_write_5m + usage.cache_write_1h
    cached = usage.cache_read + usage.audio_cache_read
    return {
        "input_tokens": usage.prompt - cached - written,
        "cache_read_input_tokens": cached,
        "cache_creation_input_tokens": written,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_write_5m,
            "ephemeral_1h_input_tokens": usage.cache_write_1h,
        },
        "output_tokens": usage.output,
        "output_tokens_details": {"thinking_tokens": usage.reasoning},
    }

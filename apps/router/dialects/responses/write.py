"""A whole Response, whoever gave the answer."""

from typing import Any, Final

import msgspec

from apps.providers.wire import ChatResult, Usage
from apps.router.account import Account
from apps.router.dialects.costs import cost_of
from apps.router.dialects.deltas import logprobs_of, objects_in, text_and_thought
from apps.router.dialects.responses.items import sealed
from apps.router.dialects.responses.tools import INPUT, custom_names

type Item = dict[str, Any]
_INCOMPLETE: Final = {"length": "max_output_tokens", "content_filter": "content_filter"}
# Fields of the request that a Response repeats, and what they are when not given.
_ECHOED: Final[dict[str, Any]] = {
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "reasoning": {"effort": None, "summary": None},
    "safety_identifier": None,
    "service_tier": "default",
    "temperature": 1.0,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}


def response(
    account: Account, result: ChatResult, asked: dict[str, Any]
) -> dict[str, Any]:
    """The answer as a Response; the account is settled, its usage final."""
    output = output_of(account, result, asked)
    return {**opening(account, asked), **ending(account), "output": output}


def opening(account: Account, asked: dict[str, Any]) -> dict[str, Any]:
    """What a Response is from its beginning: its id, and what was asked for."""
    served = account.answered_by
    echoed = {
        name: usual if asked.get(name) is None else asked[name]
        for name, usual in _ECHOED.items()
    }
    return {
        "id": f"resp_{account.request_id.hex}",
        "object": "response",
        "created_at": int(account.accepted_at.timestamp()),
        "status": "in_progress",
        "background": False,
        "completed_at": None,
        "error": None,
        "incomplete_details": None,
        "model": served.candidate.model if served else "",
        "output": [],
        **echoed,
        "store": bool(asked.get("store")),
        "usage": None,
    }


def ending(account: Account) -> dict[str, Any]:
    """How a Response ended, and what it used."""
    why = _INCOMPLETE.get(account.finish_reason)
    took_s = account.latency_ms // 1000
    return {
        "status": "incomplete" if why else "completed",
        "incomplete_details": {"reason": why} if why else None,
        "completed_at": int(account.accepted_at.timestamp()) + took_s,
        "usage": usage_shape(account.final_usage(), cost_of(account)),
    }


def usage_shape(usage: Usage, cost: float | None) -> dict[str, Any]:
    """Token counts as Responses have them; `cost` is ours, in US dollars."""
    return {
        "input_tokens": usage.prompt,
        "input_tokens_details": {
            "cached_tokens": usage.cache_read + usage.audio_cache_read,
            "cache_write_tokens": usage.cache_write_5m + usage.cache_write_1h,
        },
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.prompt + usage.output,
        "cost": cost,
    }


def output_of(
    account: Account, result: ChatResult, asked: dict[str, Any]
) -> list[Item]:
    """The items of an answer: thoughts, the message, the calls."""
    choice = (result.body.get("choices") or [{}])[0]
    said = choice.get("message") or {}
    text, inner = text_and_thought(said.get("content"))
    thought = said.get("reasoning_content") or said.get("reasoning") or inner
    details = list(objects_in(said.get("reasoning_details")))
    signed = [detail for detail in details if is_signed(detail)]
    key, items = account.request_id.hex, list[Item]()
    if (isinstance(thought, str) and thought) or signed:
        items.append(reasoning(key, str(thought or ""), signed))
    refusal = said.get("refusal")
    refused = refusal if isinstance(refusal, str) else ""
    calls = objects_in(said.get("tool_calls"))
    if text or refused or not calls:
        logprobs = list(map(logprob, logprobs_of(choice.get("logprobs"))))
        items.append(message(key, content_of(text, refused, logprobs)))
    customs = custom_names(asked.get("tools"))
    for number, call in enumerate(calls):
        function = call.get("function") or {}
        name, call_id = str(function.get("name", "")), str(call.get("id", ""))
        arguments = str(function.get("arguments") or "")
        begun = call_item(key, number, call_id, name, is_custom=name in customs)
        items.append(finished_call(begun, arguments))
    return items


def is_signed(detail: Item) -> bool:
    """Whether thoughts come with what their model needs to believe them again."""
    return bool(detail.get("signature") or detail.get("data"))


def reasoning(key: str, thought: str, signed: list[Item]) -> Item:
    summary = [{"type": "summary_text", "text": thought}] if thought else []
    item: Item = {"id": f"rs_{key}", "type": "reasoning", "summary": summary}
    if signed:
        item["encrypted_content"] = sealed(signed)
    return item


def message(key: str, content: list[Item], *, status: str = "completed") -> Item:
    return {
        "id": f"msg_{key}",
        "type": "message",
        "status": status,
        "role": "assistant",
        "content": content,
    }


def content_of(text: str, refusal: str, logprobs: list[Item]) -> list[Item]:
    """The parts of a message."""
    parts: list[Item] = []
    if text or not refusal:
        parts.append(text_part(text, logprobs))
    if refusal:
        parts.append({"type": "refusal", "refusal": refusal})
    return parts


def text_part(text: str, logprobs: list[Item]) -> Item:
    said = {"type": "output_text", "text": text, "annotations": []}
    return {**said, "logprobs": logprobs}


def logprob(given: Item) -> Item:
    """One token's log probability; null bytes are none here."""
    tops = objects_in(given.get("top_logprobs"))
    return {**_token(given), "top_logprobs": [_token(top) for top in tops]}


def _token(given: Item) -> Item:
    told = {name: given.get(name) for name in ("token", "logprob")}
    return {**told, "bytes": given.get("bytes") or []}


def call_item(
    key: str, number: int, call_id: str, name: str, *, is_custom: bool
) -> Item:
    """A tool call that has just begun."""
    kind, written = "function_call", "arguments"
    if is_custom:
        kind, written = "custom_tool_call", INPUT
    return {
        "id": f"{'ctc' if is_custom else 'fc'}_{key}_{number}",
        "type": kind,
        "status": "in_progress",
        "call_id": call_id,
        "name": name,
        written: "",
    }


def finished_call(begun: Item, arguments: str) -> Item:
    """The same call with all that was written."""
    if begun["type"] == "function_call":
        return {**begun, "status": "completed", "arguments": arguments or "{}"}
    return {**begun, "status": "completed", INPUT: free_text(arguments)}


def free_text(arguments: str) -> str:
    """The input of a tool that takes free text, out of the object that stood for it."""
    try:
        value = msgspec.json.decode(arguments) if arguments else {}
    except msgspec.DecodeError:
        return arguments
    written = value.get(INPUT) if isinstance(value, dict) else None
    return written if isinstance(written, str) else arguments

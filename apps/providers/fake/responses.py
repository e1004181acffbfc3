"""The fake's answers in OpenAI's Responses protocol."""

from collections.abc import Iterator
from typing import Any

import msgspec

from apps.providers.fake.pieces import pieces
from apps.providers.fake.script import Script

_to_json = msgspec.json.Encoder().encode


def whole(request: dict[str, Any], script: Script) -> dict[str, Any]:
    """A Response that is not streamed."""
    is_cut = script.finish_reason == "length"
    return {
        **_opening(request),
        "status": "incomplete" if is_cut else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if is_cut else None,
        "output": _output(script),
        "usage": _usage(request, script),
    }


def events(request: dict[str, Any], script: Script) -> Iterator[dict[str, Any]]:
    """The same, event by event."""
    for number, event in enumerate(_events(request, script)):
        yield {"sequence_number": number, **event}


def _events(request: dict[str, Any], script: Script) -> Iterator[dict[str, Any]]:
    begun = {**_opening(request), "status": "in_progress"}
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for index, item in enumerate(_output(script)):
        yield from _item_events(index, item, script)
    if script.fault != "no_done":
        final = whole(request, script)
        yield {"type": f"response.{final['status']}", "response": final}


def _item_events(
    index: int, item: dict[str, Any], script: Script
) -> Iterator[dict[str, Any]]:
    place = {"output_index": index, "item_id": item["id"]}
    started = {**item, "status": "in_progress"}
    if item["type"] == "message":
        started["content"] = []
    yield {"type": "response.output_item.added", "item": started, "output_index": index}
    if item["type"] == "message":
        part = item["content"][0]
        at = {**place, "content_index": 0}
        empty = {**part, "text": ""}
        yield {"type": "response.content_part.added", **at, "part": empty}
        for text in pieces(part["text"], script.chunks):
            said = {"delta": text, "logprobs": []}
            yield {"type": "response.output_text.delta", **at, **said}
        said = {"text": part["text"], "logprobs": []}
        yield {"type": "response.output_text.done", **at, **said}
        yield {"type": "response.content_part.done", **at, "part": part}
    elif item["type"] == "function_call":
        kind = "response.function_call_arguments"
        for written in pieces(item["arguments"], script.chunks):
            yield {"type": f"{kind}.delta", **place, "delta": written}
        done = {"arguments": item["arguments"], "name": item["name"]}
        yield {"type": f"{kind}.done", **place, **done}
    yield {"type": "response.output_item.done", "item": item, "output_index": index}


def _opening(request: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "resp_fake",
        "object": "response",
        "created_at": 1_780_000_000,
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "instructions": request.get("instructions"),
        "metadata": {},
        "model": request.get("model", ""),
        "output": [],
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "store": bool(request.get("store", True)),
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": request.get("tools") or [],
        "top_p": 1.0,
        "usage": None,
    }


def _output(script: Script) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    if script.reasoning:
        sealed = {"summary": [], "encrypted_content": "sealed-by-the-fake"}
        items.append({"id": "rs_fake", "type": "reasoning", **sealed})
    if script.text:
        part = {"type": "output_text", "text": script.text, "annotations": []}
        said = {"role": "assistant", "status": "completed", "content": [part]}
        items.append({"id": "msg_fake", "type": "message", **said})
    for place, call in enumerate(script.tool_calls):
        named = {"call_id": call.id, "name": call.name, "arguments": call.arguments}
        item = {"id": f"fc_fake_{place}", "type": "function_call", **named}
        items.append({**item, "status": "completed"})
    return items


def _usage(request: dict[str, Any], script: Script) -> dict[str, Any] | None:
    if script.usage is not None:
        return script.usage or None
    said = -(-len(_to_json(request.get("input", ""))) // 4)
    calls = "".join(call.name + call.arguments for call in script.tool_calls)
    written = max(1, -(-len(script.text + script.reasoning + calls) // 4))
    return {
        "input_tokens": said,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": written,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": said + written,
    }

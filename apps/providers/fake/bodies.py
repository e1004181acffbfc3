"""The bytes of the fake's answers in each protocol."""

from collections.abc import Iterator
from typing import Any

import msgspec

from apps.providers.adapters import embeddings
from apps.providers.fake import responses
from apps.providers.fake.pieces import pieces
from apps.providers.fake.script import Script
from apps.providers.wire import ChatRequest

_to_json = msgspec.json.Encoder().encode
CREATED = 1_780_000_000
# Proves the fake's thoughts genuine, as Anthropic's signature does.
SIGNATURE = "signed-by-the-fake"


def error_body(path: str, script: Script) -> bytes:
    error = {"type": "scripted", "message": script.message, "code": None}
    if path.endswith("/messages"):
        return _to_json({"type": "error", "error": error})
    return _to_json({"error": error})


def whole(path: str, request: dict[str, Any], script: Script) -> bytes:
    """The body of an answer that is not streamed."""
    if path.endswith("/embeddings"):
        return _embeddings(request, script)
    if path.endswith("/messages"):
        return _to_json(_anthropic_message(request, script))
    if path.endswith("/count_tokens"):
        return _to_json({"input_tokens": _tokens(request, script)[0]})
    if path.endswith("/responses"):
        return _to_json(responses.whole(request, script))
    message: dict[str, Any] = {"role": "assistant", "content": script.text}
    if script.reasoning:
        message["reasoning_content"] = script.reasoning
    if script.tool_calls:
        message["content"] = script.text or None
        message["tool_calls"] = [call for call, _ in _openai_calls(script)]
    choice = {"index": 0, "message": message, "finish_reason": _reason(script)}
    body = {**_head(request, "chat.completion"), "choices": [choice]}
    return _to_json(body | _usage(_openai_usage(request, script)))


def events(path: str, request: dict[str, Any], script: Script) -> Iterator[bytes]:
    """The events of a streamed answer, one at a time."""
    if path.endswith("/messages"):
        for event in _anthropic_events(request, script):
            yield b"event: %b\ndata: %b\n\n" % (event["type"].encode(), _to_json(event))
        return
    if path.endswith("/responses"):
        for event in responses.events(request, script):
            yield b"event: %b\ndata: %b\n\n" % (event["type"].encode(), _to_json(event))
        return
    head = _head(request, "chat.completion.chunk")
    for chunk in _openai_chunks(request, script):
        yield b"data: %b\n\n" % _to_json(head | chunk)
    if script.fault != "no_done":
        yield b"data: [DONE]\n\n"


def error_event(path: str, script: Script) -> bytes:
    error = script.error or {"type": "overloaded_error", "message": script.message}
    if path.endswith("/messages"):
        body = _to_json({"type": "error", "error": error})
        return b"event: error\ndata: %b\n\n" % body
    if path.endswith("/responses"):
        body = _to_json({"type": "error", "sequence_number": 99, **error})
        return b"event: error\ndata: %b\n\n" % body
    return b"data: %b\n\n" % _to_json({"error": error})


def _embeddings(request: dict[str, Any], script: Script) -> bytes:
    """Vectors as a provider would send them, counted as the script says."""
    asked = ChatRequest(request.get("model", ""), request, is_embedding=True)
    body = embeddings.echo(asked).body
    body["usage"] = body["usage"] if script.usage is None else script.usage
    return _to_json(body)


def _head(request: dict[str, Any], kind: str) -> dict[str, Any]:
    model = request.get("model", "")
    return {"id": "chatcmpl-fake", "object": kind, "created": CREATED, "model": model}


def _reason(script: Script) -> str:
    return script.finish_reason or ("tool_calls" if script.tool_calls else "stop")


def _tokens(request: dict[str, Any], script: Script) -> tuple[int, int]:
    said = len(_to_json(request.get("messages", [])))
    calls = "".join(call.name + call.arguments for call in script.tool_calls)
    written = len(script.text + script.reasoning + calls)
    return -(-said // 4), max(1, -(-written // 4))


def _openai_usage(request: dict[str, Any], script: Script) -> dict[str, Any]:
    if script.usage is not None:
        return script.usage
    prompt, output = _tokens(request, script)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": output,
        "total_tokens": prompt + output,
    }


def _usage(usage: dict[str, Any]) -> dict[str, Any]:
    return {"usage": usage} if usage else {}


def _openai_calls(script: Script) -> list[tuple[dict[str, Any], str]]:
    """Each tool call whole, and its arguments."""
    calls = []
    for call in script.tool_calls:
        function = {"name": call.name, "arguments": call.arguments}
        whole_call = {"id": call.id, "type": "function", "function": function}
        calls.append((whole_call, call.arguments))
    return calls


def _openai_chunks(request: dict[str, Any], script: Script) -> Iterator[dict[str, Any]]:
    yield _choice({"role": "assistant", "content": ""})
    for thought in pieces(script.reasoning, 2):
        yield _choice({"reasoning_content": thought})
    for text in pieces(script.text, script.chunks):
        yield _choice({"content": text})
    for index, (call, arguments) in enumerate(_openai_calls(script)):
        started = {**call, "function": {**call["function"], "arguments": ""}}
        yield _choice({"tool_calls": [{"index": index, **started}]})
        for written in pieces(arguments, 2):
            added = {"index": index, "function": {"arguments": written}}
            yield _choice({"tool_calls": [added]})
    yield _choice({}, _reason(script))
    asked = (request.get("stream_options") or {}).get("include_usage")
    if (usage := _openai_usage(request, script)) and asked:
        yield {"choices": [], "usage": usage}


def _choice(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}


_STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}


def _anthropic_usage(request: dict[str, Any], script: Script) -> dict[str, Any]:
    if script.usage is not None:
        return script.usage
    prompt, output = _tokens(request, script)
    return {"input_tokens": prompt, "output_tokens": output}


def _anthropic_message(request: dict[str, Any], script: Script) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    if script.reasoning:
        signed = {"thinking": script.reasoning, "signature": SIGNATURE}
        content.append({"type": "thinking", **signed})
    if script.text:
        content.append({"type": "text", "text": script.text})
    for call in script.tool_calls:
        written = msgspec.json.decode(call.arguments)
        named = {"type": "tool_use", "id": call.id, "name": call.name}
        content.append({**named, "input": written})
    reason = _reason(script)
    return {
        "id": "msg_fake",
        "type": "message",
        "role": "assistant",
        "model": request.get("model", ""),
        "content": content,
        "stop_reason": _STOP_REASONS.get(reason, reason),
        **_usage(_anthropic_usage(request, script)),
    }


def _anthropic_events(
    request: dict[str, Any], script: Script
) -> Iterator[dict[str, Any]]:
    message = _anthropic_message(request, script)
    usage = message.get("usage", {})
    started = {**message, "content": [], "stop_reason": None}
    if usage:
        started["usage"] = {**usage, "output_tokens": 1}
    yield {"type": "message_start", "message": started}
    yield {"type": "ping"}
    for index, block in enumerate(message["content"]):
        yield from _anthropic_block(index, block, script)
    delta = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    counted = {"output_tokens": usage["output_tokens"]} if usage else {}
    yield {"type": "message_delta", "delta": delta, "usage": counted}
    if script.fault != "no_done":
        yield {"type": "message_stop"}


def _anthropic_block(
    index: int, block: dict[str, Any], script: Script
) -> Iterator[dict[str, Any]]:
    kind = block["type"]
    name = {"text": "text", "thinking": "thinking", "tool_use": "partial_json"}[kind]
    started: dict[str, Any] = {**block, "input": {}}
    whole_text = _to_json(block.get("input")).decode()
    if kind != "tool_use":
        started, whole_text = {"type": kind, name: ""}, block[name]
    yield {"type": "content_block_start", "index": index, "content_block": started}
    delta_kind = "input_json_delta" if kind == "tool_use" else f"{kind}_delta"
    for piece in pieces(whole_text, script.chunks):
        delta = {"type": delta_kind, name: piece}
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    if kind == "thinking":
        delta = {"type": "signature_delta", "signature": SIGNATURE}
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}

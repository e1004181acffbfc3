"""A Response read for its facts, and put into OpenAI's chat shape beside its bytes."""

from typing import Any

import msgspec

from apps.providers.adapters.usage import openai_usage
from apps.providers.errors import BadAnswerError, from_error_object
from apps.providers.wire import ChatResult, Usage

_to_json = msgspec.json.Encoder().encode


def decode(raw: bytes, created: int = 0) -> ChatResult:
    """A whole answer; raises the error that it reports instead of one."""
    try:
        response = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise BadAnswerError("the answer is not JSON") from problem
    if not isinstance(response, dict):
        raise BadAnswerError("the answer is not a JSON object")
    if response.get("error"):
        raise from_error_object(response["error"])
    if not isinstance(response.get("output"), list):
        raise BadAnswerError("the answer holds no output")
    message, text = _message(response["output"])
    reason = finish_reason(response)
    usage = usage_of(response)
    body = {
        "id": str(response.get("id", "")),
        "object": "chat.completion",
        "created": created,
        "model": str(response.get("model", "")),
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
    }
    if usage is not None:
        body["usage"] = _chat_usage(response["usage"])
    return ChatResult(body, usage, reason, text, raw, "responses")


def finish_reason(response: dict[str, Any]) -> str:
    """Why it ended, in the words of OpenAI's chat protocol."""
    details = response.get("incomplete_details")
    why = details.get("reason") if isinstance(details, dict) else None
    if why is not None:
        return "content_filter" if why == "content_filter" else "length"
    output = response.get("output")
    items = output if isinstance(output, list) else []
    is_call = any(isinstance(i, dict) and i.get("type") in CALLS for i in items)
    return "tool_calls" if is_call else "stop"


CALLS = frozenset(("function_call", "custom_tool_call"))


def usage_of(response: dict[str, Any]) -> Usage | None:
    counted = response.get("usage")
    if not isinstance(counted, dict):
        return None
    return openai_usage(_chat_usage(counted), _to_json(counted).decode())


def _chat_usage(counted: dict[str, Any]) -> dict[str, Any]:
    """The same counts under the names of the chat protocol."""
    return {
        "prompt_tokens": counted.get("input_tokens"),
        "completion_tokens": counted.get("output_tokens"),
        "total_tokens": counted.get("total_tokens"),
        "prompt_tokens_details": counted.get("input_tokens_details"),
        "completion_tokens_details": counted.get("output_tokens_details"),
    }


def _message(output: list[Any]) -> tuple[dict[str, Any], str]:
    texts, thoughts, calls = list[str](), list[str](), list[dict[str, Any]]()
    for item in output:
        kind = item.get("type") if isinstance(item, dict) else None
        if kind == "message":
            texts += _texts(item.get("content"))
        elif kind == "reasoning":
            thoughts += _texts(item.get("summary"))
        elif kind in CALLS:
            calls.append(_call(item))
    text = "".join(texts)
    message: dict[str, Any] = {"role": "assistant", "content": text or None}
    if thoughts:
        message["reasoning_content"] = "\n\n".join(thoughts)
    if calls:
        message["tool_calls"] = calls
    elif not text:
        message["content"] = ""
    return message, text


def _texts(parts: Any) -> list[str]:
    found = parts if isinstance(parts, list) else []
    return [str(part.get("text") or "") for part in found if isinstance(part, dict)]


def _call(item: dict[str, Any]) -> dict[str, Any]:
    arguments = item.get("arguments")
    if arguments is None:
        arguments = _to_json({"input": item.get("input") or ""}).decode()
    function = {"name": str(item.get("name", "")), "arguments": str(arguments)}
    call_id = str(item.get("call_id", ""))
    return {"id": call_id, "type": "function", "function": function}

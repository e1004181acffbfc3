"""A conversation in OpenAI's shape as Anthropic's system text and turns."""

from typing import Any

import msgspec

from apps.providers.adapters.anthropic.native import FOREIGN_SIGNATURE
from apps.providers.errors import BadRequestError, UnsupportedError

type Block = dict[str, Any]


def conversation(messages: list[dict[str, Any]]) -> tuple[list[Block], list[Block]]:
    """The system blocks, and the turns, each speaker's neighbours merged.

    Merged, because the results of parallel tool calls must share one turn.
    """
    system: list[Block] = []
    turns: list[Block] = []
    for message in messages:
        role = message.get("role")
        if role in ("system", "developer"):
            system += _content(message.get("content"))
            continue
        speaker, blocks = _turn(role, message)
        if turns and turns[-1]["role"] == speaker:
            turns[-1]["content"] += blocks
        elif blocks:
            turns.append({"role": speaker, "content": blocks})
    return system, turns


def _turn(role: object, message: dict[str, Any]) -> tuple[str, list[Block]]:
    if role == "assistant":
        return "assistant", _assistant(message)
    if role == "tool":
        return "user", [_tool_result(message)]
    if role == "user":
        return "user", _content(message.get("content"))
    raise UnsupportedError("this provider knows no messages of the role 'function'")


def _assistant(message: dict[str, Any]) -> list[Block]:
    blocks = thoughts_of(message) + _content(message.get("content"))
    for call in message.get("tool_calls") or ():
        function = call.get("function") or {}
        blocks.append(
            {
                "type": "tool_use",
                "id": call.get("id", ""),
                "name": function.get("name", ""),
                "input": _arguments(function.get("arguments")),
            }
        )
    return blocks


def thoughts_of(message: dict[str, Any]) -> list[Block]:
    """The signed thoughts that a caller hands back, as they must stand before all."""
    details = message.get("reasoning_details")
    found: list[Block] = []
    for detail in details if isinstance(details, list) else ():
        if not isinstance(detail, dict):
            continue
        if detail.get("type") == "reasoning.encrypted" and detail.get("data"):
            found.append({"type": "redacted_thinking", "data": detail["data"]})
        elif detail.get("signature") not in (None, "", FOREIGN_SIGNATURE):
            thought, signature = detail.get("text") or "", detail["signature"]
            block = {"type": "thinking", "thinking": thought, "signature": signature}
            found.append(block)
    return found


def _arguments(written: object) -> dict[str, Any]:
    if not written:
        return {}
    try:
        value = msgspec.json.decode(written) if isinstance(written, str) else None
    except msgspec.DecodeError:
        value = None
    if not isinstance(value, dict):
        raise BadRequestError(
            "the arguments of a tool call must be a JSON object", http_status=400
        )
    return value


def _tool_result(message: dict[str, Any]) -> Block:
    content = message.get("content")
    return {
        "type": "tool_result",
        "tool_use_id": message.get("tool_call_id", ""),
        "content": content if isinstance(content, str) else _content(content),
    }


def _content(content: object) -> list[Block]:
    """Blocks for a message's content; empty texts are left out, as they are refused."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    if not isinstance(content, list):
        return []
    return [_block(part) for part in content if part.get("text") != ""]


def _block(part: dict[str, Any]) -> Block:
    kind = part.get("type")
    if kind == "image_url":
        return _kept(part, {"type": "image", "source": _image(part.get("image_url"))})
    if kind == "file":
        return _kept(part, _document(part.get("file")))
    if kind == "input_audio":
        raise UnsupportedError("this provider takes no audio")
    if kind == "refusal":
        return {"type": "text", "text": part.get("refusal", "")}
    return part  # text is the same in both; the rest is Anthropic's own shape


def _kept(part: dict[str, Any], block: Block) -> Block:
    """The block, with the caller's mark of where the prompt cache should end."""
    if "cache_control" in part:
        block["cache_control"] = part["cache_control"]
    return block


def _image(image: object) -> Block:
    url = image.get("url") if isinstance(image, dict) else image
    if not isinstance(url, str):
        raise BadRequestError("an image needs a URL", http_status=400)
    if url.startswith("data:"):
        return _inline(url)
    return {"type": "url", "url": url}


def _document(file: object) -> Block:
    fields = file if isinstance(file, dict) else {}
    data = fields.get("file_data")
    if not isinstance(data, str):
        raise UnsupportedError("this provider takes files only as inline data")
    block = {"type": "document", "source": _inline(data)}
    if isinstance(fields.get("filename"), str):
        block["title"] = fields["filename"]
    return block


def _inline(url: str) -> Block:
    head, _, data = url.partition(",")
    media_type, _, coding = head.removeprefix("data:").partition(";")
    if not url.startswith("data:") or not coding.endswith("base64"):
        raise BadRequestError("inline data must be a base64 data URL", http_status=400)
    return {"type": "base64", "media_type": media_type, "data": data}

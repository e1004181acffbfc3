"""Anthropic's system text and turns as messages in OpenAI's shape."""

from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

type Block = dict[str, Any]
type Message = dict[str, Any]
_to_json = msgspec.json.Encoder().encode
# What belongs to the model that wrote it; another one starts without.
_OWN: Final = frozenset(("thinking", "redacted_thinking"))


@dataclass(slots=True)
class Turns:
    """The messages, and what of the turns is not in them."""

    messages: list[Message] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    # What no provider of another protocol could be told, such as a file by its id.
    unsayable: str = ""

    @classmethod
    def read(cls, system: object, turns: list[dict[str, Any]]) -> "Turns":
        """Translate a conversation whose outer shape was checked."""
        read = cls()
        if system:
            read._add("system", read._parts(_blocks(system)))
        for turn in turns:
            blocks = _blocks(turn["content"])
            if turn["role"] == "assistant":
                read._assistant(blocks)
            elif turn["role"] == "system":
                read._add("system", read._parts(blocks))
            else:
                read._user(blocks)
        if turns[-1]["role"] == "assistant":
            # Others do not go on with a begun answer, they answer it.
            read.lost.append("adjusted:prefill")
        return read

    def _add(self, role: str, parts: list[Block], **more: Any) -> None:
        if not parts and not more:
            parts = [{"type": "text", "text": ""}]
        self.messages.append({"role": role, "content": _content(parts), **more})

    def _user(self, blocks: list[Block]) -> None:
        """Results of tools first: they must follow the calls at once."""
        rest, pictures = [], list[Block]()
        for block in blocks:
            if block.get("type") == "tool_result":
                pictures += self._result(block)
            else:
                rest.append(block)
        parts = pictures + self._parts(rest)
        if parts or rest or not blocks:
            self._add("user", parts)

    def _result(self, block: Block) -> list[Block]:
        """One tool's result; what is no text in it is for the user's message."""
        parts = self._parts(_blocks(block.get("content") or ""))
        text = "\n".join(part["text"] for part in parts if part["type"] == "text")
        if block.get("is_error") and not text.lower().startswith("error"):
            text = f"Error: {text}"  # the only place left to say so
        call_id = str(block.get("tool_use_id", ""))
        message = {"role": "tool", "tool_call_id": call_id, "content": text}
        self.messages.append(message)
        others = [part for part in parts if part["type"] != "text"]
        if others:
            shown = {"type": "text", "text": f"From the tool call {call_id}:"}
            return [shown, *others]
        return []

    def _assistant(self, blocks: list[Block]) -> None:
        said, calls = [], []
        for block in blocks:
            kind = str(block.get("type"))
            if kind == "tool_use":
                calls.append(_call(block))
            elif kind == "text":
                said.append(block)
            elif kind not in _OWN:
                self.lost.append(f"dropped:content.{kind}")
        parts = self._parts(said)
        if calls:
            content = _content(parts) if parts else None
            message = {"role": "assistant", "content": content, "tool_calls": calls}
            self.messages.append(message)
        elif parts:
            self._add("assistant", parts)

    def _parts(self, blocks: list[Block]) -> list[Block]:
        return [part for block in blocks for part in self._part(block)]

    def _part(self, block: Block) -> list[Block]:
        kind = block.get("type")
        if kind == "text":
            text = block.get("text")
            # Refused when empty, here as there.
            return [_marked(block, _text(str(text)))] if text else []
        if kind == "image":
            return self._image(block)
        if kind == "document":
            return self._document(block)
        if kind == "search_result":
            title = f"{block.get('title', '')} ({block.get('source', '')})"
            return [_text(title), *self._parts(_blocks(block.get("content") or []))]
        if kind == "container_upload":
            self.unsayable = "a file in a container"
        else:
            self.lost.append(f"dropped:content.{kind}")
        return []

    def _image(self, block: Block) -> list[Block]:
        if not (url := _url(block.get("source"))):
            self.unsayable = "an image by its file's id"
            return []
        return [_marked(block, {"type": "image_url", "image_url": {"url": url}})]

    def _document(self, block: Block) -> list[Block]:
        source = block.get("source")
        source = source if isinstance(source, dict) else {}
        kind = source.get("type")
        if kind == "text":
            return [_marked(block, _text(str(source.get("data", ""))))]
        if kind == "content":
            return self._parts(_blocks(source.get("content") or ""))
        if kind != "base64":
            self.unsayable = "a document by its address or its file's id"
            return []
        name = block.get("title") or "document.pdf"
        file = {"filename": name, "file_data": _url(source)}
        return [_marked(block, {"type": "file", "file": file})]


def _blocks(content: object) -> list[Block]:
    if isinstance(content, str):
        return [_text(content)]
    found = content if isinstance(content, list) else []
    return [block for block in found if isinstance(block, dict)]


def _text(text: str) -> Block:
    return {"type": "text", "text": text}


def _marked(block: Block, part: Block) -> Block:
    """The part, with the mark of where the prompt cache should end."""
    if block.get("cache_control"):
        part["cache_control"] = block["cache_control"]
    return part


def _content(parts: list[Block]) -> str | list[Block]:
    """A lone text as what every server takes."""
    if len(parts) == 1 and set(parts[0]) == {"type", "text"}:
        return str(parts[0]["text"])
    return parts


def _url(source: object) -> str:
    """The address of a picture, or its content as a data URL; empty for a file's id."""
    fields = source if isinstance(source, dict) else {}
    if fields.get("type") == "url":
        return str(fields.get("url", ""))
    if fields.get("type") == "base64":
        return f"data:{fields.get('media_type', '')};base64,{fields.get('data', '')}"
    return ""


def _call(block: Block) -> dict[str, Any]:
    arguments = _to_json(block.get("input") or {}).decode()
    function = {"name": str(block.get("name", "")), "arguments": arguments}
    return {"id": str(block.get("id", "")), "type": "function", "function": function}

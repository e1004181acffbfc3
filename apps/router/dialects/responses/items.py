"""Items of the Responses protocol as messages in the chat's shape."""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from apps.kit.errors import ValidationError
from apps.providers.adapters.responses import FOREIGN_SEAL as SEAL
from apps.router.dialects.deltas import objects_in

type Item = dict[str, Any]
type Message = dict[str, Any]
_to_json = msgspec.json.Encoder().encode
_ROLES: Final = frozenset(("user", "assistant", "system", "developer"))


@dataclass(slots=True)
class Conversation:
    """The messages, and what of the items is not in them."""

    messages: list[Message] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    # What no provider of another protocol could be told, such as a file by its id.
    unsayable: str = ""
    # Pictures that tools gave back: shown after the last of the results.
    _shown: list[Item] = field(default_factory=list)
    # Signed thoughts, for the assistant's message that follows.
    _details: list[Item] = field(default_factory=list)

    @classmethod
    def read(cls, instructions: str | None, items: list[Item]) -> "Conversation":
        """Translate the items; raises ValidationError for what none can be."""
        read = cls()
        if instructions:
            read.messages.append({"role": "system", "content": instructions})
        for place, item in enumerate(items):
            read._item(item, place)
        read._show()
        if not read.messages:
            raise ValidationError("There is nothing to answer.", param="input")
        return read

    def _item(self, item: Item, place: int) -> None:
        kind = item.get("type") or ("message" if "role" in item else None)
        if kind in ("function_call_output", "custom_tool_call_output"):
            self._result(item)
            return
        self._show()
        if kind == "message":
            self._message(item, place)
        elif kind in ("function_call", "custom_tool_call"):
            self._call(item)
        elif kind == "reasoning":
            self._details += unsealed(item.get("encrypted_content"))
        elif kind == "item_reference":
            raise ValidationError(
                "Items are not kept by their id; send the item itself.",
                param=f"input[{place}]",
            )
        else:
            self.lost.append(f"dropped:input.{kind}")

    def _message(self, item: Item, place: int) -> None:
        role = item.get("role")
        if not isinstance(role, str) or role not in _ROLES:
            raise ValidationError(
                "The role must be user, assistant, system or developer.",
                param=f"input[{place}].role",
            )
        content = item.get("content")
        if not isinstance(content, str):
            content = _content(list(self._parts(objects_in(content))))
        if role == "assistant":
            self._assistant()["content"] = content
        else:
            self.messages.append({"role": role, "content": content})

    def _assistant(self) -> Message:
        """A new message of the assistant's, with the thoughts that led to it."""
        message: Message = {"role": "assistant", "content": None}
        if self._details:
            message["reasoning_details"], self._details = self._details, []
        self.messages.append(message)
        return message

    def _call(self, item: Item) -> None:
        arguments = item.get("arguments")
        if not isinstance(arguments, str):
            arguments = _to_json({"input": item.get("input") or ""}).decode()
        function = {"name": str(item.get("name", "")), "arguments": arguments}
        call_id = str(item.get("call_id") or item.get("id") or "")
        last = self.messages[-1] if self.messages else {}
        # Calls made together, and what was said before them, are one message.
        if last.get("role") != "assistant" or self._details:
            last = self._assistant()
        calls = last.setdefault("tool_calls", [])
        calls.append({"id": call_id, "type": "function", "function": function})

    def _result(self, item: Item) -> None:
        output = item.get("output")
        call_id = str(item.get("call_id", ""))
        text = output if isinstance(output, str) else ""
        if isinstance(output, list):
            parts = list(self._parts(objects_in(output)))
            text = "\n".join(part["text"] for part in parts if part["type"] == "text")
            if others := [part for part in parts if part["type"] != "text"]:
                said = {"type": "text", "text": f"From the tool call {call_id}:"}
                self._shown += [said, *others]
        message = {"role": "tool", "tool_call_id": call_id, "content": text}
        self.messages.append(message)

    def _show(self) -> None:
        if self._shown:
            self.messages.append({"role": "user", "content": self._shown})
            self._shown = []

    def _parts(self, parts: tuple[Item, ...]) -> Iterator[Item]:
        for part in parts:
            kind = part.get("type")
            if kind in ("input_text", "output_text", "text"):
                yield {"type": "text", "text": str(part.get("text") or "")}
            elif kind == "refusal":
                yield {"type": "text", "text": str(part.get("refusal") or "")}
            elif kind == "input_image":
                yield from self._image(part)
            elif kind == "input_file":
                yield from self._file(part)
            elif kind == "input_audio":
                yield {"type": kind, "input_audio": part.get("input_audio")}
            else:
                self.lost.append(f"dropped:content.{kind}")

    def _image(self, part: Item) -> Iterator[Item]:
        url = part.get("image_url")
        if not isinstance(url, str):
            self.unsayable = "an image by its file's id"
            return
        detail = part.get("detail")
        asked = {"detail": detail} if detail in ("low", "high") else {}
        yield {"type": "image_url", "image_url": {"url": url, **asked}}

    def _file(self, part: Item) -> Iterator[Item]:
        data = part.get("file_data")
        if not isinstance(data, str):
            self.unsayable = "a file by its address or its id"
            return
        name = str(part.get("filename") or "file")
        yield {"type": "file", "file": {"filename": name, "file_data": data}}


def _content(parts: list[Item]) -> str | list[Item]:
    """A lone text as what every server takes."""
    if not parts:
        return ""
    if len(parts) == 1 and parts[0]["type"] == "text":
        return str(parts[0]["text"])
    return parts


def sealed(details: list[Item]) -> str:
    """Signed thoughts as the `encrypted_content` of a reasoning item."""
    return SEAL + base64.b64encode(_to_json(details)).decode()


def unsealed(content: object) -> list[Item]:
    """The signed thoughts again; what another server encrypted stays its own."""
    if not isinstance(content, str) or not content.startswith(SEAL):
        return []
    try:
        raw = base64.b64decode(content.removeprefix(SEAL), validate=True)
        return list(objects_in(msgspec.json.decode(raw)))
    except (binascii.Error, ValueError, msgspec.DecodeError):
        return []

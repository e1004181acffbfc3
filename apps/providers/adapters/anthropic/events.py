"""Anthropic's stream of events, as OpenAI's chunks.

https://docs.claude.com/en/docs/build-with-claude/streaming
"""

from dataclasses import replace
from typing import Any

import msgspec

from apps.providers.adapters.anthropic.answer import details_of, finish_reason
from apps.providers.adapters.sse import Event
from apps.providers.adapters.stream import Draft, StreamDecoder, framed
from apps.providers.adapters.usage import (
    anthropic_usage,
    estimated_tokens,
    openai_shape,
)
from apps.providers.errors import BadAnswerError, from_error_object
from apps.providers.wire import Usage

_to_json = msgspec.json.Encoder().encode
_from_json = msgspec.json.Decoder(dict[str, Any]).decode


def decoder(created: int = 0) -> StreamDecoder:
    """A decoder for one stream; `created` (Unix seconds) goes into its chunks."""
    return StreamDecoder(_Reader(created))


def native_decoder(created: int = 0) -> StreamDecoder:
    """The same for a caller of this protocol: events are relayed as they came."""
    return StreamDecoder(_NativeReader(created), "anthropic")


class _Reader:
    """Keeps what later chunks repeat: the id, the model, the usage so far."""

    def __init__(self, created: int) -> None:
        self.is_complete = False
        self._chunk: dict[str, Any] = {
            "id": "",
            "object": "chat.completion.chunk",
            "created": created,
            "model": "",
        }
        self._counted: dict[str, Any] = {}
        self._at_start: Usage | None = None
        self._characters = 0
        # Anthropic numbers all blocks, OpenAI the tool calls alone.
        self._calls: dict[object, int] = {}
        # The thoughts of the block that is open, for what its signature covers.
        self._thought: dict[str, Any] = {}
        self._details = 0

    def read(self, event: Event, draft: Draft) -> None:
        _, data = event
        try:
            fields = _from_json(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
            raise BadAnswerError("an event of the stream is not JSON") from problem
        match fields.get("type"):
            case "content_block_delta":
                self._read_delta(fields, draft)
            case "content_block_start":
                self._read_block(fields, draft)
            case "content_block_stop":
                self._send_details(draft)
            case "message_start":
                self._read_start(_object(fields, "message"), draft)
            case "message_delta":
                self._read_end(fields, draft)
            case "message_stop":
                self._read_stop(draft)
            case "error":
                raise from_error_object(fields.get("error"))

    def _read_start(self, message: dict[str, Any], draft: Draft) -> None:
        self._chunk["id"] = str(message.get("id", ""))
        self._chunk["model"] = str(message.get("model", ""))
        self._counted = _object(message, "usage")
        self._at_start = self._usage()
        self._send({"role": "assistant", "content": ""}, draft)
        draft.add_facts(self._usage_so_far())

    def _read_block(self, fields: dict[str, Any], draft: Draft) -> None:
        block = _object(fields, "content_block")
        if block.get("type") == "tool_use":
            index = self._calls.setdefault(fields.get("index"), len(self._calls))
            name = str(block.get("name", ""))
            function = {"name": name, "arguments": ""}
            call = {"index": index, "id": str(block.get("id", "")), "type": "function"}
            self._output({"tool_calls": [{**call, "function": function}]}, name, draft)
        elif block.get("type") == "text" and block.get("text"):
            self._read_text(str(block["text"]), draft)
        elif block.get("type") in ("thinking", "redacted_thinking"):
            self._thought = block

    def _read_delta(self, fields: dict[str, Any], draft: Draft) -> None:
        delta = _object(fields, "delta")
        match delta.get("type"):
            case "text_delta":
                self._read_text(str(delta.get("text", "")), draft)
            case "thinking_delta":
                thought = str(delta.get("thinking", ""))
                if self._thought:
                    so_far = self._thought.get("thinking") or ""
                    self._thought["thinking"] = so_far + thought
                self._output({"reasoning_content": thought}, thought, draft)
            case "signature_delta":
                if self._thought:
                    self._thought["signature"] = str(delta.get("signature", ""))
            case "input_json_delta":
                written = str(delta.get("partial_json", ""))
                index = self._calls.get(fields.get("index"))
                if index is not None:  # a server's own tool is none of the caller's
                    call = {"index": index, "function": {"arguments": written}}
                    self._output({"tool_calls": [call]}, written, draft)

    def _send_details(self, draft: Draft) -> None:
        """The thoughts once more, signed, as the caller must hand them back."""
        block, self._thought = self._thought, {}
        for detail in details_of([block]):
            numbered = {**detail, "index": self._details}
            self._details += 1
            self._send({"reasoning_details": [numbered]}, draft)

    def _read_text(self, text: str, draft: Draft) -> None:
        draft.add_output(text, 0)
        self._output({"content": text}, text, draft)

    def _read_end(self, fields: dict[str, Any], draft: Draft) -> None:
        # These counts are cumulative and name only what has changed since the start.
        changed = _object(fields, "usage").items()
        self._counted |= {name: count for name, count in changed if count is not None}
        reason = finish_reason(_object(fields, "delta").get("stop_reason"))
        if reason is not None:
            self.is_complete = True
            draft.add_facts(self._usage(), reason)
            self._send({}, draft, reason)

    def _read_stop(self, draft: Draft) -> None:
        self.is_complete = True
        usage = self._usage()
        if usage is not None:
            chunk = {**self._chunk, "choices": [], "usage": openai_shape(usage)}
            draft.relay_usage(_to_json(chunk), usage)
        draft.finish()

    def _output(self, delta: dict[str, Any], written: str, draft: Draft) -> None:
        self._characters += len(written)
        draft.add_output("", len(written))
        # A caller may leave at any moment, and the counts come last.
        draft.add_facts(self._usage_so_far())
        self._send(delta, draft)

    def _send(
        self, delta: dict[str, Any], draft: Draft, reason: str | None = None
    ) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        draft.relay(_to_json({**self._chunk, "choices": [choice]}))

    def _usage(self) -> Usage | None:
        return anthropic_usage(self._counted, _to_json(self._counted).decode())

    def _usage_so_far(self) -> Usage | None:
        if self._at_start is None:
            return None
        output = max(self._at_start.output, estimated_tokens(self._characters))
        return replace(self._at_start, output=output, is_estimated=True)


class _NativeReader(_Reader):
    """Reads the facts, and relays the events themselves."""

    def read(self, event: Event, draft: Draft) -> None:
        self._event = event
        super().read(event, draft)
        if not draft.is_done:
            draft.relay_event(event)

    def _read_stop(self, draft: Draft) -> None:
        self.is_complete = True
        draft.add_facts(self._usage())
        draft.finish(framed(self._event))

    def _send_details(self, draft: Draft) -> None:
        self._thought = {}

    def _send(
        self, delta: dict[str, Any], draft: Draft, reason: str | None = None
    ) -> None:
        """Send nothing: the event is relayed as it came."""


def _object(fields: dict[str, Any], name: str) -> dict[str, Any]:
    value = fields.get(name)
    return value if isinstance(value, dict) else {}

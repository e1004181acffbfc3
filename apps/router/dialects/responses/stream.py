"""The events of a Response, whoever gives the answer.

https://platform.openai.com/docs/api-reference/responses-streaming
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from apps.kit.errors import AppError
from apps.providers.wire import StreamPart
from apps.router.account import Account
from apps.router.dialects.calls import CallQueue, Step
from apps.router.dialects.costs import own_events_with_cost
from apps.router.dialects.deltas import Delta, deltas_of
from apps.router.dialects.responses import write
from apps.router.dialects.responses.tools import custom_names
from apps.router.replies import sse

type Item = dict[str, Any]
# Rewrites an event that a provider of the same protocol sent; bytes in, bytes out.
type Amend = Callable[[bytes], bytes]
# What a failed Response says of itself, by our status.
_CODES = {429: "rate_limit_exceeded"}


@dataclass(slots=True)
class Open:
    """The item that is being written."""

    kind: str
    item: Item
    texts: list[str] = field(default_factory=list)
    logprobs: list[Item] = field(default_factory=list)
    signed: list[Item] = field(default_factory=list)
    has_part: bool = False

    @property
    def text(self) -> str:
        return "".join(self.texts)


class ResponsesWording:
    """Relays a provider's own events, or makes them out of OpenAI's chunks."""

    pulse = b": keep-alive\n\n"

    def __init__(
        self, account: Account, *, asked: dict[str, Any], amend: Amend | None = None
    ) -> None:
        self._account = account
        self._asked = asked
        self._amend = amend
        self._customs = custom_names(asked.get("tools"))
        self._key = account.request_id.hex
        self._out: list[bytes] = []
        self._number = 0
        self._has_begun = False
        self._last: bytes | None = None
        self._open: Open | None = None
        self._output: list[Item] = []
        self._calls = CallQueue()
        # The whole of it in the end, for whoever keeps it.
        self.response: dict[str, Any] = {}

    def part(self, part: StreamPart) -> bytes:
        if part.speech == "responses":
            return self._relayed(part)
        self._begin()
        for delta in deltas_of(part.data):
            self._word(delta)
        return self._taken()

    def end(self, account: Account) -> bytes:
        if self._last is not None:
            return self._last
        self._begin()
        for step in self._calls.finish():
            self._step(step)
        self._close()
        if not self._output:
            self._enter("message", write.message(self._key, [], status="in_progress"))
            self._close()
        final = write.ending(account)
        self.response = {**write.opening(account, self._asked), **final}
        self.response["output"] = self._output
        self._say(f"response.{final['status']}", response=self.response)
        return self._taken()

    def error(self, error: AppError, request_id: str) -> bytes:
        """The Response that failed, then the error itself, at which SDKs raise."""
        code = _CODES.get(error.status, "server_error")
        said = {"code": code, "message": error.message}
        head = write.opening(self._account, self._asked)
        failed = {**head, "status": "failed", "error": said, "output": self._output}
        self._say("response.failed", response=failed)
        body = error.body(request_id)
        flat = {"code": error.code, "message": error.message, "param": error.param}
        self._say("error", **flat, **body)
        return self._taken()

    def _relayed(self, part: StreamPart) -> bytes:
        data = part.data
        if part.is_done:
            data = own_events_with_cost(data, self._account, at="response")
        if self._amend is not None:
            data = self._amend(data)
        if part.is_done:
            # Held back until the account is settled.
            self._last = data
            return b""
        return data

    def _taken(self) -> bytes:
        said, self._out = b"".join(self._out), []
        return said

    def _say(self, kind: str, **fields: Any) -> None:
        numbered = {"type": kind, "sequence_number": self._number, **fields}
        self._out.append(sse(kind, numbered))
        self._number += 1

    def _begin(self) -> None:
        if not self._has_begun:
            self._has_begun = True
            begun = write.opening(self._account, self._asked)
            self._say("response.created", response=begun)
            self._say("response.in_progress", response=begun)

    def _word(self, delta: Delta) -> None:
        if delta.thought:
            self._think(delta.thought)
        for detail in delta.details:
            if write.is_signed(detail):
                self._entered_reasoning().signed.append(detail)
        if delta.text:
            self._text(delta)
        if delta.refusal:
            self._refuse(delta.refusal)
        for call in delta.calls:
            for step in self._calls.add(call):
                self._step(step)

    def _entered_reasoning(self) -> Open:
        item = {"id": f"rs_{self._key}", "type": "reasoning", "summary": []}
        return self._enter("reasoning", item)

    def _think(self, thought: str) -> None:
        opened = self._entered_reasoning()
        place = {**self._place(opened), "summary_index": 0}
        if not opened.has_part:
            opened.has_part = True
            begun = {"type": "summary_text", "text": ""}
            self._say("response.reasoning_summary_part.added", **place, part=begun)
        opened.texts.append(thought)
        self._say("response.reasoning_summary_text.delta", **place, delta=thought)

    def _text(self, delta: Delta) -> None:
        opened = self._entered_message("message", write.text_part("", []))
        logprobs = list(map(write.logprob, delta.logprobs))
        opened.texts.append(delta.text)
        opened.logprobs += logprobs
        place = {**self._place(opened), "content_index": 0}
        said = {"delta": delta.text, "logprobs": logprobs}
        self._say("response.output_text.delta", **place, **said)

    def _refuse(self, refusal: str) -> None:
        opened = self._entered_message("refusal", {"type": "refusal", "refusal": ""})
        opened.texts.append(refusal)
        place = {**self._place(opened), "content_index": 0}
        self._say("response.refusal.delta", **place, delta=refusal)

    def _entered_message(self, kind: str, part: Item) -> Open:
        begun = write.message(self._named("msg"), [], status="in_progress")
        opened = self._enter(kind, begun)
        if not opened.has_part:
            opened.has_part = True
            place = {**self._place(opened), "content_index": 0}
            self._say("response.content_part.added", **place, part=part)
        return opened

    def _named(self, kind: str) -> str:
        """The key of an item; a second of its kind gets a number."""
        count = sum(item["id"].startswith(kind) for item in self._output)
        return f"{self._key}_{count}" if count else self._key

    def _step(self, step: Step) -> None:
        if step.is_end:
            self._close()
            return
        if step.is_start:
            self._close()
            call = step.call
            number = sum("call" in item["type"] for item in self._output)
            item = write.call_item(
                self._key,
                number,
                call.id,
                call.name,
                is_custom=call.name in self._customs,
            )
            self._enter(item["type"], item)
            return
        assert self._open is not None  # noqa: S101  # a call that goes on was begun
        self._open.texts.append(step.arguments)
        if self._open.kind == "function_call":
            place = self._place(self._open)
            kind = "response.function_call_arguments.delta"
            self._say(kind, **place, delta=step.arguments)

    def _enter(self, kind: str, item: Item) -> Open:
        """Have an item of this kind open."""
        if self._open is not None and self._open.kind == kind:
            return self._open
        self._close()
        self._open = opened = Open(kind, item)
        place = {"output_index": len(self._output)}
        self._say("response.output_item.added", **place, item=item)
        return opened

    def _place(self, opened: Open) -> Item:
        return {"item_id": opened.item["id"], "output_index": len(self._output)}

    def _close(self) -> None:
        opened, self._open = self._open, None
        if opened is None:
            return
        item = _ENDS[opened.kind](self, opened)
        place = {"output_index": len(self._output)}
        self._say("response.output_item.done", **place, item=item)
        self._output.append(item)

    def _end_reasoning(self, opened: Open) -> Item:
        if opened.has_part:
            place = {**self._place(opened), "summary_index": 0}
            text = opened.text
            self._say("response.reasoning_summary_text.done", **place, text=text)
            part = {"type": "summary_text", "text": text}
            self._say("response.reasoning_summary_part.done", **place, part=part)
        made = write.reasoning(self._key, opened.text, opened.signed)
        return {**made, "id": opened.item["id"]}

    def _end_message(self, opened: Open) -> Item:
        if not opened.has_part:
            self._open = opened
            self._entered_message("message", write.text_part("", []))
            self._open = None
        place = {**self._place(opened), "content_index": 0}
        if opened.kind == "refusal":
            part = {"type": "refusal", "refusal": opened.text}
            self._say("response.refusal.done", **place, refusal=opened.text)
        else:
            part = write.text_part(opened.text, opened.logprobs)
            said = {"text": opened.text, "logprobs": opened.logprobs}
            self._say("response.output_text.done", **place, **said)
        self._say("response.content_part.done", **place, part=part)
        return {**opened.item, "status": "completed", "content": [part]}

    def _end_call(self, opened: Open) -> Item:
        item = write.finished_call(opened.item, opened.text)
        place = self._place(opened)
        if opened.kind == "function_call":
            said = {"name": item["name"], "arguments": item["arguments"]}
            self._say("response.function_call_arguments.done", **place, **said)
        else:
            written = item["input"]
            self._say("response.custom_tool_call_input.delta", **place, delta=written)
            self._say("response.custom_tool_call_input.done", **place, input=written)
        return item


_ENDS: dict[str, Callable[[ResponsesWording, Open], Item]] = {
    "reasoning": ResponsesWording._end_reasoning,
    "message": ResponsesWording._end_message,
    "refusal": ResponsesWording._end_message,
    "function_call": ResponsesWording._end_call,
    "custom_tool_call": ResponsesWording._end_call,
}

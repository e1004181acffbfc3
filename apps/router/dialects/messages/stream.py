"""A stream of Anthropic's events, whoever gives the answer.

https://platform.claude.com/docs/en/build-with-claude/streaming
"""

from typing import Any, Final

from apps.kit.errors import AppError
from apps.providers.adapters.anthropic import FOREIGN_SIGNATURE
from apps.providers.wire import StreamPart, Usage
from apps.router.account import Account
from apps.router.dialects.calls import CallQueue, Step
from apps.router.dialects.costs import cost_of, own_events_with_cost
from apps.router.dialects.deltas import Delta, deltas_of
from apps.router.dialects.messages.errors import fail
from apps.router.dialects.messages.write import ending, opening, usage_shape
from apps.router.replies import sse

PING: Final = sse("ping", {"type": "ping"})
STOP: Final = sse("message_stop", {"type": "message_stop"})


class MessagesWording:
    """Relays a provider's own events, or makes them out of OpenAI's chunks."""

    pulse = PING

    def __init__(self, account: Account, *, shows_thoughts: bool) -> None:
        self._account = account
        self._shows_thoughts = shows_thoughts
        self._out: list[bytes] = []
        self._has_begun = False
        self._is_native = False
        self._last = STOP
        self._index = -1
        self._open = ""
        self._calls = CallQueue()
        self._stop = ""

    def part(self, part: StreamPart) -> bytes:
        if part.speech == "anthropic":
            return self._relayed(part)
        self._begin()
        for delta in deltas_of(part.data):
            self._word(delta)
        return self._taken()

    def end(self, account: Account) -> bytes:
        if self._is_native:
            return self._last
        self._begin()
        for step in self._calls.finish():
            self._step(step)
        self._close()
        has_calls = bool(self._calls.calls)
        reason = ending(account.finish_reason, stop=self._stop, has_calls=has_calls)
        usage = usage_shape(account.final_usage())
        del usage["cache_creation"]  # no part of a delta's usage
        usage["cost"] = cost_of(account)
        self._say("message_delta", delta=reason, usage=usage)
        return self._taken() + STOP

    def error(self, error: AppError, request_id: str) -> bytes:
        return sse("error", fail(error, request_id))

    def _relayed(self, part: StreamPart) -> bytes:
        self._is_native = True
        if part.is_done:
            # Held back until the account is settled.
            self._last = part.data or STOP
            return b""
        if b"event: message_delta\n" in part.data:
            return own_events_with_cost(part.data, self._account)
        return part.data

    def _taken(self) -> bytes:
        said, self._out = b"".join(self._out), []
        return said

    def _say(self, kind: str, **fields: Any) -> None:
        self._out.append(sse(kind, {"type": kind, **fields}))

    def _begin(self) -> None:
        if self._has_begun:
            return
        self._has_begun = True
        # The counts are not known yet; those of the end are cumulative.
        begun = {
            **opening(self._account),
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": usage_shape(Usage()),
        }
        self._say("message_start", message=begun)
        self._out.append(PING)

    def _word(self, delta: Delta) -> None:
        if delta.thought and self._shows_thoughts:
            self._enter("thinking", {"thinking": "", "signature": ""})
            self._add("thinking_delta", thinking=delta.thought)
        if text := delta.text or delta.refusal:
            self._enter("text", {"text": ""})
            self._add("text_delta", text=text)
        for call in delta.calls:
            for step in self._calls.add(call):
                self._step(step)
        self._stop = delta.stop or self._stop

    def _step(self, step: Step) -> None:
        if step.is_start:
            named = {"id": step.call.id, "name": step.call.name}
            self._enter("tool_use", {**named, "input": {}}, is_new=True)
        elif step.is_end:
            self._close()
        else:
            self._add("input_json_delta", partial_json=step.arguments)

    def _enter(self, kind: str, block: dict[str, Any], *, is_new: bool = False) -> None:
        """Have a block of this kind open; text after a call goes into a new one."""
        if self._open == kind and not is_new:
            return
        self._close()
        self._index += 1
        self._open = kind
        started = {"type": kind, **block}
        self._say("content_block_start", index=self._index, content_block=started)

    def _add(self, kind: str, **fields: Any) -> None:
        delta = {"type": kind, **fields}
        self._say("content_block_delta", index=self._index, delta=delta)

    def _close(self) -> None:
        if self._open == "thinking":
            self._add("signature_delta", signature=FOREIGN_SIGNATURE)
        if self._open:
            self._say("content_block_stop", index=self._index)
        self._open = ""

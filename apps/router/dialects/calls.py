"""Parallel tool calls put one after the other, as every protocol but OpenAI's has them.

OpenAI's chunks may go to and fro between calls; clients of the others expect one block
at a time. So one call is open, the next waits in memory until the open one is whole,
which shows by its arguments being complete JSON, and mostly that is at once.
"""

from dataclasses import dataclass, field

import msgspec

from apps.router.dialects.deltas import CallDelta


@dataclass(slots=True)
class ToolCall:
    """One call as far as it has come."""

    id: str = ""
    name: str = ""
    pieces: list[str] = field(default_factory=list)

    @property
    def arguments(self) -> str:
        return "".join(self.pieces)

    def is_whole(self) -> bool:
        try:
            msgspec.json.decode(self.arguments)
        except msgspec.DecodeError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Step:
    """What to say next: a call begins, goes on, or is over."""

    call: ToolCall
    is_start: bool = False
    is_end: bool = False
    arguments: str = ""


@dataclass(slots=True)
class CallQueue:
    """The calls of one answer, in the order in which they began."""

    calls: list[ToolCall] = field(default_factory=list)
    _by_index: dict[int, ToolCall] = field(default_factory=dict)
    _open: int = -1

    def add(self, delta: CallDelta) -> list[Step]:
        """Take a piece; the steps that can be said now."""
        call = self._call_of(delta)
        call.name = call.name or delta.name
        if delta.arguments:
            call.pieces.append(delta.arguments)
        if 0 <= self._open < len(self.calls) and call is self.calls[self._open]:
            said = [Step(call, arguments=delta.arguments)] if delta.arguments else []
            return said + self._advance()
        return self._advance()

    def finish(self) -> list[Step]:
        """Everything that is still to be said."""
        steps: list[Step] = []
        while self._open < len(self.calls):
            steps += self._close() + self._begin()
        return steps

    def _call_of(self, delta: CallDelta) -> ToolCall:
        call = self._by_index.get(delta.index)
        # Some servers number all calls 0; another id is another call.
        if call is None or (delta.id and call.id and delta.id != call.id):
            call = self._by_index[delta.index] = ToolCall(delta.id)
            self.calls.append(call)
        call.id = call.id or delta.id
        return call

    def _advance(self) -> list[Step]:
        steps: list[Step] = []
        while self._open + 1 < len(self.calls):
            if self._open >= 0 and not self.calls[self._open].is_whole():
                break
            steps += self._close() + self._begin()
        return steps

    def _close(self) -> list[Step]:
        if 0 <= self._open < len(self.calls):
            return [Step(self.calls[self._open], is_end=True)]
        return []

    def _begin(self) -> list[Step]:
        self._open += 1
        if self._open >= len(self.calls):
            return []
        call = self.calls[self._open]
        steps = [Step(call, is_start=True)]
        if call.arguments:
            steps.append(Step(call, arguments=call.arguments))
        return steps

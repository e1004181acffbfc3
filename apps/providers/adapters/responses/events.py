"""The events of a Response, relayed as they come and read for their facts."""

from typing import Any, Final

import msgspec

from apps.providers.adapters.responses.answer import finish_reason, usage_of
from apps.providers.adapters.sse import Event
from apps.providers.adapters.stream import Draft, StreamDecoder, framed
from apps.providers.errors import BadAnswerError, from_error_object

# Events whose `delta` is output, beside the answer's own text.
_OUTPUT: Final = frozenset(
    (
        "response.custom_tool_call_input.delta",
        "response.function_call_arguments.delta",
        "response.reasoning_summary_text.delta",
        "response.reasoning_text.delta",
        "response.refusal.delta",
    )
)
_ENDS: Final = frozenset(("response.completed", "response.incomplete"))


class _Fields(msgspec.Struct, gc=False):
    type: str = ""
    delta: Any = None
    response: Any = None
    code: Any = None
    message: Any = None
    error: Any = None


_read: Final = msgspec.json.Decoder(_Fields).decode


def decoder(created: int = 0) -> StreamDecoder:
    """A decoder for one stream."""
    del created
    return StreamDecoder(_Reader(), "responses")


class _Reader:
    def __init__(self) -> None:
        self.is_complete = False

    def read(self, event: Event, draft: Draft) -> None:
        fields = _fields_of(event)
        if fields.type == "error" or fields.type == "response.failed":
            raise from_error_object(_error_of(fields))
        if fields.type in _ENDS:
            self._finish(fields, event, draft)
            return
        if isinstance(fields.delta, str):
            if fields.type == "response.output_text.delta":
                draft.add_output(fields.delta, len(fields.delta))
            elif fields.type in _OUTPUT:
                draft.add_output("", len(fields.delta))
        draft.relay_event(event)

    def _finish(self, fields: _Fields, event: Event, draft: Draft) -> None:
        self.is_complete = True
        response = fields.response if isinstance(fields.response, dict) else {}
        draft.add_facts(usage_of(response), finish_reason(response))
        draft.finish(framed(event))


def _fields_of(event: Event) -> _Fields:
    try:
        return _read(event[1])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise BadAnswerError("an event of the stream is not JSON") from problem


def _error_of(fields: _Fields) -> Any:
    if isinstance(fields.response, dict):
        return fields.response.get("error") or {}
    return fields.error or {"code": fields.code, "message": fields.message}

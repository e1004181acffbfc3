"""What the fake provider shall do with one request."""

from dataclasses import dataclass, field
from typing import Any, Literal

Fault = Literal[
    "silent",  # takes the request and never answers
    "reset",  # resets the connection before any byte
    "reset_body",  # resets it in the middle of the body
    "half_body",  # closes it properly in the middle of the body
    "stale",  # closes a connection that was used before, as if it had idled out
    "not_http",  # answers something that is no HTTP
    "long_header",  # sends a header line of 64 KB
    "garbage",  # 200 and JSON by its type, but not by its content
    "html",  # 200 and a web page
    "slow",  # one byte a second
    "huge",  # 100 MB, announced
    "huge_chunked",  # 100 MB, not announced
    "endless",  # a stream that never ends
    "dies",  # a stream whose connection is closed after `fault_after` chunks
    "ends_early",  # a stream that ends properly after `fault_after` chunks
    "error_event",  # a stream with an error event after `fault_after` chunks
    "no_done",  # a stream without its last words, otherwise whole
    "lingers",  # a stream whose HTTP body stays open after its last words
    "not_streamed",  # a whole answer where a stream was asked for
]


_LASTING = ("silent", "slow", "endless", "lingers")


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call of a tool, its arguments as JSON text."""

    name: str
    arguments: str
    id: str = "call_1"


@dataclass(frozen=True, slots=True)
class Script:
    """One answer. Times are in seconds; what is not set is as usual."""

    text: str = "Hello"
    status: int = 200
    message: str = "scripted failure"
    retry_after: str | None = None
    # Before the headers, before the first chunk, and between chunks.
    delay_s: float = 0.0
    first_s: float = 0.0
    gap_s: float = 0.0
    chunks: int = 4
    is_chunked: bool = False  # a whole answer without its length
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: str | None = None
    # The usage to report, in the protocol's own shape. None: counted by length,
    # {}: none is reported.
    usage: dict[str, Any] | None = None
    fault: Fault | None = None
    fault_after: int = 1
    error: dict[str, Any] = field(default_factory=dict)  # of an error event

    @property
    def takes_time(self) -> bool:
        """The client may leave while this is being answered."""
        pauses = self.delay_s or self.first_s or self.gap_s
        return bool(pauses) or self.fault in _LASTING

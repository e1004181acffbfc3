"""What every protocol's stream decoder shares: bytes in, parts of an answer out."""

from typing import Protocol

from apps.providers.adapters.sse import Event, EventSplitter
from apps.providers.errors import ConnectionFailedError, UpstreamError
from apps.providers.wire import Speech, StreamPart, Usage


class Draft:
    """Collects what one read of the network brought, as few parts as possible."""

    __slots__ = (
        "_characters",
        "_data",
        "_finish_reason",
        "_speech",
        "_texts",
        "_usage",
        "is_done",
        "parts",
    )

    def __init__(self, speech: Speech = "openai") -> None:
        self.parts: list[StreamPart] = []
        self.is_done = False
        self._speech = speech
        self._clear()

    def _clear(self) -> None:
        self._data: list[bytes] = []
        self._texts: list[str] = []
        self._characters = 0
        self._finish_reason: str | None = None
        self._usage: Usage | None = None

    def add_output(self, text: str, characters: int) -> None:
        """Note generated output; `text` is the part of it that is the answer."""
        if text:
            self._texts.append(text)
        self._characters += characters

    def add_facts(self, usage: Usage | None, finish_reason: str | None = None) -> None:
        self._usage = usage or self._usage
        self._finish_reason = finish_reason or self._finish_reason

    def relay(self, data: bytes) -> None:
        """Pass one event's JSON on."""
        if data.find(b"\n") >= 0:  # between two tokens; a string cannot hold it
            data = data.replace(b"\n", b" ")
        self._data.append(b"data: %b\n\n" % data)

    def relay_event(self, event: Event) -> None:
        """Pass one event on with its name, for a caller of the same protocol."""
        self._data.append(framed(event))

    def flush(self) -> None:
        if self._data or self._characters or self._usage or self._finish_reason:
            self.parts.append(
                StreamPart(
                    data=b"".join(self._data),
                    text="".join(self._texts),
                    characters=self._characters,
                    usage=self._usage,
                    finish_reason=self._finish_reason,
                    is_token=self._characters > 0,
                    speech=self._speech,
                )
            )
            self._clear()

    def relay_usage(self, data: bytes, usage: Usage) -> None:
        """Pass the event on that carries nothing but usage, apart from the others."""
        self.flush()
        self.relay(data)
        event = b"".join(self._data)
        self._clear()
        self.parts.append(StreamPart(data=event, usage=usage, is_usage_only=True))

    def finish(self, last: bytes = b"") -> None:
        """Close the answer; `last` is the event that says so, where one is relayed."""
        self.flush()
        self.parts.append(StreamPart(data=last, is_done=True, speech=self._speech))
        self.is_done = True


def framed(event: Event) -> bytes:
    """An event's bytes as they are sent on."""
    name, data = event
    if data.find(b"\n") >= 0:
        data = data.replace(b"\n", b"\ndata: ")
    if name:
        return b"event: %b\ndata: %b\n\n" % (name, data)
    return b"data: %b\n\n" % data


class EventReader(Protocol):
    """One protocol's reading of its events; raises UpstreamError for an error event."""

    # The provider has said that the answer is whole, be it by `[DONE]`, by a finish
    # reason or by an event of its own.
    is_complete: bool

    def read(self, event: Event, draft: Draft) -> None: ...


class StreamDecoder:
    """Decodes one stream. The order in which it is asked is always: `feed` until
    the network ends, `finish`, and after each of them `problem`, so that what came
    before an error is never lost.
    """

    def __init__(self, reader: EventReader, speech: Speech = "openai") -> None:
        self._reader = reader
        self._speech: Speech = speech
        self._splitter = EventSplitter()
        self.problem: UpstreamError | None = None
        self.is_done = False

    def feed(self, chunk: bytes) -> list[StreamPart]:
        """The parts that these bytes complete."""
        if self.is_done or self.problem:
            return []
        draft = Draft(self._speech)
        try:
            self._read(self._splitter.feed(chunk), draft)
        except UpstreamError as problem:
            self.problem = problem
        if not draft.is_done:
            draft.flush()
        return draft.parts

    def finish(self) -> list[StreamPart]:
        """What the end of the network's stream completes, or leaves broken."""
        if self.is_done or self.problem:
            return []
        draft = Draft(self._speech)
        broken = ConnectionFailedError("the stream broke off")
        try:
            self._read(self._splitter.finish(), draft)
        except UpstreamError:
            self.problem = broken  # half an event
        # Some servers close after the finish reason and never send `[DONE]`.
        if self._reader.is_complete and not draft.is_done:
            draft.finish()
            self.is_done = True
        elif not self.is_done:
            draft.flush()
            self.problem = broken
        return draft.parts

    def _read(self, events: list[Event], draft: Draft) -> None:
        for event in events:
            self._reader.read(event, draft)
            if draft.is_done:
                self.is_done = True
                return

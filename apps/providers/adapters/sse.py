"""Server-sent events out of bytes that may be cut anywhere."""

from typing import Final

from apps.providers.errors import BadAnswerError

# A tool call may carry a whole file, but an event that never ends is an attack.
MAX_EVENT_BYTES: Final = 8 * 1024 * 1024


# One event: its name (mostly empty) and its data, lines joined by LF.
type Event = tuple[bytes, bytes]


class EventSplitter:
    """Takes bytes as they come and gives whole events, comments left out."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._ended_in_cr = False

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that this chunk completes."""
        # `find`, because `in` first tries to read the bytes as a number: 0.5 µs.
        if self._ended_in_cr or chunk.find(b"\r") >= 0:
            chunk = self._with_plain_ends(chunk)
        if not self._rest and chunk.endswith(b"\n\n"):
            return _events(chunk)  # most reads end where an event ends
        searched = max(0, len(self._rest) - 1)
        self._rest += chunk
        end = self._rest.rfind(b"\n\n", searched)
        if end < 0:
            if len(self._rest) > MAX_EVENT_BYTES:
                raise BadAnswerError("an event of the stream does not end")
            return []
        whole = bytes(self._rest[: end + 2])
        del self._rest[: end + 2]
        return _events(whole)

    def finish(self) -> list[Event]:
        """The event that the end of the stream left without its blank line."""
        whole, self._rest = bytes(self._rest), bytearray()
        return _events(whole)

    def _with_plain_ends(self, chunk: bytes) -> bytes:
        # CR, LF and CRLF all end a line; a CRLF may be cut between two chunks.
        if self._ended_in_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
            self._ended_in_cr = False
        if chunk:
            self._ended_in_cr = chunk.endswith(b"\r")
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _events(whole: bytes) -> list[Event]:
    if whole.startswith(b"data: ") and whole.find(b"\n") == len(whole) - 2:
        return [(b"", whole[6:-2])]  # one plain event: the usual case by far
    events = []
    for block in whole.split(b"\n\n"):
        if block.startswith(b"data: ") and block.find(b"\n") < 0:
            events.append((b"", block[6:]))
        elif (event := _event(block)) is not None:
            events.append(event)
    return events


def _event(block: bytes) -> Event | None:
    name, data = b"", []
    for line in block.split(b"\n"):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value
    return (name, b"\n".join(data)) if data else None

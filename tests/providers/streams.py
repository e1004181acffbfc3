"""Decode a whole stream from recorded bytes, cut as a test wants it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from apps.providers.adapters.stream import StreamDecoder
from apps.providers.errors import UpstreamError
from apps.providers.wire import StreamPart, Usage


@dataclass
class Seen:
    """What a caller has of a stream in the end, however it was cut."""

    data: bytes = b""
    usage_data: bytes = b""
    text: str = ""
    characters: int = 0
    usage: Usage | None = None
    finish_reason: str | None = None
    is_done: bool = False
    problem: UpstreamError | None = field(default=None, compare=False)

    def add(self, part: StreamPart) -> None:
        if part.is_usage_only:
            self.usage_data += part.data
        else:
            self.data += part.data
        self.text += part.text
        self.characters += part.characters
        self.usage = part.usage or self.usage
        self.finish_reason = part.finish_reason or self.finish_reason
        self.is_done = self.is_done or part.is_done


def decode_stream(make: Callable[[], StreamDecoder], chunks: Iterable[bytes]) -> Seen:
    seen, decoder = Seen(), make()
    for chunk in chunks:
        for part in decoder.feed(chunk):
            seen.add(part)
    for part in decoder.finish():
        seen.add(part)
    seen.problem = decoder.problem
    return seen


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    """The stream in pieces, cut at these places."""
    edges = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[start:end] for start, end in pairwise(edges)]

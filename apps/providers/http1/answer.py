"""One answer as it comes in, and what may go wrong with it."""

import asyncio
import zlib
from typing import Any, Final, Protocol

# Above this, a server is told to wait until its reader has caught up.
MOST_BUFFERED: Final = 256 * 1024
INFLATE_STEP: Final = 1024 * 1024


class TransportError(Exception):
    """The network's part of a failure; `args[0]` says what, in words."""


class NotHTTPError(TransportError):
    """What came is not HTTP, or more of it than anybody needs."""


class NoConnectionError(TransportError):
    """Nobody was reached at this address."""


class LostError(TransportError):
    """The connection went away before the answer was whole."""


class Line(Protocol):
    """The connection that an answer comes in over."""

    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def done(self, answer: "Answer") -> None: ...


class Answer:
    """One answer as it comes in. Whoever has it must close it."""

    __slots__ = (
        "_chunks",
        "_connection",
        "_inflate",
        "_problem",
        "_size",
        "_waiter",
        "headers",
        "is_whole",
        "status",
    )

    def __init__(self, connection: Line) -> None:
        self.status = 0  # until the head has come
        self.headers: dict[str, str] = {}
        self.is_whole = False  # all of it has come, though maybe not been read
        self._connection = connection
        self._chunks: list[bytes] = []
        self._size = 0
        self._problem: TransportError | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._inflate: Any = None

    @property
    def is_read(self) -> bool:
        """Whether nothing is left to be read."""
        return self.is_whole and not self._chunks

    @property
    def length(self) -> int | None:
        """The body's length by its header; None without one, or when packed."""
        if "content-encoding" in self.headers:
            return None
        value = self.headers.get("content-length", "")
        return int(value) if value.isascii() and value.isdigit() else None

    async def begun(self) -> None:
        """Wait for status and headers; raises TransportError."""
        while not self.status:
            await self._news()

    def read_now(self) -> bytes:
        """What of the body has come; empty when nothing new has."""
        chunks = self._chunks
        if not chunks:
            return b""
        data = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        chunks.clear()
        if self._size > MOST_BUFFERED:
            self._connection.resume()
        self._size = 0
        return data if self._inflate is None else self._inflated(data)

    async def read_some(self) -> bytes:
        """The next bytes of the body; empty at its end. Raises TransportError."""
        while not self._chunks:
            if self.is_whole:
                return b""
            await self._news()
        # Packed bytes may be too few to give any; then more are waited for.
        return self.read_now() or await self.read_some()

    async def read(self) -> bytes:
        """The whole body, whose length was looked at before."""
        parts = []
        # Taken as it comes: a connection that waits for its reader sends no end.
        while not self.is_whole:
            await self._news()
            parts.append(self.read_now())
        parts.append(self.read_now())
        return b"".join(parts)

    def close(self) -> None:
        """Keep the connection where the answer was read to its end; else end it."""
        self._connection.done(self)

    # The rest is for the connection.

    def head_came(self, status: int) -> None:
        packed = self.headers.get("content-encoding", "identity").lower()
        if packed in {"gzip", "deflate", "x-gzip"}:
            self._inflate = zlib.decompressobj(wbits=47)
        elif packed != "identity":
            self.failed(NotHTTPError(f"the answer is packed as {packed[:20]}"))
            return
        self.status = status

    def body_came(self, data: bytes) -> None:
        self._chunks.append(data)
        self._size += len(data)
        if self._size > MOST_BUFFERED:
            self._connection.pause()

    def failed(self, problem: TransportError) -> None:
        if not self.is_whole and self._problem is None:
            self._problem = problem
            self.wake()

    def wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def _news(self) -> None:
        if self._problem is not None:
            raise self._problem
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _inflated(self, data: bytes) -> bytes:
        """Unpack at most a step of it; the rest waits for the next reading."""
        try:
            plain: bytes = self._inflate.decompress(data, INFLATE_STEP)
        except zlib.error as problem:
            raise NotHTTPError("the answer cannot be unpacked") from problem
        if rest := self._inflate.unconsumed_tail:
            self._chunks.insert(0, rest)
        return plain

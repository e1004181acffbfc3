"""Be an OpenAI-compatible upstream that costs next to nothing.

`python -m bench.mock PORT` listens on loopback until it is told to stop. One
process, prepared answers, no framework: on the core that it shares with the load
generator it must leave the gateway the slowest part of the chain.
"""

import asyncio
import sys
from typing import Final, cast

import uvloop

from bench.answers import Script, answer, ending, read_script, usage_numbers
from bench.http1 import HEAD_END, closes, content_length, is_chunked
from bench.prompts import HOST

_HEALTH: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n"
    b'\r\n{"status":"ok"}'
)
_MODELS_BODY: Final = b'{"object":"list","data":[{"id":"mock","object":"model"}]}'
_MODELS: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
    % (len(_MODELS_BODY), _MODELS_BODY)
)
_LENGTH_REQUIRED: Final = (
    b"HTTP/1.1 411 Length Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
)


class Upstream(asyncio.Protocol):
    """One connection: a request at a time, kept alive between them."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._buffer = b""
        self._need = 0
        self._is_busy = False
        self._ends_after = False
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        if not self._is_busy and len(self._buffer) >= self._need:
            self._take()

    def _take(self) -> None:
        """Answer the buffer's first request, once it is all there."""
        end = self._buffer.find(HEAD_END)
        if end < 0:
            return
        head, start = self._buffer[: end + 2], end + 4
        if is_chunked(head):
            self._transport.write(_LENGTH_REQUIRED)
            self._transport.close()
            return
        self._need = start + (content_length(head) or 0)
        if len(self._buffer) < self._need:
            return
        body = self._buffer[start : self._need]
        self._buffer, self._need = self._buffer[self._need :], 0
        self._ends_after = closes(head)
        self._start(head, body)

    def _start(self, head: bytes, body: bytes) -> None:
        self._is_busy = True
        if not head.startswith(b"POST"):
            path = head.split(b" ", 2)[1]
            self._finish(_MODELS if path.endswith(b"/models") else _HEALTH)
            return
        script = read_script(body)
        numbers = usage_numbers(script, body)
        if script.delay_s:
            self._later(script.delay_s, script, numbers)
        else:
            self._speak(script, numbers)

    def _speak(self, script: Script, numbers: tuple[int, int, int]) -> None:
        prepared = answer(script)
        if script.is_stream and script.gap_s:
            self._transport.write(prepared.head)
            self._stream(script, numbers, 0)
            return
        words = b"".join(prepared.chunks)
        self._finish(prepared.head + words + ending(script, numbers))

    def _stream(self, script: Script, numbers: tuple[int, int, int], sent: int) -> None:
        """Send the next chunk, and plan the one after it."""
        words = answer(script).chunks[sent]
        if sent + 1 == script.chunks:
            self._finish(words + ending(script, numbers))
            return
        self._transport.write(words)
        self._timer = self._loop.call_later(
            script.gap_s, self._stream, script, numbers, sent + 1
        )

    def _later(
        self, delay_s: float, script: Script, numbers: tuple[int, int, int]
    ) -> None:
        self._timer = self._loop.call_later(delay_s, self._speak, script, numbers)

    def _finish(self, data: bytes) -> None:
        self._transport.write(data)
        self._is_busy = False
        if self._ends_after:
            self._transport.close()
        elif self._buffer:
            self._take()


async def serve(port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Upstream, HOST, port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))

"""One client's connection to the fake provider."""

import asyncio
import socket
import struct
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import msgspec


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it arrived; header names in lower case."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    is_first: bool  # on its connection

    @property
    def model(self) -> str:
        return str(self.body.get("model", ""))

    @property
    def key(self) -> str:
        """The API key it came with, in either protocol's header."""
        bearer = self.headers.get("authorization", "").removeprefix("Bearer ")
        return bearer or self.headers.get("x-api-key", "")


class Connection:
    """One client's connection: reads requests, writes answers, notices a leaver."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._reader = reader
        self.writer = writer
        self._early = b""
        self._is_first = True

    async def receive(self) -> Received | None:
        """The next request; None when the client has closed."""
        early, self._early = self._early, b""
        try:
            head = early + await self._reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines if line)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        raw = await self._reader.readexactly(int(headers.get("content-length", 0)))
        body = msgspec.json.decode(raw, type=dict[str, Any]) if raw else {}
        received = Received(first.split(" ")[1], headers, body, self._is_first)
        self._is_first = False
        return received

    async def unless_left(self, answer: Coroutine[None, None, bool]) -> bool:
        """Run the answer, but stop it when the client closes the connection."""
        work = asyncio.create_task(answer)
        watch = asyncio.create_task(self._reader.read(1))
        try:
            await asyncio.wait({work, watch}, return_when=asyncio.FIRST_COMPLETED)
            if watch.done():
                self._early = watch.result()
            if not work.done() and not self._early:
                raise ConnectionResetError("the client left")
            return await work
        finally:
            work.cancel()
            watch.cancel()
            await asyncio.gather(work, watch, return_exceptions=True)

    async def send_in_chunks(self, body: bytes) -> None:
        self.writer.write(head(200, "application/json", None))
        await self.chunk(body[: len(body) // 2])
        await self.chunk(body[len(body) // 2 :])
        await self.chunk(b"")

    async def send(
        self, status: int, body: bytes, kind: str = "application/json", extra: str = ""
    ) -> None:
        self.writer.write(head(status, kind, len(body), extra) + body)
        await self.writer.drain()

    async def chunk(self, data: bytes) -> None:
        """One piece of a body sent in chunks; an empty one ends it."""
        self.writer.write(b"%x\r\n%b\r\n" % (len(data), data))
        await self.writer.drain()

    async def close(self) -> None:
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()

    def reset(self) -> None:
        """Close so that the client sees a reset rather than an orderly end."""
        linger = struct.pack("ii", 1, 0)
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()


def head(status: int, kind: str, length: int | None, extra: str = "") -> bytes:
    size = (
        "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    )
    lines = f"HTTP/1.1 {status} Scripted\r\nContent-Type: {kind}\r\n{size}\r\n{extra}"
    return f"{lines}\r\n".encode()

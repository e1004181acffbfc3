"""The bare pass-through: the least that a gateway of this kind can cost.

It reads the request, sends it upstream and hands back what comes: no key check,
no choice, no accounting, no error handling. It is served by the same granian and
speaks through aiohttp, the usual client for such a thing, with the product's rare
garbage collection, so that it is what one would write by hand.
"""

import gc
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import aiohttp

from config.env import Env

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

# The product's own (apps.router.lifespan); importing it would load all of Django.
GC_THRESHOLD = 50_000
_UPSTREAM = Env().text("BENCH_UPSTREAM", "http://127.0.0.1:9000")
_HEADERS = {"Content-Type": "application/json"}
_sessions: list[aiohttp.ClientSession] = []


async def application(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    if scope["path"] == "/health":
        await _whole(send, 200, "application/json", b'{"status":"ok"}')
        return
    body = await _read(receive)
    url = _UPSTREAM + scope["path"]
    async with _sessions[0].post(url, data=body, headers=_HEADERS) as answer:
        kind = answer.headers.get("Content-Type", "")
        if kind.startswith("text/event-stream"):
            await _stream(send, answer, kind)
        else:
            await _whole(send, answer.status, kind, await answer.read())


async def _lifespan(receive: Receive, send: Send) -> None:
    """Hold one session with unlimited connections for the process's life."""
    await receive()
    connector = aiohttp.TCPConnector(limit=0)
    _sessions.append(aiohttp.ClientSession(connector=connector))
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await _sessions.pop().close()
    await send({"type": "lifespan.shutdown.complete"})


async def _read(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
    return body


async def _whole(send: Send, status: int, kind: str, body: bytes) -> None:
    headers = [
        (b"content-type", kind.encode()),
        (b"content-length", b"%d" % len(body)),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _stream(send: Send, answer: aiohttp.ClientResponse, kind: str) -> None:
    headers = [(b"content-type", kind.encode())]
    start = {"type": "http.response.start", "status": answer.status}
    await send({**start, "headers": headers})
    async for part in answer.content.iter_any():
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b""})

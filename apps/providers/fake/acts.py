"""How the fake provider acts out one script, faults included."""

import asyncio
from dataclasses import replace
from typing import Final

from apps.providers.fake import bodies
from apps.providers.fake.connection import Connection, Received, head
from apps.providers.fake.script import Script

HUGE_BYTES: Final = 100 * 1024 * 1024
_BLOCK: Final = b"a" * 65_536
_SSE: Final = "text/event-stream"
_JSON: Final = "application/json"
_CONNECTION_FAULTS: Final = frozenset(
    (
        "silent",
        "reset",
        "reset_body",
        "half_body",
        "stale",
        "not_http",
        "long_header",
        "garbage",
        "html",
        "slow",
        "huge",
        "huge_chunked",
    )
)


async def answer(connection: Connection, received: Received, script: Script) -> bool:
    """Act out the script; whether the connection can be used again."""
    await asyncio.sleep(script.delay_s)
    if script.status != 200:
        wait = f"Retry-After: {script.retry_after}\r\n" if script.retry_after else ""
        body = bodies.error_body(received.path, script)
        await connection.send(script.status, body, extra=wait)
        return True
    if script.fault in _CONNECTION_FAULTS:
        if script.fault == "stale" and received.is_first:
            script = replace(script, fault=None)
        else:
            return await _fail_early(connection, received, script)
    if received.body.get("stream") and script.fault != "not_streamed":
        return await _stream(connection, received, script)
    body = bodies.whole(received.path, received.body, script)
    if script.is_chunked:
        await connection.send_in_chunks(body)
    else:
        await connection.send(200, body)
    return True


async def _fail_early(
    connection: Connection, received: Received, script: Script
) -> bool:
    """The faults that do not depend on whether a stream was asked for."""
    kind = _SSE if received.body.get("stream") else _JSON
    body = bodies.whole(received.path, received.body, script)
    match script.fault:
        case "silent":
            await asyncio.Event().wait()
        case "reset":
            connection.reset()
        case "not_http":
            connection.writer.write(b"banana\r\n\r\n")
        case "long_header":
            long = f"X-Long: {'x' * 65_536}\r\n"
            await connection.send(200, body, kind, long)
        case "garbage":
            await connection.send(200, b"data: {]\n\n", kind)
        case "html":
            await connection.send(200, b"<h1>Welcome</h1>", "text/html")
        case "slow":
            await _trickle(connection, head(200, kind, len(body)) + body)
        case "huge" | "huge_chunked":
            await _flood(connection, is_announced=script.fault == "huge")
        case _:  # half_body, reset_body, stale
            await _half(connection, body, kind, script)
    return False


async def _half(connection: Connection, body: bytes, kind: str, script: Script) -> None:
    if script.fault == "stale":
        return
    connection.writer.write(head(200, kind, len(body)) + body[: len(body) // 2])
    await connection.writer.drain()
    if script.fault == "reset_body":
        # Let the half arrive: a reset discards what is still on its way.
        await asyncio.sleep(0.05)
        connection.reset()


async def _trickle(connection: Connection, data: bytes) -> None:
    while True:
        connection.writer.write(data[:1])
        await connection.writer.drain()
        data = data[1:]
        await asyncio.sleep(1)


async def _flood(connection: Connection, *, is_announced: bool) -> None:
    length = HUGE_BYTES if is_announced else None
    connection.writer.write(head(200, _JSON, length))
    for _ in range(HUGE_BYTES // len(_BLOCK)):  # pragma: no branch  # nobody stays
        if is_announced:
            connection.writer.write(_BLOCK)
            await connection.writer.drain()
        else:
            await connection.chunk(_BLOCK)


async def _stream(connection: Connection, received: Received, script: Script) -> bool:
    connection.writer.write(head(200, _SSE, None))
    await connection.writer.drain()
    await asyncio.sleep(script.first_s)
    events = bodies.events(received.path, received.body, script)
    for sent, event in enumerate(events):
        if sent >= script.fault_after and script.fault in (
            "dies",
            "ends_early",
            "error_event",
        ):
            return await _break_off(connection, received, script)
        await connection.chunk(event)
        if script.gap_s:
            await asyncio.sleep(script.gap_s)
        while script.fault == "endless" and sent + 1 >= script.fault_after:
            await connection.chunk(event)
            await asyncio.sleep(script.gap_s)
    if script.fault == "lingers":
        await asyncio.Event().wait()
    await connection.chunk(b"")
    return True


async def _break_off(
    connection: Connection, received: Received, script: Script
) -> bool:
    if script.fault == "error_event":
        await connection.chunk(bodies.error_event(received.path, script))
    if script.fault != "dies":
        await connection.chunk(b"")
    return False

"""The load generator against the mock: every answer is counted, none is timed here."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bench.load import Load, Plan, execute
from bench.mock import Upstream
from bench.prompts import HOST, Call


@pytest.fixture
async def port() -> AsyncIterator[int]:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Upstream, HOST, 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def _load(port: int, script: str, *, is_stream: bool = False) -> Load:
    call = Call(port, "key", "auto", script, is_stream)
    plan = Plan(call, 3, seconds=0.2, warm_s=0.0, spread_s=0.0, seed=1)
    return await execute(plan)


async def test_whole_answers_are_counted(port: int) -> None:
    load = await _load(port, "mock")

    assert load.answered >= load.counted > 0
    assert len(load.latencies) == load.answered
    assert (load.broken, load.statuses, load.chunks) == (0, {}, 0)


async def test_chunks_of_streams_are_counted(port: int) -> None:
    load = await _load(port, "mock-n5", is_stream=True)

    assert load.chunks == load.counted * (5 + 2)  # and the stop and the usage
    assert len(load.first_tokens) == load.answered


async def test_paced_streams_come_whole(port: int) -> None:
    load = await _load(port, "mock-d5-n4-i2", is_stream=True)

    assert load.broken == 0
    assert load.chunks == load.counted * (4 + 2)


async def test_refusals_are_kept_apart() -> None:
    server = await asyncio.start_server(_refuse, HOST, 0)
    async with server:
        load = await _load(server.sockets[0].getsockname()[1], "mock")

    assert set(load.statuses) == {503}
    assert (load.answered, load.latencies) == (0, [])


async def test_connection_that_ends_early_is_counted_as_broken() -> None:
    server = await asyncio.start_server(_cut, HOST, 0)
    async with server:
        load = await _load(server.sockets[0].getsockname()[1], "mock")

    assert load.broken > 0
    assert load.answered == 0


async def _refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    await writer.drain()
    writer.close()


async def _cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    await writer.drain()
    writer.close()

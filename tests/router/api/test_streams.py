"""A stream that Django was given is closed, whoever drops it and when."""

import asyncio
from collections.abc import AsyncIterator

from asgiref.sync import sync_to_async

from apps.router.replies import StreamReply
from apps.router.responses import EventStream, http_response


class Events:
    """Endless events that note their end."""

    def __init__(self) -> None:
        self.closed = 0

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        return b"data: {}\n\n"

    async def aclose(self) -> None:
        self.closed += 1


async def test_a_response_says_what_a_stream_needs() -> None:
    response = http_response(StreamReply(Events(), [("X-Request-Id", "1")]))

    assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert response.headers["X-Accel-Buffering"] == "no"
    assert response.headers["X-Request-Id"] == "1"
    await sync_to_async(response.close)()


async def test_closing_the_response_closes_the_stream() -> None:
    events = Events()
    response = EventStream(StreamReply(events, []))

    await sync_to_async(response.close)()

    assert events.closed == 1


async def test_a_response_that_nobody_closed_closes_its_stream() -> None:
    events = Events()

    EventStream(StreamReply(events, []))
    await asyncio.sleep(0.01)

    assert events.closed == 1


async def test_leaving_half_way_closes_the_stream_itself() -> None:
    events = Events()
    response = EventStream(StreamReply(events, []))

    stream = aiter(response)
    await anext(stream)
    await stream.aclose()

    assert events.closed == 1
    await sync_to_async(response.close)()

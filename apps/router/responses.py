"""The gateway's replies as Django sends them."""

import asyncio

from asgiref.sync import async_to_sync
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from apps.router.replies import ByteStream, JSONReply, Reply, StreamReply


class EventStream(StreamingHttpResponse):
    """A stream that is closed however the response ends. Made on the event loop.

    Django closes what `__aiter__` gives it, which by default is a generator around
    a generator around ours; ours would be closed by the garbage collector, if ever.
    """

    def __init__(self, reply: StreamReply) -> None:
        self._events = reply.events
        self._loop = asyncio.get_running_loop()
        self._is_closed = False
        super().__init__(
            reply.events,
            status=reply.status,
            content_type="text/event-stream; charset=utf-8",
            headers=dict(reply.headers),
        )
        self.headers["Cache-Control"] = "no-cache"
        # Tells nginx to pass each event on as it comes.
        self.headers["X-Accel-Buffering"] = "no"

    def __aiter__(self) -> ByteStream:
        return self._events

    def close(self) -> None:
        """Called in the end, also when nothing was sent."""
        self._is_closed = True
        async_to_sync(self._events.aclose)()
        super().close()

    def __del__(self) -> None:
        # A caller who leaves while the response passes the middleware takes it
        # along: nobody sends it, and nobody else would close its upstream.
        if not self._is_closed and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(_close_soon, self._events)


# The loop itself holds its tasks only weakly.
_closing: set[asyncio.Task[None]] = set()


def _close_soon(events: ByteStream) -> None:
    task = asyncio.ensure_future(events.aclose())
    _closing.add(task)
    task.add_done_callback(_closing.discard)


def http_response(reply: Reply) -> HttpResponseBase:
    """What a view returns for a reply."""
    if isinstance(reply, JSONReply):
        return HttpResponse(
            reply.body,
            status=reply.status,
            content_type="application/json",
            headers=dict(reply.headers),
        )
    return EventStream(reply)

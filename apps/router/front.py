"""The raw front of `/v1`: an ASGI application without Django in the way.

It takes what is usual: a POST to one of its paths, a key we know, a body that
decodes. Everything else is replayed, body and all, into Django, where DRF views at
the same URLs own the contract: error bodies, the schema, the unusual.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final

import psycopg
from django.conf import settings

from apps.accounts.client_ip import UNKNOWN, address_behind
from apps.kit.errors import AppError, PayloadTooLargeError
from apps.kit.ids import uuid7
from apps.kit.strict_json import parse_object
from apps.router.bodies import ChatBody, read_chat, read_completion
from apps.router.dialects import CHAT, COMPLETIONS, Dialect
from apps.router.gateway import Arrival, serve
from apps.router.keeping import HEADER, is_private
from apps.router.replies import JSONReply, Reply, StreamReply, error_reply
from apps.router.runtime import current

logger = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

REQUEST_ID: Final = "modeloptix.request_id"


@dataclass(frozen=True, slots=True)
class Route:
    """A path the raw front serves: how its body is read, and how it is answered."""

    read: Callable[[dict[str, Any]], ChatBody]
    dialect: Dialect
    scope: str = "chat"


ROUTES: Final = {
    CHAT.endpoint: Route(read_chat, CHAT),
    COMPLETIONS.endpoint: Route(read_completion, COMPLETIONS),
}


class _CallerLeftError(Exception):
    """The client closed its connection before its answer was complete."""


class Front:
    """Serves the routes above and hands everything else to Django."""

    def __init__(self, django: App) -> None:
        self._django = django

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        accepted = perf_counter()
        request_id = str(uuid7())
        scope[REQUEST_ID] = request_id
        route = ROUTES.get(scope["path"])
        if route is None or scope["method"] != "POST":
            await self._django(scope, receive, send)
            return
        try:
            body = await _read(receive)
        except PayloadTooLargeError as problem:
            await _send_whole(error_reply(problem, request_id), send)
            return
        except _CallerLeftError:
            return
        arrival = await self._usual(scope, route, body, accepted)
        if arrival is None:
            await self._django(scope, _replay(body, receive), send)
            return
        answer = serve(arrival, route.dialect)
        await _while_connected(_answer(answer, request_id, send), receive)

    async def _usual(
        self, scope: Scope, route: Route, body: bytes, accepted: float
    ) -> Arrival | None:
        """The call, or None when Django is to have it."""
        token = token_of(scope)
        if not token:
            return None
        try:
            caller = await current().keys.caller(token)
            if caller is None or route.scope not in caller.scopes:
                return None
            if caller.networks and not caller.may_come_from(client_ip_of(scope)):
                return None
            parsed = parse_object(body, max_bytes=settings.REQUEST_MAX_BYTES)
            typed = route.read(parsed)
        except (AppError, psycopg.Error, OSError, TimeoutError):
            return None
        is_kept = caller.org_id in current().planner.snapshot.storage
        return Arrival(
            caller,
            parsed,
            typed,
            scope[REQUEST_ID],
            accepted,
            is_private=is_kept and is_private(header_of(scope, HEADER)),
        )


def token_of(scope: Scope) -> str:
    """The key of `Authorization: Bearer` or `X-API-Key`; empty without one."""
    for name, value in scope["headers"]:
        if name == b"authorization" and value[:7].lower() == b"bearer ":
            return str(value[7:].strip(), "latin-1")
        if name == b"x-api-key":
            return str(value.strip(), "latin-1")
    return ""


def client_ip_of(scope: Scope) -> str:
    """The caller's address, as Django's side of the API works it out."""
    peer = (scope.get("client") or ("",))[0] or UNKNOWN

    return address_behind(peer, lambda name: header_of(scope, name))


def header_of(scope: Scope, name: str) -> str:
    """A header's values, joined; empty without it."""
    wanted = name.lower().encode()
    found = [value for key, value in scope["headers"] if key == wanted]
    return str(b",".join(found), "latin-1")


async def _read(receive: Receive) -> bytes:
    """The whole body; stops reading as soon as it is too large."""
    body, has_more = b"", True
    while has_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _CallerLeftError
        body += message.get("body", b"")
        has_more = message.get("more_body", False)
        if len(body) > settings.REQUEST_MAX_BYTES:
            limit = settings.REQUEST_MAX_BYTES
            raise PayloadTooLargeError(f"The body may have {limit} bytes at most.")
    return body


def _replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the body read already, then what really comes."""
    pending: list[Message] = [
        {"type": "http.request", "body": body, "more_body": False}
    ]

    async def replayed() -> Message:
        return pending.pop() if pending else await receive()

    return replayed


async def _answer(answer: Awaitable[Reply], request_id: str, send: Send) -> None:
    try:
        reply = await answer
    except AppError as problem:
        reply = error_reply(problem, request_id)
    except Exception:
        logger.exception("Request %s failed", request_id)
        reply = error_reply(AppError("Something went wrong here."), request_id)
    if isinstance(reply, JSONReply):
        await _send_whole(reply, send)
    else:
        await _send_stream(reply, send)


async def _while_connected(work: Awaitable[None], receive: Receive) -> None:
    """Run `work`, and cancel it when the caller leaves: servers do not tell by
    themselves, and an upstream nobody reads would go on and be billed.
    """
    main = asyncio.current_task()
    assert main is not None  # noqa: S101  # an ASGI application runs in a task
    watch = asyncio.create_task(_cancel_on_disconnect(receive, main))
    try:
        await work
    except asyncio.CancelledError:
        if not watch.done():
            raise
        main.uncancel()
    finally:
        watch.cancel()


async def _cancel_on_disconnect(receive: Receive, main: "asyncio.Task[Any]") -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    main.cancel()


async def _send_whole(reply: JSONReply, send: Send) -> None:
    length = ("Content-Length", str(len(reply.body)))
    headers = [("Content-Type", "application/json"), length, *reply.headers]
    await _start(reply.status, headers, send)
    await send({"type": "http.response.body", "body": reply.body})


async def _send_stream(reply: StreamReply, send: Send) -> None:
    headers = [
        ("Content-Type", "text/event-stream; charset=utf-8"),
        ("Cache-Control", "no-cache"),
        ("X-Accel-Buffering", "no"),
        *reply.headers,
    ]
    events = reply.events
    try:
        await _start(reply.status, headers, send)
        async for data in events:
            await send({"type": "http.response.body", "body": data, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        await events.aclose()


async def _start(status: int, headers: list[tuple[str, str]], send: Send) -> None:
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": raw})

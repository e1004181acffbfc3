"""The raw front of `/v1`: an ASGI application without Django in the way.

It takes what is usual: a POST to one of its paths, a key we know, a body that
decodes. Everything else is replayed, body and all, into Django, where DRF views at
the same URLs own the contract: error bodies, the schema, the unusual.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from functools import lru_cache, partial
from time import perf_counter
from typing import Any, Final
from uuid import UUID

import psycopg
from django.conf import settings

from apps.accounts.client_ip import UNKNOWN, address_behind
from apps.accounts.keys import Caller
from apps.kit.errors import AppError, PayloadTooLargeError, ValidationError
from apps.kit.ids import uuid7
from apps.kit.strict_json import parse_object
from apps.router import idempotency
from apps.router.arrivals import (
    Arrival,
    HeaderOf,
    Options,
    anthropic_options_of,
    options_of,
)
from apps.router.bodies import Inbound, read_chat, read_completion
from apps.router.dialects import (
    AGENT_STEP,
    CHAT,
    COMPLETIONS,
    EMBEDDINGS,
    MESSAGES,
    Dialect,
    read_messages,
    read_responses,
)
from apps.router.embedding_bodies import read_embedding
from apps.router.gateway import serve
from apps.router.idempotency_store import Place
from apps.router.protocols import RESPONSES
from apps.router.replies import JSONReply, Reply, StreamReply, error_reply
from apps.router.runtime import current
from apps.router.steps import read_step

logger = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

REQUEST_ID: Final = "modeloptix.request_id"
# A stream has its last part by the request's deadline; who has not read it so long
# after that never will, and would keep its provider and its budget waiting.
UNREAD_S: Final = 60.0
# Who leaves is not looked for before that.
WATCH_AFTER_S: Final = 0.25


@dataclass(frozen=True, slots=True)
class Route:
    """A path the raw front serves: how its body is read, and how it is answered."""

    read: Callable[[dict[str, Any]], Inbound]
    dialect: Dialect
    scope: str = "chat"
    options: Callable[[HeaderOf], Options] = options_of


ROUTES: Final = {
    CHAT.endpoint: Route(read_chat, CHAT),
    AGENT_STEP.endpoint: Route(read_step, AGENT_STEP),
    COMPLETIONS.endpoint: Route(read_completion, COMPLETIONS),
    EMBEDDINGS.endpoint: Route(read_embedding, EMBEDDINGS),
    MESSAGES.endpoint: Route(read_messages, MESSAGES, options=anthropic_options_of),
    RESPONSES.endpoint: Route(read_responses, RESPONSES),
}


class Front:
    """Serves the routes above and hands everything else to Django."""

    def __init__(self, django: App) -> None:
        self._django = django

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        accepted = perf_counter()
        request_id = str(uuid7())
        scope[REQUEST_ID] = request_id
        route = ROUTES.get(scope["path"])
        name = idempotency.name_in(scope)
        if scope["method"] != "POST" or (route is None and name is None):
            await self._django(scope, receive, send)
            return
        fail = route.dialect.fail if route else AppError.body
        try:
            body = await _read(receive)
        except AppError as problem:
            await _send_whole(error_reply(problem, request_id, fail), send)
            return
        answer = partial(self._serve, scope, route, body, accepted)
        if name is None:
            await answer(receive, send)
            return
        try:
            await self._once(scope, name, body, answer, receive=receive, send=send)
        except AppError as problem:
            await _send_whole(error_reply(problem, request_id, fail), send)

    async def _serve(
        self,
        scope: Scope,
        route: Route | None,
        body: bytes,
        accepted: float,
        receive: Receive,
        send: Send,
    ) -> None:
        arrival = await self._usual(scope, route, body, accepted) if route else None
        if route is None or arrival is None:
            await self._django(scope, _replay(body, receive), send)
            return
        await _while_connected(_answer(arrival, route.dialect, send), receive)

    async def _once(
        self,
        scope: Scope,
        name: bytes,
        body: bytes,
        answer: idempotency.App,
        *,
        receive: Receive,
        send: Send,
    ) -> None:
        """Answer a request with an Idempotency-Key; a caller we do not know, and who
        may not call at all, is refused as without one.
        """
        caller = await self._caller(scope)
        if caller is None or caller.key_id is None:
            await answer(receive, send)
            return
        place = Place(
            caller.org_id,
            caller.key_id,
            idempotency.checked_name(name),
            idempotency.digest_of(scope, body),
        )
        runtime = current()
        work = runtime.idempotency.serve(
            place,
            answer,
            UUID(scope[REQUEST_ID]),
            send=send,
            count=partial(runtime.count_call, caller),
        )
        await _while_connected(work, receive)

    async def _caller(self, scope: Scope, wanted: str = "chat") -> Caller | None:
        """Who calls, or None when Django is to refuse it."""
        if not (token := token_of(scope)):
            return None
        try:
            caller = await current().keys.caller(token)
        except (AppError, psycopg.Error, OSError, TimeoutError):
            return None
        if caller is None or wanted not in caller.scopes:
            return None
        if caller.networks and not caller.may_come_from(client_ip_of(scope)):
            return None
        return caller

    async def _usual(
        self, scope: Scope, route: Route, body: bytes, accepted: float
    ) -> Arrival | None:
        """The call, or None when Django is to have it."""
        caller = await self._caller(scope, route.scope)
        if caller is None:
            return None
        try:
            parsed = parse_object(body, max_bytes=settings.REQUEST_MAX_BYTES)
            inbound = route.read(parsed)
        except AppError:
            return None
        except Exception:
            # Django meets the same, and says so in the API's shape.
            logger.exception("A body of %s could not be read", scope["path"])
            return None
        options = route.options(partial(header_of, scope))
        return Arrival(caller, inbound, scope[REQUEST_ID], accepted, options)


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
            # The caller left, or sent what is no HTTP; the server does not say which,
            # and answers 500 where the application says nothing.
            raise ValidationError("The body broke off.")
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


async def _answer(arrival: Arrival, dialect: Dialect, send: Send) -> None:
    request_id = arrival.request_id
    reply: Reply
    try:
        reply = await serve(arrival, dialect)
    except AppError as problem:
        reply = error_reply(problem, request_id, dialect.fail)
    except Exception:
        logger.exception("Request %s failed", request_id)
        wrong = AppError("Something went wrong here.")
        reply = error_reply(wrong, request_id, dialect.fail)
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
    watch = _Watch(receive, main)
    try:
        await work
    except asyncio.CancelledError:
        if not watch.has_cancelled:
            raise
        main.uncancel()
    finally:
        watch.end()


class _Watch:
    """Cancels a request whose caller leaves. A task that waits for that costs as much
    as the rest of the front, so it begins late: most answers are there before.
    """

    def __init__(self, receive: Receive, main: "asyncio.Task[Any]") -> None:
        self.has_cancelled = False
        self._receive = receive
        self._main = main
        self._task: asyncio.Task[None] | None = None
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(WATCH_AFTER_S, self._begin)

    def end(self) -> None:
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()

    def _begin(self) -> None:
        self._task = asyncio.create_task(self._look())

    async def _look(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.has_cancelled = True
        self._main.cancel()


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
        async with asyncio.timeout(settings.REQUEST_DEADLINE_S + UNREAD_S):
            await _start(reply.status, headers, send)
            async for data in events:
                part = {"type": "http.response.body", "body": data, "more_body": True}
                await send(part)
            await send({"type": "http.response.body", "body": b""})
    except TimeoutError:
        logger.warning("A stream was ended that its caller did not read")
    finally:
        await events.aclose()


@lru_cache(maxsize=1024)
def _raw_name(name: str) -> bytes:
    return name.lower().encode()


async def _start(status: int, headers: list[tuple[str, str]], send: Send) -> None:
    raw = [(_raw_name(name), value.encode("latin-1")) for name, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": raw})

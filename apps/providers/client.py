"""The one place that talks to providers over HTTP, and the only user of aiohttp.

Two methods: `send` for a whole answer, `stream` for one in parts. Whatever goes
wrong leaves here as an UpstreamError, decided by status and exception class.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from contextlib import suppress
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, Final, NamedTuple, Protocol

import aiohttp
from aiohttp import hdrs
from yarl import URL

from apps.kit.clock import utc_now
from apps.providers import echo
from apps.providers.adapters import anthropic, openai
from apps.providers.adapters.stream import StreamDecoder
from apps.providers.errors import (
    BadAnswerError,
    ConnectionFailedError,
    ProviderTimeoutError,
    UpstreamError,
    from_status,
    retry_after_s,
)
from apps.providers.wire import (
    ChatRequest,
    ChatResult,
    Endpoint,
    HTTPCall,
    StreamPart,
)

MAX_ANSWER_BYTES: Final = 32 * 1024 * 1024
MAX_ERROR_BYTES: Final = 64 * 1024
CONNECT_TIMEOUT_S: Final = 10.0
KEEPALIVE_S: Final = 30.0
DNS_TTL_S: Final = 60
# Between two chunks; reasoning models pause, but a dead connection shows no other way.
IDLE_TIMEOUT_S: Final = 60.0
# A server that closed an idle connection says so within one round trip. When the
# connection is lost later, the request may have been worked on and is not repeated.
STALE_AFTER_S: Final = 0.5
# The end of the HTTP body mostly comes with `[DONE]`; waiting for it a moment saves
# the connection for the next call.
DRAIN_S: Final = 0.02


class Adapter(Protocol):
    """What a protocol's module offers."""

    def headers(self, endpoint: Endpoint) -> dict[str, str]: ...
    def encode(self, endpoint: Endpoint, request: ChatRequest) -> HTTPCall: ...
    def decode(self, raw: bytes, created: int = 0) -> ChatResult: ...
    def decoder(self, created: int = 0) -> StreamDecoder: ...


_ADAPTERS: Final[dict[str, Adapter]] = {"openai": openai, "anthropic": anthropic}


class _Dial:
    """How the connection of the request at hand was come by."""

    __slots__ = ("is_reused", "must_be_new")

    def __init__(self) -> None:
        self.is_reused = False
        self.must_be_new = False


_dial: ContextVar[_Dial | None] = ContextVar("dial", default=None)


class _Connector(aiohttp.TCPConnector):
    """Tells whether a pooled connection was taken, and can be told not to.

    aiohttp repeats only idempotent methods by itself, and says nothing of the
    connection it used; a POST may be repeated when that one was dead already.
    """

    async def _get(self, key: Any, traces: Any) -> Any:
        dial = _dial.get()
        if dial is None or dial.must_be_new:
            return None
        connection = await super()._get(key, traces)
        dial.is_reused = connection is not None
        return connection

    def abandon(self) -> None:
        """Let go of the connections of an event loop that is closed."""
        self._close()


class _Session(NamedTuple):
    http: aiohttp.ClientSession
    pool: _Connector


class ProviderClient:
    """Calls providers through one session for each event loop, opened when needed."""

    def __init__(self) -> None:
        self._sessions: dict[asyncio.AbstractEventLoop, _Session] = {}

    async def send(
        self, endpoint: Endpoint, request: ChatRequest, *, timeout_s: float
    ) -> ChatResult:
        """One whole answer, or an UpstreamError after `timeout_s` at the latest."""
        created = int(utc_now().timestamp())
        if endpoint.protocol == "echo":
            return echo.answer(request, created)
        adapter = _ADAPTERS[endpoint.protocol]
        call = adapter.encode(endpoint, request)
        with _failures_named:
            async with asyncio.timeout(timeout_s):
                response = await self._post(endpoint, call)
                try:
                    raw = await _checked_body(response, endpoint)
                finally:
                    response.close()  # a connection read to its end is kept
        return adapter.decode(raw, created)

    async def stream(
        self,
        endpoint: Endpoint,
        request: ChatRequest,
        *,
        first_token_timeout_s: float,
        total_timeout_s: float,
        idle_timeout_s: float = IDLE_TIMEOUT_S,
    ) -> AsyncGenerator[StreamPart, None]:
        """The answer's parts as they come; the last has `is_done`.

        Closing this generator, or cancelling whoever waits for it, closes the
        connection to the provider at once.
        """
        created = int(utc_now().timestamp())
        if endpoint.protocol == "echo":
            for part in echo.parts(request, created):
                yield part
            return
        adapter = _ADAPTERS[endpoint.protocol]
        call = adapter.encode(endpoint, request)
        patience = _Patience(first_token_timeout_s, idle_timeout_s, total_timeout_s)
        with _failures_named:
            async with asyncio.timeout_at(patience.until):
                response = await self._open(endpoint, call, adapter)
        try:
            decoder = adapter.decoder(created)
            while not decoder.is_done:
                chunk = await _read(response.content, patience)
                for part in decoder.feed(chunk) if chunk else decoder.finish():
                    if part.is_token:
                        patience.has_token = True
                    elif part.is_done:
                        await _drain(response.content)
                    yield part
                if decoder.problem is not None:
                    raise decoder.problem
        finally:
            response.close()

    async def knock(self, endpoint: Endpoint, path: str, *, timeout_s: float) -> None:
        """GET a path that answers 200 to a good key; an UpstreamError otherwise.

        The answer is not read: it may be a list of thousands of models.
        """
        headers = _ADAPTERS[endpoint.protocol].headers(endpoint)
        with _failures_named:
            async with asyncio.timeout(timeout_s):
                response = await self._session().get(
                    _url(endpoint.base_url, path),
                    headers=headers,
                    allow_redirects=False,
                )
                try:
                    if response.status != 200:
                        raise await _refusal(response, endpoint)
                finally:
                    response.close()

    async def close(self) -> None:
        """Close this loop's session, and forget those of loops that are gone."""
        session = self._sessions.pop(asyncio.get_running_loop(), None)
        self._forget_closed_loops()
        if session is not None:
            await session.http.close()

    async def _open(
        self, endpoint: Endpoint, call: HTTPCall, adapter: Adapter
    ) -> aiohttp.ClientResponse:
        response = await self._post(endpoint, call)
        try:
            kind = response.headers.get(hdrs.CONTENT_TYPE, "text/event-stream")
            if response.status == 200 and "event-stream" in kind:
                return response
            # An error under status 200, or an answer that was never streamed.
            adapter.decode(await _checked_body(response, endpoint))
            raise BadAnswerError("the provider did not stream its answer")
        except BaseException:
            response.close()
            raise

    async def _post(self, endpoint: Endpoint, call: HTTPCall) -> aiohttp.ClientResponse:
        dial = _Dial()
        _dial.set(dial)
        clock = asyncio.get_running_loop().time
        started = clock()
        try:
            return await self._try_post(endpoint, call)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as problem:
            late = clock() - started > STALE_AFTER_S
            if late or not dial.is_reused or _has_answered(problem):
                raise
        dial.must_be_new = True
        return await self._try_post(endpoint, call)

    def _try_post(
        self, endpoint: Endpoint, call: HTTPCall
    ) -> Awaitable[aiohttp.ClientResponse]:
        # A redirect could carry the key to another host, so none is followed.
        return self._session().post(
            _url(endpoint.base_url, call.path),
            data=call.content,
            headers=call.headers,
            allow_redirects=False,
        )

    def _session(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        session = self._sessions.get(loop)
        if session is None:
            self._forget_closed_loops()
            session = self._sessions[loop] = _new_session()
        return session.http

    def _forget_closed_loops(self) -> None:
        closed = [loop for loop in self._sessions if loop.is_closed()]
        for loop in closed:
            session = self._sessions.pop(loop)
            session.pool.abandon()
            session.http.detach()


def _new_session() -> _Session:
    pool = _Connector(limit=0, keepalive_timeout=KEEPALIVE_S, ttl_dns_cache=DNS_TTL_S)
    http = aiohttp.ClientSession(
        connector=pool,
        cookie_jar=aiohttp.DummyCookieJar(),
        # Each call keeps its own deadline around everything it awaits.
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S),
        # Answers are short; unpacking them would cost more than their bytes.
        headers={"User-Agent": "ModelOptix", "Accept-Encoding": "identity"},
    )
    return _Session(http, pool)


@lru_cache(maxsize=1024)
def _url(base_url: str, path: str) -> URL:
    return URL(base_url + path)


def _has_answered(problem: Exception) -> bool:
    """Part of a status line or header had come before the connection was lost."""
    message = getattr(problem, "message", None)
    return message is not None and not isinstance(message, str)


class _Patience:
    """Until when the next chunk of a stream is waited for."""

    def __init__(self, first_s: float, idle_s: float, total_s: float) -> None:
        self.now = asyncio.get_running_loop().time
        self.has_token = False
        self._idle_s = idle_s
        self._end = self.now() + total_s
        self._first = min(self.now() + first_s, self._end)

    @property
    def until(self) -> float:
        if not self.has_token:
            return self._first
        return min(self.now() + self._idle_s, self._end)

    def check(self) -> None:
        """Stop a stream that is never silent, so that no time-out ever fires."""
        if self.now() >= (self._end if self.has_token else self._first):
            raise TimeoutError


async def _read(content: aiohttp.StreamReader, patience: _Patience) -> bytes:
    """What has arrived, waiting for it if need be; empty at the end."""
    with _failures_named:
        patience.check()
        if chunk := content.read_nowait():
            return chunk
        async with asyncio.timeout_at(patience.until):
            return await content.readany()


async def _drain(content: aiohttp.StreamReader) -> None:
    with suppress(aiohttp.ClientError, OSError):
        async with asyncio.timeout(DRAIN_S):
            while not content.at_eof():
                await content.readany()


async def _checked_body(response: aiohttp.ClientResponse, endpoint: Endpoint) -> bytes:
    """The body of a 200 in JSON; for anything else, raise what it says."""
    if response.status != 200:
        raise await _refusal(response, endpoint)
    kind = response.headers.get(hdrs.CONTENT_TYPE, "json")
    if "json" not in kind:
        raise BadAnswerError(f"the answer is {kind}, not JSON", http_status=200)
    length = response.content_length
    if length is not None and hdrs.CONTENT_ENCODING not in response.headers:
        if length > MAX_ANSWER_BYTES:
            raise _too_long()
        return await response.read()
    body, is_whole = await _body(response, MAX_ANSWER_BYTES)
    if not is_whole:
        raise _too_long()
    return body


def _too_long() -> BadAnswerError:
    return BadAnswerError(f"the answer is longer than {MAX_ANSWER_BYTES} bytes")


async def _refusal(
    response: aiohttp.ClientResponse, endpoint: Endpoint
) -> UpstreamError:
    body, is_whole = await _body(response, MAX_ERROR_BYTES)
    if endpoint.api_key:
        body = body.replace(endpoint.api_key.encode(), b"[hidden]")
    return from_status(
        response.status,
        retry_after_s=retry_after_s(response.headers.get(hdrs.RETRY_AFTER)),
        body=body if is_whole else b"",
    )


async def _body(response: aiohttp.ClientResponse, limit: int) -> tuple[bytes, bool]:
    """The body, and whether that is all of it; reading stops beyond `limit`."""
    chunks, size = [], 0
    while chunk := await response.content.readany():
        chunks.append(chunk)
        size += len(chunk)
        if size > limit:
            return b"".join(chunks), False
    return b"".join(chunks), True


class _Named:
    """Turns what the network raises into our own errors, by class alone.

    A class without state, because the generator behind `contextlib.contextmanager`
    costs a microsecond for every chunk.
    """

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, problem: object, _trace: object) -> None:
        if isinstance(problem, TimeoutError):
            raise ProviderTimeoutError("no answer in time") from problem
        if isinstance(problem, aiohttp.ClientResponseError):
            raise BadAnswerError("the answer is not HTTP") from problem
        if isinstance(problem, aiohttp.ClientError | OSError | ValueError):
            raise ConnectionFailedError(_reason(problem)) from problem


_failures_named: Final = _Named()


_REASONS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (aiohttp.ClientConnectorDNSError, "the host name was not found"),
    (aiohttp.ClientSSLError, "no secure connection could be made"),
    (aiohttp.ClientConnectorError, "no connection could be made"),
    (aiohttp.ClientPayloadError, "the answer broke off"),
    (ValueError, "the provider's address or a header is not valid"),
)


def _reason(problem: Exception) -> str:
    for kind, reason in _REASONS:
        if isinstance(problem, kind):
            return reason
    return "the connection was lost"

"""The one place that talks to providers over HTTP, by `transport.py`.

Two methods: `send` for a whole answer, `stream` for one in parts. Whatever goes
wrong leaves here as an UpstreamError, decided by status and exception class.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from contextlib import suppress
from typing import Final

from apps.kit.clock import utc_now
from apps.providers import echo
from apps.providers.adapters import ADAPTERS, adapter_for, embeddings
from apps.providers.adapters.adapter import Adapter
from apps.providers.errors import (
    BadAnswerError,
    ConnectionFailedError,
    ProviderTimeoutError,
    UpstreamError,
    from_status,
    retry_after_s,
)
from apps.providers.http1 import Answer, NotHTTPError, Transport, TransportError
from apps.providers.wire import (
    ChatRequest,
    ChatResult,
    Endpoint,
    HTTPCall,
    StreamPart,
)

MAX_ANSWER_BYTES: Final = 32 * 1024 * 1024
MAX_ERROR_BYTES: Final = 64 * 1024
# Between two chunks; reasoning models pause, but a dead connection shows no other way.
IDLE_TIMEOUT_S: Final = 60.0
# The end of the HTTP body mostly comes with `[DONE]`; waiting for it a moment saves
# the connection for the next call.
DRAIN_S: Final = 0.02


class ProviderClient:
    """Calls providers over the connections of each event loop, opened when needed."""

    def __init__(self) -> None:
        self._transports: dict[asyncio.AbstractEventLoop, Transport] = {}

    async def send(
        self, endpoint: Endpoint, request: ChatRequest, *, timeout_s: float
    ) -> ChatResult:
        """One whole answer, or an UpstreamError after `timeout_s` at the latest."""
        created = int(utc_now().timestamp())
        if endpoint.protocol == "echo":
            return echo.answer(request, created)
        adapter = adapter_for(endpoint, request)
        call = adapter.encode(endpoint, request)
        with _failures_named:
            async with asyncio.timeout(timeout_s):
                response = await self._post(endpoint, call)
                try:
                    raw = await _checked_body(response, endpoint)
                finally:
                    response.close()  # a connection read to its end is kept
        if request.is_embedding:
            return embeddings.decode(raw, request)
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
        adapter = adapter_for(endpoint, request)
        call = adapter.encode(endpoint, request)
        patience = _Patience(first_token_timeout_s, idle_timeout_s, total_timeout_s)
        with _failures_named:
            async with asyncio.timeout_at(patience.until):
                response = await self._open(endpoint, call, adapter)
        try:
            decoder = adapter.decoder(created)
            while not decoder.is_done:
                chunk = await _read(response, patience)
                for part in decoder.feed(chunk) if chunk else decoder.finish():
                    if part.is_token:
                        patience.has_token = True
                    elif part.is_done:
                        await _drain(response)
                    yield part
                if decoder.problem is not None:
                    raise decoder.problem
        finally:
            response.close()

    async def ask(
        self, endpoint: Endpoint, call: HTTPCall, *, timeout_s: float
    ) -> bytes:
        """The JSON answer to a call that is no chat, or an UpstreamError."""
        with _failures_named:
            async with asyncio.timeout(timeout_s):
                response = await self._post(endpoint, call)
                try:
                    return await _checked_body(response, endpoint)
                finally:
                    response.close()

    async def knock(self, endpoint: Endpoint, path: str, *, timeout_s: float) -> None:
        """GET a path that answers 200 to a good key; an UpstreamError otherwise.

        The answer is not read: it may be a list of thousands of models.
        """
        headers = ADAPTERS[endpoint.protocol].headers(endpoint)
        with _failures_named:
            async with asyncio.timeout(timeout_s):
                response = await self._transport().get(
                    endpoint.base_url + path, headers=headers
                )
                try:
                    if response.status != 200:
                        raise await _refusal(response, endpoint)
                finally:
                    response.close()

    async def close(self) -> None:
        """Close this loop's connections, and forget those of loops that are gone."""
        transport = self._transports.pop(asyncio.get_running_loop(), None)
        self._forget_closed_loops()
        if transport is not None:
            transport.close()

    async def _open(
        self, endpoint: Endpoint, call: HTTPCall, adapter: Adapter
    ) -> Answer:
        response = await self._post(endpoint, call)
        try:
            kind = response.headers.get("content-type", "text/event-stream")
            if response.status == 200 and "event-stream" in kind:
                return response
            # An error under status 200, or an answer that was never streamed.
            adapter.decode(await _checked_body(response, endpoint), 0)
            raise BadAnswerError("the provider did not stream its answer")
        except BaseException:
            response.close()
            raise

    def _post(self, endpoint: Endpoint, call: HTTPCall) -> Awaitable[Answer]:
        # A redirect could carry the key to another host, so none is followed.
        return self._transport().post(
            endpoint.base_url + call.path, headers=call.headers, content=call.content
        )

    def _transport(self) -> Transport:
        loop = asyncio.get_running_loop()
        transport = self._transports.get(loop)
        if transport is None:
            self._forget_closed_loops()
            transport = self._transports[loop] = Transport()
        return transport

    def _forget_closed_loops(self) -> None:
        for loop in [loop for loop in self._transports if loop.is_closed()]:
            self._transports.pop(loop).close()


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


async def _read(answer: Answer, patience: _Patience) -> bytes:
    """What has arrived, waiting for it if need be; empty at the end."""
    with _failures_named:
        patience.check()
        if chunk := answer.read_now():
            return chunk
        async with asyncio.timeout_at(patience.until):
            return await answer.read_some()


async def _drain(answer: Answer) -> None:
    with suppress(TransportError, OSError):
        async with asyncio.timeout(DRAIN_S):
            while await answer.read_some():
                pass


async def _checked_body(response: Answer, endpoint: Endpoint) -> bytes:
    """The body of a 200 in JSON; for anything else, raise what it says."""
    if response.status != 200:
        raise await _refusal(response, endpoint)
    kind = response.headers.get("content-type", "json")
    if "json" not in kind:
        raise BadAnswerError(f"the answer is {kind}, not JSON", http_status=200)
    length = response.length
    if length is not None:
        if length > MAX_ANSWER_BYTES:
            raise _too_long()
        return await response.read()
    body, is_whole = await _body(response, MAX_ANSWER_BYTES)
    if not is_whole:
        raise _too_long()
    return body


def _too_long() -> BadAnswerError:
    return BadAnswerError(f"the answer is longer than {MAX_ANSWER_BYTES} bytes")


async def _refusal(response: Answer, endpoint: Endpoint) -> UpstreamError:
    body, is_whole = await _body(response, MAX_ERROR_BYTES)
    if endpoint.api_key:
        body = body.replace(endpoint.api_key.encode(), b"[hidden]")
    return from_status(
        response.status,
        retry_after_s=retry_after_s(response.headers.get("retry-after")),
        body=body if is_whole else b"",
    )


async def _body(response: Answer, limit: int) -> tuple[bytes, bool]:
    """The body, or nothing and False where it is longer than `limit`."""
    chunks, size = [], 0
    while chunk := await response.read_some():
        chunks.append(chunk)
        size += len(chunk)
        if size > limit:
            # Let go of at once: putting it together would double it.
            chunks.clear()
            return b"", False
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
        if isinstance(problem, NotHTTPError):
            raise BadAnswerError(str(problem)) from problem
        if isinstance(problem, TransportError):
            raise ConnectionFailedError(str(problem)) from problem
        if isinstance(problem, ValueError):
            wrong = "the provider's address or a header is not valid"
            raise ConnectionFailedError(wrong) from problem
        if isinstance(problem, OSError):
            raise ConnectionFailedError("the connection was lost") from problem


_failures_named: Final = _Named()

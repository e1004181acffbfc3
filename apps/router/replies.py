"""What the gateway hands to either front: a whole answer, or a stream of bytes."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from math import ceil
from typing import Any, Protocol

import msgspec

from apps.kit.errors import AppError

Headers = list[tuple[str, str]]
encode_json = msgspec.json.Encoder(decimal_format="number").encode
DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True, slots=True)
class JSONReply:
    """A complete answer."""

    body: bytes
    headers: Headers
    status: int = 200


class ByteStream(Protocol):
    """An iterator that can be closed, also before its first step."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...
    async def __anext__(self) -> bytes: ...
    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True)
class StreamReply:
    """A started stream of server-sent events; whoever takes it must close it."""

    events: ByteStream
    headers: Headers
    status: int = 200


Reply = JSONReply | StreamReply


type ErrorBody = Callable[[AppError, str], dict[str, Any]]


def error_reply(
    error: AppError, request_id: str, body: ErrorBody = AppError.body
) -> JSONReply:
    """The documented error body, or a protocol's own.

    `Retry-After` is in whole seconds, rounded up.
    """
    headers = [("X-Request-Id", request_id)]
    if error.retry_after_s is not None:
        headers.append(("Retry-After", str(max(1, ceil(error.retry_after_s)))))
    headers += error.headers
    return JSONReply(encode_json(body(error, request_id)), headers, error.status)


def sse(event: str, data: object) -> bytes:
    """One named server-sent event."""
    return b"event: %b\ndata: %b\n\n" % (event.encode(), encode_json(data))


def sse_error(error: AppError, request_id: str) -> bytes:
    """An error inside a stream that has begun, in the OpenAI clients' own shape."""
    return b"data: %b\n\n" % encode_json(error.body(request_id))

"""Embeddings in OpenAI's protocol: https://platform.openai.com/docs/api-reference/embeddings

Vectors come as lists of numbers, or as base64 of 32-bit floats, least byte first. Some
servers know only the lists; a caller who asked for base64 gets it all the same, since
OpenAI's own clients count on it.
"""

import array
import base64
import sys
from hashlib import shake_256
from typing import Any, Final

import msgspec

from apps.providers.adapters.usage import estimated_tokens, openai_usage
from apps.providers.errors import (
    BadAnswerError,
    BadRequestError,
    UnsupportedError,
    from_error_object,
)
from apps.providers.wire import ChatRequest, ChatResult, Usage

PATH: Final = "/embeddings"
# As many as OpenAI's smaller model gives where nobody asks for fewer.
ECHO_DIMENSIONS: Final = 1536
# They are made on the event loop; so many take about half a second.
MOST_ECHOED: Final = 2_000_000
_to_json = msgspec.json.Encoder().encode


def body_of(request: ChatRequest) -> bytes:
    """The JSON to send."""
    return _to_json({**request.body, "model": request.model})


def refuse() -> UnsupportedError:
    return UnsupportedError("this provider's protocol has no embeddings")


def decode(raw: bytes, request: ChatRequest) -> ChatResult:
    """The vectors, in the format that was asked for."""
    try:
        body = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise BadAnswerError("the answer is not JSON") from problem
    if not isinstance(body, dict):
        raise BadAnswerError("the answer is not a JSON object")
    if body.get("error"):
        raise from_error_object(body["error"])
    rows = body.get("data")
    if not isinstance(rows, list) or not rows or not all(map(_has_vector, rows)):
        raise BadAnswerError("the answer holds no embeddings")
    kept: bytes | None = raw
    if request.body.get("encoding_format") == "base64" and _encode_lists(rows):
        kept = None
    counted = body.get("usage")
    usage = openai_usage(counted, _to_json(counted).decode()) if counted else None
    return ChatResult(body, usage, None, "", kept)


def _has_vector(row: object) -> bool:
    return isinstance(row, dict) and isinstance(row.get("embedding"), list | str)


def _encode_lists(rows: list[dict[str, Any]]) -> bool:
    """Turn lists of numbers into base64; whether there were any."""
    lists = [row for row in rows if isinstance(row["embedding"], list)]
    for row in lists:
        try:
            row["embedding"] = packed(row["embedding"])
        except (TypeError, OverflowError) as problem:
            raise BadAnswerError("an embedding holds no numbers") from problem
    return bool(lists)


def packed(vector: list[float]) -> str:
    """Base64 of 32-bit floats, least byte first."""
    floats = array.array("f", vector)
    if sys.byteorder == "big":  # pragma: no cover  # no such machine here
        floats.byteswap()
    return base64.b64encode(floats.tobytes()).decode()


def echo(request: ChatRequest) -> ChatResult:
    """Vectors made of the input alone: they cost nothing and mean nothing, and the
    same input has the same vector.
    """
    body = request.body
    size = body.get("dimensions") or ECHO_DIMENSIONS
    inputs = inputs_of(body.get("input"))
    if size * len(inputs) > MOST_ECHOED:
        raise BadRequestError(f"a test key gets {MOST_ECHOED:,} numbers at most")
    vectors = [vector_of(each, size) for each in inputs]
    is_packed = body.get("encoding_format") == "base64"
    characters = sum(map(len, inputs))
    usage = Usage(fresh=max(1, estimated_tokens(characters)))
    answer = {
        "object": "list",
        "data": [
            {
                "object": "embedding",
                "index": index,
                "embedding": packed(vector) if is_packed else vector,
            }
            for index, vector in enumerate(vectors)
        ],
        "model": request.model,
        "usage": {"prompt_tokens": usage.prompt, "total_tokens": usage.prompt},
    }
    return ChatResult(answer, usage, None, "", _to_json(answer))


def inputs_of(given: Any) -> list[str]:
    """Each input as a text, be it one or tokens."""
    if isinstance(given, str):
        return [given]
    if given and isinstance(given[0], int):
        return [_to_json(given).decode()]
    return [e if isinstance(e, str) else _to_json(e).decode() for e in given or ()]


def vector_of(text: str, size: int) -> list[float]:
    """A vector of unit length."""
    raw = array.array("h", shake_256(text.encode()).digest(2 * size))
    length = sum(value * value for value in raw) ** 0.5 or 1.0
    return [value / length for value in raw]

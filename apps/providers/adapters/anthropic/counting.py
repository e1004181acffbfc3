"""How many tokens a prompt has, as Anthropic counts them, for nothing.

https://platform.claude.com/docs/en/build-with-claude/token-counting
"""

from typing import Final

import msgspec

from apps.providers.adapters.anthropic import native
from apps.providers.adapters.anthropic.request import headers
from apps.providers.errors import BadAnswerError
from apps.providers.wire import ChatRequest, Endpoint, HTTPCall

PATH: Final = "/messages/count_tokens"
# What is about the answer is refused there.
_ABOUT_ANSWERS: Final = frozenset(
    (
        "max_tokens",
        "metadata",
        "service_tier",
        "stop_sequences",
        "stream",
        "temperature",
        "top_k",
        "top_p",
    )
)
_to_json = msgspec.json.Encoder().encode


class _Count(msgspec.Struct):
    input_tokens: int


def count_call(endpoint: Endpoint, request: ChatRequest) -> HTTPCall:
    """The question; `request` holds the caller's own body."""
    assert request.native is not None  # noqa: S101  # only its own callers ask
    body = native.body_of(request)
    kept = {name: body[name] for name in body if name not in _ABOUT_ANSWERS}
    named = native.with_callers(headers(endpoint), request.native.headers)
    return HTTPCall(PATH, named, _to_json(kept))


def read_count(raw: bytes) -> int:
    """The answer."""
    try:
        return msgspec.json.decode(raw, type=_Count).input_tokens
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise BadAnswerError("the answer is no count") from problem

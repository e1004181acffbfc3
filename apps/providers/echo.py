"""The protocol "echo": an answer made in this process, for keys that may cost nothing.

It repeats the last user message, so the same request always has the same answer.
One token is counted for every four characters of text, rounded up, and `max_tokens`
cuts the answer by that rule.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from apps.providers.adapters import embeddings
from apps.providers.adapters.usage import (
    CHARACTERS_PER_TOKEN,
    estimated_tokens,
    openai_shape,
)
from apps.providers.wire import ChatRequest, ChatResult, StreamPart, Usage

# Enough to see a stream arrive in steps, few enough to cost nothing.
STREAM_CHUNKS: Final = 4
_to_json = msgspec.json.Encoder().encode


def answer(request: ChatRequest, created: int = 0) -> ChatResult:
    """The whole answer."""
    if request.is_embedding:
        return embeddings.echo(request)
    text, reason, usage = _compose(request)
    message = {"role": "assistant", "content": text}
    body = {
        **_head(request, "chat.completion", created),
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": openai_shape(usage),
    }
    return ChatResult(body, usage, reason, text, _to_json(body))


def parts(request: ChatRequest, created: int = 0) -> Iterator[StreamPart]:
    """The same answer as a stream."""
    text, reason, usage = _compose(request)
    head = _head(request, "chat.completion.chunk", created)
    size = max(1, -(-len(text) // STREAM_CHUNKS))
    for start in range(0, len(text), size):
        piece = text[start : start + size]
        delta = {"role": "assistant", "content": piece} if start == 0 else None
        yield StreamPart(
            data=_event(head, delta or {"content": piece}),
            text=piece,
            characters=len(piece),
            is_token=True,
        )
    yield StreamPart(data=_event(head, {}, reason), finish_reason=reason)
    last = {**head, "choices": [], "usage": openai_shape(usage)}
    yield StreamPart(data=_sse(last), usage=usage, is_usage_only=True)
    yield StreamPart(is_done=True)


def _compose(request: ChatRequest) -> tuple[str, str, Usage]:
    messages = request.body.get("messages") or []
    said = [_text_of(message.get("content")) for message in messages]
    asked = [m for m in messages if m.get("role") == "user"]
    text = f"Echo: {_text_of(asked[-1].get('content')) if asked else ''}".strip()
    limit = request.body.get("max_completion_tokens") or request.body.get("max_tokens")
    reason = "stop"
    if isinstance(limit, int) and estimated_tokens(len(text)) > limit:
        text, reason = text[: limit * CHARACTERS_PER_TOKEN], "length"
    prompt = max(1, sum(estimated_tokens(len(words)) for words in said))
    return text, reason, Usage(fresh=prompt, output=estimated_tokens(len(text)))


def _text_of(content: object) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return " ".join(str(part["text"]) for part in content if part.get("text"))


def _head(request: ChatRequest, kind: str, created: int) -> dict[str, Any]:
    return {
        "id": "chatcmpl-echo",
        "object": kind,
        "created": created,
        "model": request.model,
    }


def _event(head: dict[str, Any], delta: object, reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return _sse({**head, "choices": [choice]})


def _sse(chunk: dict[str, Any]) -> bytes:
    return b"data: %b\n\n" % _to_json(chunk)

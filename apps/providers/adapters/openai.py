"""OpenAI's chat protocol and the many servers that speak it.

Its bytes are relayed as they came. Each event is read once, into structs that name
only what matters here, so that everything else costs next to nothing.
"""

from functools import lru_cache
from typing import Any, Final

import msgspec

from apps.providers.adapters import embeddings
from apps.providers.adapters.sse import Event
from apps.providers.adapters.stream import Draft, StreamDecoder
from apps.providers.adapters.translated import translated
from apps.providers.adapters.usage import openai_usage
from apps.providers.errors import BadAnswerError, from_error_object
from apps.providers.registry import REGISTRY
from apps.providers.wire import ChatRequest, ChatResult, Endpoint, HTTPCall, Usage

PATH: Final = "/chat/completions"
# What some providers call the reasons that OpenAI has a word for.
_FINISH_REASONS: Final = {
    "eos": "stop",
    "end_turn": "stop",
    "model_length": "length",
    "max_tokens": "length",
    "function_call": "tool_calls",
    "tool_use": "tool_calls",
    "safety": "content_filter",
}

_to_json = msgspec.json.Encoder().encode
_from_json = msgspec.json.Decoder().decode


def encode(endpoint: Endpoint, request: ChatRequest) -> HTTPCall:
    """The call for `request`; fields that are not known here travel untouched."""
    if request.is_embedding:
        path = embeddings.PATH
        return HTTPCall(path, headers(endpoint), embeddings.body_of(request))
    known = REGISTRY.get(endpoint.provider)
    own = request.body
    if request.native is not None:
        takes_marks = known is not None and known.takes_cache_marks
        own = translated(request, takes_marks=takes_marks)
    body = {**own, "model": request.model, "stream": request.is_stream}
    body.pop("stream_options", None)
    if request.is_stream and (known is None or known.has_stream_options):
        asked = request.body.get("stream_options")
        kept = asked if isinstance(asked, dict) else {}
        # Always: without it a stream cannot be billed by what was used.
        body["stream_options"] = {**kept, "include_usage": True}
    if known is not None:
        _rename_output_limit(body, known.output_limit)
    return HTTPCall(PATH, headers(endpoint), _to_json(body))


def _rename_output_limit(body: dict[str, Any], name: str) -> None:
    for other in ("max_tokens", "max_completion_tokens"):
        if other != name and other in body:
            limit = body.pop(other)
            body.setdefault(name, limit)


@lru_cache(maxsize=1024)
def headers(endpoint: Endpoint) -> dict[str, str]:
    """What every call to this endpoint carries; shared, so nobody may change it."""
    named = {"Content-Type": "application/json", **dict(endpoint.headers)}
    if endpoint.api_key:
        named["Authorization"] = f"Bearer {endpoint.api_key}"
    return named


def decode(raw: bytes, created: int = 0) -> ChatResult:
    """A whole answer; `created` is for protocols whose answers bear no time."""
    del created
    try:
        body = _from_json(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise BadAnswerError("the answer is not JSON") from problem
    if not isinstance(body, dict):
        raise BadAnswerError("the answer is not a JSON object")
    if body.get("error"):  # OpenRouter reports failures under status 200 as well
        raise from_error_object(body["error"])
    choice, message = _first_choice(body)
    counted = body.get("usage")
    usage = openai_usage(counted, _to_json(counted).decode()) if counted else None
    text, _ = _text_of(message.get("content"))
    reason = _finish_reason(choice.get("finish_reason"))
    return ChatResult(body, usage, reason, text, raw)


def _first_choice(body: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    choices = body.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        message = choices[0].get("message")
        if isinstance(message, dict):
            return choices[0], message
    raise BadAnswerError("the answer holds no choices")


def _finish_reason(reason: object) -> str | None:
    if not isinstance(reason, str):
        return None
    return _FINISH_REASONS.get(reason, reason)


def _text_of(content: object) -> tuple[str, int]:
    """A content's own text, and how many characters it has with its thoughts.

    Mistral's reasoning models send a list of parts where others send a string:
    https://docs.mistral.ai/capabilities/reasoning/
    """
    if isinstance(content, str):
        return content, len(content)
    if not isinstance(content, list):
        return "", 0
    texts, characters = [], 0
    for part in content:
        if not isinstance(part, dict):
            continue
        text = part.get("text")
        if isinstance(text, str):
            texts.append(text)
        characters += _text_of(part.get("thinking"))[1]
    return "".join(texts), characters + sum(map(len, texts))


class _Delta(msgspec.Struct, gc=False):
    content: Any = None
    reasoning_content: Any = None
    reasoning: Any = None
    refusal: Any = None
    tool_calls: Any = None


class _Choice(msgspec.Struct, gc=False):
    delta: _Delta | None = None
    index: Any = 0
    finish_reason: Any = None


class _Chunk(msgspec.Struct, gc=False):
    choices: list[_Choice] | None = None
    usage: Any = None
    error: Any = None
    x_groq: Any = None


_read_chunk = msgspec.json.Decoder(_Chunk).decode


def decoder(created: int = 0) -> StreamDecoder:
    """A decoder for one stream."""
    del created
    return StreamDecoder(_Reader())


class _Reader:
    def __init__(self) -> None:
        self.is_complete = False

    def read(self, event: Event, draft: Draft) -> None:
        name, data = event
        if len(data) < 16 and data.strip() in (b"[DONE]", b""):
            if data.strip():
                self.is_complete = True
                draft.finish()
            return
        chunk = _chunk_of(data)
        if chunk.error or name == b"error":
            raise from_error_object(chunk.error or _from_json(data))
        if chunk.usage or chunk.x_groq:
            usage = _usage_of(chunk)
            if usage is not None and not chunk.choices:
                draft.relay_usage(data, usage)
                return
            draft.add_facts(usage)
        for choice in chunk.choices or ():
            self._read_choice(choice, draft)
        draft.relay(data)

    def _read_choice(self, choice: _Choice, draft: Draft) -> None:
        delta = choice.delta
        if delta is not None:
            text, characters = _output_of(delta)
            if characters:
                draft.add_output(text if choice.index in (0, None) else "", characters)
        if choice.finish_reason is not None:
            draft.add_facts(None, _finish_reason(choice.finish_reason))
            self.is_complete = True


def _chunk_of(data: bytes) -> _Chunk:
    try:
        return _read_chunk(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise BadAnswerError("an event of the stream is not a chunk") from problem


def _usage_of(chunk: _Chunk) -> Usage | None:
    counted = chunk.usage
    if not counted and isinstance(chunk.x_groq, dict):
        counted = chunk.x_groq.get("usage")
    return openai_usage(counted, _to_json(counted).decode()) if counted else None


def _output_of(delta: _Delta) -> tuple[str, int]:
    content = delta.content
    if type(content) is str:
        text, characters = content, len(content)
    else:
        text, characters = _text_of(content)
    thought = delta.reasoning_content or delta.reasoning
    if isinstance(thought, str):
        characters += len(thought)
    if isinstance(delta.refusal, str):
        characters += len(delta.refusal)
    if isinstance(delta.tool_calls, list):
        characters += sum(map(_call_characters, delta.tool_calls))
    return text, characters


def _call_characters(call: object) -> int:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict):
        return 0
    written = (function.get("name"), function.get("arguments"))
    return sum(len(value) for value in written if isinstance(value, str))

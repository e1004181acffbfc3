"""What the mock upstream says, and the script that chooses it.

The script stands in the request's `user` field, which every gateway passes on,
because the model name is the gateway's to choose: `mock-d50-n64-i20` waits 50 ms,
then streams 64 chunks 20 ms apart; `i0` sends them all at once.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from bench.http1 import chunk

_SCRIPT: Final = re.compile(rb'"user"\s*:\s*"mock([^"]*)"')
_STREAM: Final = re.compile(rb'"stream"\s*:\s*true')
_USAGE: Final = re.compile(rb'"include_usage"\s*:\s*true')
_PART: Final = re.compile(rb"-([dni])(\d+)")

_JSON_HEAD: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
)
_SSE_HEAD: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
_COMPLETION: Final = (
    b'{"id":"chatcmpl-bench","object":"chat.completion","created":1700000000,'
    b'"model":"mock","choices":[{"index":0,"message":{"role":"assistant",'
    b'"content":"%b"},"logprobs":null,"finish_reason":"stop"}],"usage":'
)
_EVENT: Final = (
    b'data: {"id":"chatcmpl-bench","object":"chat.completion.chunk",'
    b'"created":1700000000,"model":"mock","choices":[%b]%b}\n\n'
)
_FIRST: Final = b'"role":"assistant",'
_DELTA: Final = b'{"index":0,"delta":{%b"content":"word "},"finish_reason":null}'
_STOP: Final = b'{"index":0,"delta":{},"finish_reason":"stop"}'
# Numbers are padded with blanks, so an answer's length does not depend on them.
_USED: Final = b'{"prompt_tokens":%6d,"completion_tokens":%6d,"total_tokens":%6d}'
_LAST: Final = b"0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Script:
    """How one request is to be answered."""

    delay_s: float
    chunks: int
    gap_s: float
    is_stream: bool
    has_usage: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """The prepared bytes of one script; `usage` is a template for `%`."""

    head: bytes
    chunks: tuple[bytes, ...]
    usage: bytes
    tail: bytes


def read_script(body: bytes) -> Script:
    """Find the script in a request's body without decoding it."""
    found = _SCRIPT.search(body)
    return _script(
        found[1] if found else b"",
        is_stream=_STREAM.search(body) is not None,
        has_usage=_USAGE.search(body) is not None,
    )


@lru_cache(maxsize=256)
def _script(name: bytes, *, is_stream: bool, has_usage: bool) -> Script:
    parts = {letter: int(number) for letter, number in _PART.findall(name)}
    return Script(
        delay_s=parts.get(b"d", 0) / 1000,
        chunks=max(1, parts.get(b"n", 32)),
        gap_s=parts.get(b"i", 0) / 1000,
        is_stream=is_stream,
        has_usage=has_usage,
    )


def usage_numbers(script: Script, body: bytes) -> tuple[int, int, int]:
    """Count tokens as a mock may: four bytes of the request are one."""
    prompt = 1 + len(body) // 4
    return prompt, script.chunks, prompt + script.chunks


@lru_cache(maxsize=256)
def answer(script: Script) -> Answer:
    """Build a script's bytes once; per request only the usage is filled in."""
    return _stream(script) if script.is_stream else _whole(script)


def _whole(script: Script) -> Answer:
    text = _COMPLETION % (b"word " * script.chunks)
    length = len(text) + len(_USED % (0, 0, 0)) + 1
    return Answer(_JSON_HEAD % length + text, (), _USED, b"}")


def _stream(script: Script) -> Answer:
    events = [_EVENT % (_DELTA % _FIRST, b"")]
    events += [_EVENT % (_DELTA % b"", b"")] * (script.chunks - 1)
    usage = chunk(_EVENT % (b"", b',"usage":' + _USED % (0, 0, 0)))
    template = usage.replace(_USED % (0, 0, 0), _USED) if script.has_usage else b""
    return Answer(
        _SSE_HEAD,
        tuple(chunk(event) for event in events),
        chunk(_EVENT % (_STOP, b"")) + template,
        chunk(b"data: [DONE]\n\n") + _LAST,
    )


def ending(script: Script, numbers: tuple[int, int, int]) -> bytes:
    """The bytes after the last word: what was used, and the end of the body."""
    prepared = answer(script)
    wants_usage = script.has_usage or not script.is_stream
    usage = prepared.usage % numbers if wants_usage else prepared.usage
    return usage + prepared.tail

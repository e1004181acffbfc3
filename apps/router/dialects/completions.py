"""How `/v1/chat/completions` words its answers: as OpenAI does."""

from dataclasses import replace
from typing import Any

import msgspec

from apps.kit.errors import AppError
from apps.providers.wire import ChatResult, StreamPart
from apps.router.account import Account
from apps.router.bodies import Inbound
from apps.router.dialects.costs import event_with_cost, usage_with_cost, with_cost
from apps.router.dialects.dialect import Dialect
from apps.router.replies import DONE, encode_json, sse_error

_from_json = msgspec.json.Decoder().decode


class _CompletionWording:
    """The provider's own bytes, and OpenAI's end."""

    pulse = b""

    def __init__(self, account: Account) -> None:
        del account

    def part(self, part: StreamPart) -> bytes:
        # It was asked for by us, to bill by: OpenAI sends it only to who asks.
        return b"" if part.is_usage_only else part.data

    def end(self, account: Account) -> bytes:
        del account
        return DONE

    def error(self, error: AppError, request_id: str) -> bytes:
        return sse_error(error, request_id)


class _WithUsage(_CompletionWording):
    """The same for a caller who asked for the usage: it comes last, with the cost.

    A provider may send it before its last words, within another chunk, or not at all.
    """

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self._first = b""
        self._usage = b""

    def part(self, part: StreamPart) -> bytes:
        if part.is_usage_only:
            self._usage = part.data
            return b""
        self._first = self._first or part.data
        return part.data

    def end(self, account: Account) -> bytes:
        if self._usage:
            return event_with_cost(self._usage, account) + DONE
        chunk = {**_head_of(self._first), "choices": []}
        chunk["usage"] = usage_with_cost(account)
        return b"data: %b\n\n%b" % (encode_json(chunk), DONE)


def _head_of(events: bytes) -> dict[str, Any]:
    """What all chunks of a stream have in common, of its first one."""
    line = events.partition(b"\n")[0].removeprefix(b"data:").strip()
    chunk = _from_json(line) if line else {}
    names = ("id", "object", "created", "model")
    return {name: chunk[name] for name in names if name in chunk}


def _completion_whole(account: Account, result: ChatResult) -> bytes:
    raw = result.raw if result.speech == "openai" else None
    return with_cost(raw, result.body, account)


def _for(inbound: Inbound) -> Dialect:
    asked = inbound.typed.stream_options
    wants = inbound.wishes.wants_usage or bool(asked and asked.include_usage)
    return WITH_USAGE if wants else PLAIN


PLAIN = Dialect("/v1/chat/completions", _completion_whole, _CompletionWording)
WITH_USAGE = replace(PLAIN, stream=_WithUsage)
COMPLETIONS = replace(PLAIN, about=_for)

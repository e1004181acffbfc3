"""OpenAI's Responses protocol, for its clients: `/v1/responses`."""

from dataclasses import dataclass, field, replace
from typing import Any, Final

from apps.providers.wire import ChatResult
from apps.router.account import Account
from apps.router.bodies import Inbound
from apps.router.dialects.costs import own_answer_with_cost
from apps.router.dialects.dialect import Dialect
from apps.router.dialects.responses import native, write
from apps.router.dialects.responses.native import unstored
from apps.router.dialects.responses.read import items_of, read_after, read_responses
from apps.router.dialects.responses.stream import ResponsesWording
from apps.router.replies import encode_json


@dataclass(slots=True)
class Reply:
    """One Response under way: what was asked for, and what came of it."""

    asked: dict[str, Any]
    wording: ResponsesWording | None = None
    # The whole of it once it is there.
    _response: dict[str, Any] = field(default_factory=dict)

    @property
    def response(self) -> dict[str, Any]:
        return self._response or (self.wording.response if self.wording else {})

    def whole(self, account: Account, result: ChatResult) -> bytes:
        words = native.words_of(self.asked)
        if result.speech == "responses" and result.raw is not None:
            raw = own_answer_with_cost(result.raw, account)
            if words:
                raw, self._response = native.amended(raw, words)
            return raw
        self._response = write.response(account, result, self.asked)
        return encode_json(self._response)

    def stream(self, account: Account) -> ResponsesWording:
        words = native.words_of(self.asked)
        amend = native.amender(words, self._saw) if words else None
        self.wording = ResponsesWording(account, asked=self.asked, amend=amend)
        return self.wording

    def _saw(self, response: dict[str, Any]) -> None:
        self._response = response


def about(inbound: Inbound) -> Dialect:
    """The dialect for one request, whose answers repeat what was asked."""
    reply = reply_to(inbound)
    return replace(RESPONSES, whole=reply.whole, stream=reply.stream)


def reply_to(inbound: Inbound) -> Reply:
    return Reply(inbound.native.body if inbound.native else {})


def _whole(account: Account, result: ChatResult) -> bytes:
    return Reply({}).whole(account, result)


def _stream(account: Account) -> ResponsesWording:
    return Reply({}).stream(account)


RESPONSES: Final = Dialect("/v1/responses", _whole, _stream, about=about)

__all__ = [
    "RESPONSES",
    "Reply",
    "items_of",
    "read_after",
    "read_responses",
    "reply_to",
    "unstored",
]

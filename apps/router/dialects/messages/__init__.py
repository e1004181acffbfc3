"""Anthropic's Messages protocol, for its clients: `/v1/messages`."""

from dataclasses import replace
from functools import partial
from typing import Final

from apps.providers.wire import ChatResult
from apps.router.account import Account
from apps.router.bodies import Inbound
from apps.router.dialects.costs import own_answer_with_cost
from apps.router.dialects.dialect import Dialect
from apps.router.dialects.messages.errors import fail
from apps.router.dialects.messages.read import (
    read_count,
    read_messages,
    wants_thoughts,
)
from apps.router.dialects.messages.stream import MessagesWording
from apps.router.dialects.messages.write import message
from apps.router.replies import encode_json

# Headers of a caller that go on to a provider of the same protocol.
PASSED_HEADERS: Final = ("anthropic-version", "anthropic-beta")


def _whole(
    account: Account, result: ChatResult, *, shows_thoughts: bool = False
) -> bytes:
    if result.speech == "anthropic" and result.raw is not None:
        return own_answer_with_cost(result.raw, account)
    return encode_json(message(account, result, shows_thoughts=shows_thoughts))


def _about(inbound: Inbound) -> Dialect:
    shows = wants_thoughts(inbound.native)
    return replace(
        MESSAGES,
        whole=partial(_whole, shows_thoughts=shows),
        stream=partial(MessagesWording, shows_thoughts=shows),
    )


MESSAGES: Final = Dialect(
    "/v1/messages",
    _whole,
    partial(MessagesWording, shows_thoughts=False),
    fail,
    about=_about,
)

__all__ = ["MESSAGES", "PASSED_HEADERS", "read_count", "read_messages"]

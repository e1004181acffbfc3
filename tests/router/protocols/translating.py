"""What the translations between the protocols read and word, without a router."""

from typing import Any

from apps.providers.adapters import anthropic, openai
from apps.providers.fake import Script, bodies
from apps.providers.wire import StreamPart
from apps.router.account import Account
from apps.router.bodies import Inbound
from apps.router.dialects.dialect import Wording


def lost(inbound: Inbound) -> tuple[str, ...]:
    """What the other protocol has no word for."""
    assert inbound.native is not None
    return inbound.native.lost


def streamed(
    wording: Wording, account: Account, path: str = "/chat/completions", **script: Any
) -> bytes:
    """What a caller gets of a stream that the fake gives in one of its protocols."""
    adapter = anthropic if path.endswith("/messages") else openai
    said = b""
    asked = {"model": "m", "stream_options": {"include_usage": True}}
    decoder = adapter.decoder(1)
    for event in bodies.events(path, asked, Script(**script)):
        said += b"".join(worded(wording, account, p) for p in decoder.feed(event))
    return said + wording.end(account)


def worded(wording: Wording, account: Account, part: StreamPart) -> bytes:
    account.usage = part.usage or account.usage
    account.finish_reason = part.finish_reason or account.finish_reason
    return wording.part(part)

"""Put `usage.cost` into an answer in OpenAI's shape, as OpenRouter does.

The provider's bytes are kept as they came: what is added is set in behind the brace
of `usage`. Only where that place is not certain is the answer written anew.
"""

from typing import Any, Final

import msgspec

from apps.kit.money import from_nano
from apps.providers.adapters.usage import openai_shape
from apps.router.account import Account
from apps.router.replies import encode_json

_NAME: Final = b'"usage"'
_from_json = msgspec.json.Decoder().decode


def cost_of(account: Account) -> float | None:
    """US dollars of the request; None where no price is known."""
    nano = account.bill().cost_nano
    return None if nano is None else float(from_nano(nano))


def with_cost(raw: bytes | None, body: dict[str, Any], account: Account) -> bytes:
    """The answer `body`, of which `raw` are the bytes where they are to be kept."""
    cost = cost_of(account)
    usage = body.get("usage")
    if not isinstance(usage, dict):
        return _with_our_count(raw, body, account)
    if raw is not None and "cost" not in usage:
        spliced = _spliced(raw, usage, cost)
        if spliced is not None:
            return spliced
    return encode_json({**body, "usage": {**usage, "cost": cost}})


def _spliced(raw: bytes, usage: dict[str, Any], cost: float | None) -> bytes | None:
    """The bytes with the cost in them; None where the place is not certain.

    A name that occurs once, and is no part of a string, is that of the usage which
    was read.
    """
    at = raw.find(_NAME)
    if at < 1 or raw[at - 1 : at] == b"\\" or raw.find(_NAME, at + 1) >= 0:
        return None
    brace = raw.find(b"{", at)
    between = raw[at + len(_NAME) : brace]
    if brace < 0 or between.strip() != b":":
        return None
    written = b'"cost":' + encode_json(cost)
    comma = b"," if usage else b""
    return raw[: brace + 1] + written + comma + raw[brace + 1 :]


def own_answer_with_cost(raw: bytes, account: Account) -> bytes:
    """A provider's own whole answer, of any protocol that has a `usage`."""
    body = _from_json(raw)
    if not isinstance(body, dict) or not isinstance(body.get("usage"), dict):
        return raw
    return with_cost(raw, body, account)


def own_events_with_cost(data: bytes, account: Account, *, at: str = "") -> bytes:
    """A provider's own events; `at` is the field of an event that holds the usage."""
    frames = (frame + b"\n\n" for frame in data.split(b"\n\n") if frame)
    return b"".join(_frame_with_cost(frame, account, at) for frame in frames)


def _frame_with_cost(frame: bytes, account: Account, at: str) -> bytes:
    head, mark, raw = frame.partition(b"data: ")
    if _NAME not in raw:
        return frame
    event = _from_json(raw)
    holder = event.get(at) if at else event
    usage = holder.get("usage") if isinstance(holder, dict) else None
    if not isinstance(usage, dict) or "cost" in usage:
        return frame
    cost = cost_of(account)
    spliced = _spliced(raw, usage, cost)
    if spliced is None:
        usage["cost"] = cost
        spliced = encode_json(event) + b"\n\n"
    return head + mark + spliced


def usage_with_cost(account: Account) -> dict[str, Any]:
    """Our own count, where the provider sent none."""
    return {**openai_shape(account.final_usage()), "cost": cost_of(account)}


def _with_our_count(raw: bytes | None, body: dict[str, Any], account: Account) -> bytes:
    usage = usage_with_cost(account)
    end = -1 if raw is None else raw.rfind(b"}")
    if raw is None or "usage" in body or not body or end < 0:
        return encode_json({**body, "usage": usage})
    return raw[:end] + b',"usage":' + encode_json(usage) + raw[end:]


def event_with_cost(data: bytes, account: Account) -> bytes:
    """The event of a stream that carries the usage, with the cost in it."""
    raw = data.strip().removeprefix(b"data:").strip()
    chunk = _from_json(raw)
    if not isinstance(chunk, dict):
        return data
    return b"data: %b\n\n" % with_cost(raw, chunk, account)

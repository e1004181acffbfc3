"""The most a request can cost, so that it can be reserved before it is sent.

Nothing here is a forecast: a byte-level tokenizer makes at most one token of a byte,
and the output limit that the reserved amount pays for is sent to the provider. So a
provider that keeps to its limits can never charge more than was reserved.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from apps.kit.money import CompiledPrice
from apps.router.engine.need import Scored

# What the caller does not limit may be as long as this share of the smallest budget
# pays for, so that one request cannot keep all the others waiting ...
SHARE_OF_BUDGET: Final = 20  # a twentieth
# ... but no shorter than this, which holds most answers.
LEAST_OUTPUT: Final = 1024
# For a model of which no source says how much it can write.
UNKNOWN_OUTPUT: Final = 16_384
# A picture counts for at most so much at OpenAI (high detail) and Anthropic; their
# models that multiply it can cost more than was reserved, and are booked in full.
TOKENS_PER_PICTURE: Final = 1600
# What a provider puts around the messages and tools by itself.
FRAME_TOKENS: Final = 64

MILLION: Final = 1_000_000

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Size:
    """How large a request can get: its prompt, and its answers."""

    prompt_tokens: int
    choices: int  # `n`: each may be as long as the limit
    output_limit: int | None  # the caller's own
    writes_cache: bool

    @classmethod
    def of(cls, body: Mapping[str, Any], *, limit: int | None, choices: int) -> "Size":
        prompt = _encode([body.get(name) for name in _PROMPT])
        tokens = len(prompt) + FRAME_TOKENS
        for url in _pictures(body["messages"]):
            tokens += TOKENS_PER_PICTURE - len(url)
        return cls(max(tokens, 0), choices, limit, b'"cache_control"' in prompt)


_PROMPT: Final = ("messages", "tools", "functions", "response_format", "system")


@dataclass(frozen=True, slots=True)
class Range:
    """Nano-dollars to reserve: as much as one would like, and no less than this."""

    least: int
    wanted: int


def range_of(chain: Iterable[Scored], size: Size, *, smallest_budget: int) -> Range:
    """What the dearest offer of the chain may need; 0 where all of it is free.

    Raises ValueError for an offer without a price.
    """
    least = wanted = 0
    for scored in chain:
        price = scored.candidate.price
        if price is None:
            raise ValueError(scored.candidate.model)
        low, high = _output_range(scored.candidate.max_output_tokens, size)
        prompt = prompt_nano(price, size)
        per_million = _output_nano(price)
        needed = prompt + -(-per_million * low * size.choices // MILLION)
        most = prompt + -(-per_million * high * size.choices // MILLION)
        least = max(least, needed)
        share = max(needed, smallest_budget // SHARE_OF_BUDGET)
        wanted = max(wanted, most if low == high else min(most, share))
    return Range(least, wanted)


def affordable_tokens(price: CompiledPrice, size: Size, amount_nano: int) -> int | None:
    """The output limit that the reserved amount pays for; None where any is free."""
    per_million = _output_nano(price)
    if not per_million:
        return None
    left = amount_nano - prompt_nano(price, size)
    return max(0, left * MILLION // (per_million * size.choices))


def prompt_nano(price: CompiledPrice, size: Size) -> int:
    """The dearest way to charge the prompt, the fee for the request included."""
    tokens = size.prompt_tokens
    fresh = price.cost_nano(tokens, 0, 0, 0, 0, 0) or 0
    if not size.writes_cache:
        return fresh
    short = price.cost_nano(0, 0, tokens, 0, 0, 0) or 0
    long = price.cost_nano(0, 0, 0, tokens, 0, 0) or 0
    return max(fresh, short, long)


def _output_nano(price: CompiledPrice) -> int:
    """Nano-dollars of a million output tokens, written or thought, at any size."""
    return price.dearest_output_nano()


def _output_range(most: int | None, size: Size) -> tuple[int, int]:
    """The least and the most tokens of one answer that are paid for."""
    limit = size.output_limit
    if limit is not None:
        limit = min(limit, most or limit)
        return limit, limit
    most = most or UNKNOWN_OUTPUT
    return min(LEAST_OUTPUT, most), most


def _pictures(messages: Any) -> Iterable[str]:
    for message in messages:
        content = message.get("content")
        for part in content if isinstance(content, list) else ():
            link = part.get("image_url") if isinstance(part, dict) else None
            url = link.get("url") if isinstance(link, dict) else link
            if isinstance(url, str):
                yield url

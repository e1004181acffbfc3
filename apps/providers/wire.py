"""The neutral words between the router and every provider's protocol.

A request keeps the caller's own OpenAI-shaped body (`body`), so that fields we do
not know pass through untouched to a provider of the same protocol; what the
router itself reads is beside it, parsed once.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

Protocol = Literal["openai", "anthropic", "echo"]
# What a caller can speak, and an answer be worded in: OpenAI has two protocols.
Speech = Literal["openai", "anthropic", "responses"]
FinishReason = Literal["stop", "length", "tool_calls", "content_filter", "error"]


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts of one call, in disjoint buckets.

    The prompt total is the sum of its buckets (`prompt`). `output` is everything
    generated; `reasoning`, `audio_output` and `image_output` are disjoint parts of it.
    """

    fresh: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    output: int = 0
    reasoning: int = 0
    is_estimated: bool = False
    # The provider's own JSON, kept because a total can be trusted where its parts
    # cannot, and the other way round; two counts are equal whatever their spelling.
    raw: str = field(default="", compare=False, repr=False)
    # What few calls have: sound and pictures among the tokens, then units.
    audio_input: int = 0
    audio_cache_read: int = 0
    image: int = 0
    audio_output: int = 0
    image_output: int = 0
    searches: int = 0
    pictures: int = 0

    @property
    def prompt(self) -> int:
        return (
            self.fresh
            + self.cache_read
            + self.cache_write_5m
            + self.cache_write_1h
            + self.audio_input
            + self.audio_cache_read
            + self.image
        )


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where one provider listens and how it is spoken to."""

    provider: str  # the provider's slug, such as "groq"
    protocol: Protocol
    base_url: str  # without a trailing slash, such as "https://host/v1"
    api_key: str = field(default="", repr=False)  # never shown, never logged
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Native:
    """A request's own body in another protocol than OpenAI's chat.

    A provider of the same protocol gets it as it is, with the model's id in it.
    """

    protocol: Speech
    body: dict[str, Any]
    # Headers of the caller that belong to the protocol, such as `anthropic-beta`.
    headers: tuple[tuple[str, str], ...] = ()
    # What is changed or left out when it is said in OpenAI's words instead, and what
    # cannot be said there at all; such a request is for its own protocol alone.
    lost: tuple[str, ...] = ()
    unsayable: str = ""


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One chat call in OpenAI's shape: `body` is complete but for model and stream."""

    model: str  # the provider's own id of the model
    body: dict[str, Any]  # messages, tools, sampling parameters, unknown fields
    is_stream: bool = False
    native: Native | None = None
    # Everything must be said: refuse what would have to be left out or changed.
    is_strict: bool = False
    # What the protocol of the provider could not say, such as "dropped:seed".
    notes: list[str] = field(default_factory=list, compare=False)
    # `body` is that of `/v1/embeddings`.
    is_embedding: bool = False


@dataclass(frozen=True, slots=True)
class HTTPCall:
    """What an adapter wants sent: path below the base URL, headers, JSON bytes."""

    path: str
    headers: dict[str, str]
    content: bytes


@dataclass(frozen=True, slots=True)
class ChatResult:
    """A whole answer: `body` in OpenAI's shape, and what we read from it.

    `raw` holds the provider's own bytes when they are OpenAI's shape already, so
    that they can be relayed as they came. A caller who speaks another protocol than
    OpenAI's chat, and is answered by a provider of the same, gets them likewise.
    """

    body: dict[str, Any]
    usage: Usage | None
    finish_reason: str | None
    text: str
    raw: bytes | None = None
    # The protocol that `raw` is in.
    speech: Speech = "openai"


class StreamPart(msgspec.Struct, frozen=True, gc=False):
    """One step of a stream, ready to be relayed. A struct, because one is made for
    every chunk: 0.2 µs where a frozen dataclass takes 2.

    `data` is one or more complete server-sent events in OpenAI's shape (bytes
    ending in a blank line, without `[DONE]`); empty when the part only carries
    facts. `is_token` says that it holds output: text, thought or a tool call; `text`
    is the answer's text alone, and `characters` counts all of the output, for an
    estimate where the provider never sends a usage.
    """

    data: bytes = b""
    text: str = ""
    characters: int = 0
    usage: Usage | None = None
    finish_reason: str | None = None
    is_token: bool = False
    is_usage_only: bool = False  # an extra chunk that exists only to carry usage
    is_done: bool = False
    # The protocol of `data`, where it is relayed to a caller of the same. The last
    # event of such a stream comes with `is_done`.
    speech: Speech = "openai"

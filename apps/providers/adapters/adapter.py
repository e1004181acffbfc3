"""What a protocol's module offers to whoever does the talking."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from apps.providers.adapters.stream import StreamDecoder
from apps.providers.wire import ChatRequest, ChatResult, Endpoint, HTTPCall


class Adapter(Protocol):
    """A pure translation: a request to a call, and bytes to an answer."""

    @property
    def headers(self) -> Callable[[Endpoint], dict[str, str]]: ...
    @property
    def encode(self) -> Callable[[Endpoint, ChatRequest], HTTPCall]: ...
    @property
    def decode(self) -> Callable[[bytes, int], ChatResult]: ...
    @property
    def decoder(self) -> Callable[[int], StreamDecoder]: ...


@dataclass(frozen=True, slots=True)
class Speaker:
    """An adapter that is not a module."""

    headers: Callable[[Endpoint], dict[str, str]]
    encode: Callable[[Endpoint, ChatRequest], HTTPCall]
    decode: Callable[[bytes, int], ChatResult]
    decoder: Callable[[int], StreamDecoder]

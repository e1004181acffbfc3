"""What a dialect is: how one protocol words its answers and its refusals."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from apps.kit.errors import AppError
from apps.providers.wire import ChatResult, StreamPart
from apps.router.account import Account
from apps.router.arrivals import Arrival
from apps.router.bodies import Inbound


class Wording(Protocol):
    """Words one stream; it may remember what it has said.

    `pulse` is what keeps the line open while the provider is silent; empty: nothing.
    """

    pulse: bytes

    def part(self, part: StreamPart) -> bytes: ...
    def end(self, account: Account) -> bytes: ...
    def error(self, error: AppError, request_id: str) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Dialect:
    """One way to word answers, whole or streamed, and refusals."""

    endpoint: str
    whole: Callable[[Account, ChatResult], bytes]
    stream: Callable[[Account], Wording]
    # The body of an error's answer: the error, and the request's id.
    fail: Callable[[AppError, str], dict[str, Any]] = AppError.body
    # The same dialect for one request, where its answers repeat what was asked.
    about: Callable[[Inbound], "Dialect"] | None = None
    # The same where something must be read first; it may change the arrival.
    meet: Callable[[Arrival], Awaitable["Dialect"]] | None = None
    # Done when the account is settled, before the last bytes leave; gives these bytes.
    before_end: Callable[[Account, bytes], Awaitable[bytes]] | None = None

    async def for_call(self, arrival: Arrival) -> "Dialect":
        """This dialect for one call; raises an AppError for what it cannot be."""
        if self.meet is not None:
            return await self.meet(arrival)
        return self if self.about is None else self.about(arrival.inbound)

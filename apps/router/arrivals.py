"""One call as it came in: who calls, what is asked, and how it is to be treated."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID

from apps.accounts.keys import Caller
from apps.providers.wire import Native
from apps.router.bodies import ChatBody, Inbound
from apps.router.context import NO_CONTEXT, Context
from apps.router.engine.rules import Rules
from apps.router.keeping import HEADER as STORE_HEADER
from apps.router.keeping import is_private

IDEMPOTENCY_HEADER: Final = "Idempotency-Key"
CACHE_HEADER: Final = "X-ModelOptix-Cache"
SESSION_HEADER: Final = "X-ModelOptix-Session"

# A header's value by its name; empty without it.
type HeaderOf = Callable[[str], str]


@dataclass(slots=True)
class Options:
    """What stands beside the body of a request, in headers or in its address."""

    # The caller or the rules ask for it not to be stored.
    is_private: bool = False
    # Kinds that the rules have taken out before anything is stored.
    redacts: tuple[str, ...] = ()
    idempotency_key: str = ""
    cache: str = ""
    session: str = ""
    # The agent's run that it is a step of.
    run_id: str = ""
    step: int | None = None
    # The caller's headers that go on to a provider of the same protocol.
    passed: tuple[tuple[str, str], ...] = ()
    purpose: str = "call"
    # Of our own calls, the experiment they are made for.
    experiment_id: UUID | None = None
    arm: str = ""

    def obey(self, rules: Rules) -> None:
        """Take over what the rules say about storing; nothing loosens a caller's no."""
        self.is_private = self.is_private or rules.is_private
        self.redacts = rules.redacts


def options_of(header: HeaderOf) -> Options:
    """The options that headers carry."""
    return Options(
        is_private=is_private(header(STORE_HEADER)),
        idempotency_key=header(IDEMPOTENCY_HEADER),
        cache=header(CACHE_HEADER),
        session=header(SESSION_HEADER),
    )


ANTHROPIC_HEADERS: Final = ("anthropic-version", "anthropic-beta")


def anthropic_options_of(header: HeaderOf) -> Options:
    """The same for a caller of Anthropic's protocol."""
    options = options_of(header)
    given = ((name, header(name)) for name in ANTHROPIC_HEADERS)
    options.passed = tuple((name, value) for name, value in given if value)
    return options


@dataclass(slots=True)
class Arrival:
    """One call, and when it was accepted."""

    caller: Caller
    inbound: Inbound
    request_id: str
    accepted: float  # perf_counter
    options: Options = field(default_factory=Options)
    context: Context = NO_CONTEXT

    @property
    def typed(self) -> ChatBody:
        return self.inbound.typed

    @property
    def native(self) -> Native | None:
        """The caller's own body, with the headers that belong to it."""
        native, passed = self.inbound.native, self.options.passed
        return replace(native, headers=passed) if native and passed else native

    @property
    def body(self) -> dict[str, Any]:
        return self.inbound.body

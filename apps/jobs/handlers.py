"""Which function does the work of a topic."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import UUID

from django.utils.module_loading import autodiscover_modules


class Handler(Protocol):
    def __call__(self, payload: dict[str, Any], *, message_id: UUID) -> None: ...


@dataclass(frozen=True, slots=True)
class Registered:
    """A handler, and the login in whose transaction its message is settled."""

    handler: Handler
    exactly_once_in: str | None


_handlers: Final[dict[str, Registered]] = {}


def handles[H: Handler](
    topic: str, *, exactly_once_in: str | None = None
) -> Callable[[H], H]:
    """Register the handler of a topic, in a module `outbox_handlers.py`.

    `exactly_once_in` names a login ("default", "jobs"): the handler then runs in one
    transaction of that login with the mark that its message is delivered.
    """

    def register(handler: H) -> H:
        if topic in _handlers:
            raise ValueError(f"The topic {topic!r} has a handler already.")
        _handlers[topic] = Registered(handler, exactly_once_in)
        return handler

    return register


def handler_of(topic: str) -> Registered:
    """The registered handler; LookupError when this release has none."""
    if topic not in _handlers:
        autodiscover_modules("outbox_handlers")
    if topic not in _handlers:
        raise LookupError(f"Nothing handles the topic {topic!r}.")
    return _handlers[topic]

"""Who is acting in this thread or task, for the audit log.

The edges of the product say it once: the middleware for pages and the API, manage.py
for commands, the admin for an operator. What runs without anybody is a job.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID


class Via(StrEnum):
    """The way in that a change took."""

    PAGE = "page"
    API = "api"
    ADMIN = "admin"
    JOB = "job"
    COMMAND = "command"
    # An operator looking through a customer's eyes.
    IMPERSONATION = "impersonation"


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, a key or nobody, and where the request came from."""

    via: Via = Via.JOB
    user_id: UUID | None = None
    email: str = ""
    key_id: UUID | None = None
    ip: str | None = None
    user_agent: str = ""


_NOBODY = Actor()
_current: ContextVar[Actor | None] = ContextVar("actor", default=None)


def current_actor() -> Actor:
    return _current.get() or _NOBODY


@contextmanager
def acting(actor: Actor) -> Iterator[None]:
    """Have every change inside recorded as this actor's."""
    token = _current.set(actor)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def acting_as(user_id: UUID, email: str) -> Iterator[None]:
    """The same request, now that it is known who is behind it (a sign-up)."""
    with acting(replace(current_actor(), user_id=user_id, email=email)):
        yield

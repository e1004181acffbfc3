"""Which organization this thread or task is working for.

The scope lives in a ContextVar, so it follows threads started by `sync_to_async`
and asyncio tasks. The database backend stamps it on every transaction; the manager
of `TenantModel` refuses to query without it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID


class ScopeError(RuntimeError):
    """Raised for a query without a scope, or for a switch inside one."""


@dataclass(frozen=True)
class _Unscoped:
    reason: str


_current: ContextVar[UUID | _Unscoped | None] = ContextVar("org", default=None)


@contextmanager
def scope(org_id: UUID) -> Iterator[None]:
    """Work for one organization; a switch to another one inside it is refused."""
    held = _current.get()
    if isinstance(held, UUID) and held != org_id:
        raise ScopeError("This is already the scope of another organization.")
    token = _current.set(org_id)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def unscoped(reason: str) -> Iterator[None]:
    """Work across organizations, as the jobs login; every reason is on a list.

    Never inside a scope: a request that serves one organization stays in it.
    """
    if isinstance(_current.get(), UUID):
        raise ScopeError("A scope cannot be left from inside.")
    token = _current.set(_Unscoped(reason))
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def elsewhere(org_id: UUID, reason: str) -> Iterator[None]:
    """Work for another organization than the one in scope, and come back.

    For the few acts of a person that concern two: founding one, joining one. The
    caller has made sure that the person may; every reason is on a list.
    """
    if not reason:
        raise ScopeError("Leaving a scope needs its reason.")
    token = _current.set(org_id)
    try:
        yield
    finally:
        _current.reset(token)


def current_org_id() -> UUID | None:
    held = _current.get()
    return held if isinstance(held, UUID) else None


def require_org_id() -> UUID:
    org_id = current_org_id()
    if org_id is None:
        raise ScopeError("No organization is in scope: open `scope(org_id)` first.")
    return org_id


def is_unscoped() -> bool:
    return isinstance(_current.get(), _Unscoped)

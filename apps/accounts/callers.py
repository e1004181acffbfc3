"""Who sent a request: the caller of its key, or the signed-in member."""

from dataclasses import dataclass

from django.db import OperationalError
from django.http import HttpRequest

from apps.accounts.key_cache import KEY_CACHE
from apps.accounts.key_services import renew_digest
from apps.accounts.keys import (
    Caller,
    digest,
    earlier_digests,
    is_well_formed,
    resolve,
    touch_keys,
)
from apps.accounts.models import Membership, Organization, User
from apps.accounts.queries import memberships_of
from apps.tenancy.scope import scope

ORG_IN_SESSION = "org_id"


@dataclass(frozen=True)
class Member:
    """A signed-in person's place in the organization of this session."""

    org: Organization
    membership: Membership
    orgs: tuple[Organization, ...]


def token_of(request: HttpRequest) -> str:
    """The key of `Authorization: Bearer` or `X-API-Key`; empty without one."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return token.strip()
    return request.headers.get("X-API-Key", "").strip()


def find_caller(token: str) -> Caller | None:
    """The caller of a live key, with its use noted; None for any other text.

    Raises OperationalError when the key is not known here and Postgres is away.
    """
    if not is_well_formed(token):
        return None
    key = digest(token)
    known = KEY_CACHE.get(key)
    if known is not None and known.is_fresh:
        return known.valid_caller
    try:
        return _renewed(key, token)
    except OperationalError:
        if known is None or not known.is_usable_without_database:
            raise
        return known.valid_caller


def _renewed(key: bytes, token: str) -> Caller | None:
    while True:
        moment = KEY_CACHE.moment
        caller = _look_up(key, token)
        known = KEY_CACHE.store_answer(key, caller, asked_at=moment)
        if known is not None:
            return known.valid_caller


def _look_up(key: bytes, token: str) -> Caller | None:
    caller = resolve(key) or _find_under_earlier_pepper(token)
    if caller is not None and caller.key_id is not None:
        touch_keys([caller.key_id])
    return caller


def _find_under_earlier_pepper(token: str) -> Caller | None:
    for old in earlier_digests(token):
        caller = resolve(old)
        if caller is not None and caller.key_id is not None:
            with scope(caller.org_id):
                renew_digest(caller.key_id, token, earlier=old)
            return caller
    return None


def find_member(request: HttpRequest) -> Member | None:
    """The member behind the session; None when signed out or in no organization."""
    if not isinstance(request.user, User):
        return None
    memberships = memberships_of(request.user)
    if not memberships:
        return None
    chosen = request.session.get(ORG_IN_SESSION)
    matching = [m for m in memberships if str(m.org_id) == chosen]
    membership = (matching or memberships)[0]
    orgs = tuple(m.org for m in memberships)
    return Member(org=membership.org, membership=membership, orgs=orgs)

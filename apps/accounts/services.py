"""Writes of accounts: organizations, members and keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from apps.accounts import keys
from apps.accounts.key_cache import KEY_CACHE
from apps.accounts.models import APIKey, Membership, Organization, User
from apps.accounts.queries import memberships_of
from apps.accounts.roles import Role
from apps.kit.clock import utc_now
from apps.kit.errors import NotFoundError
from apps.kit.ids import uuid7
from apps.tenancy.scope import scope


@dataclass(frozen=True)
class NewKey:
    """What somebody asks for who wants a key."""

    name: str
    is_test: bool = False
    scopes: Sequence[str] = keys.DEFAULT_SCOPES
    expires_at: datetime | None = None


def create_organization(user: User, name: str) -> Organization:
    """A new organization with this person as its owner."""
    org_id = uuid7()
    with scope(org_id), transaction.atomic():
        org = Organization.objects.create(id=org_id, name=name)
        Membership.objects.create(user=user, role=Role.OWNER)
    return org


def ensure_organization(user: User) -> Organization:
    """The person's first organization; a new person gets one of their own."""
    memberships = memberships_of(user)
    if memberships:
        return memberships[0].org
    name = user.name or user.email.partition("@")[0]
    return create_organization(user, f"{name}'s organization"[:100])


def create_key(wanted: NewKey, *, by: User | None) -> tuple[APIKey, str]:
    """A key of the organization in scope, and its token, which is kept nowhere."""
    token = keys.new_token(is_test=wanted.is_test)
    key = APIKey(
        name=wanted.name,
        prefix=token[: keys.SHOWN_LENGTH],
        last4=token[-4:],
        digest=keys.digest(token),
        pepper_version=keys.pepper_version(),
        is_test=wanted.is_test,
        scopes=list(wanted.scopes),
        created_by=by,
        expires_at=wanted.expires_at,
    )
    with transaction.atomic():
        key.save(force_insert=True)
        _announce(key.digest)
    return key, token


def revoke_key(key_id: UUID) -> APIKey:
    """Refuse the key from now on; revoking it again changes nothing."""
    with transaction.atomic():
        live = APIKey.objects.filter(id=key_id, revoked_at=None)
        live.update(revoked_at=utc_now())
        key = APIKey.objects.filter(id=key_id).first()
        if key is None:
            raise NotFoundError("There is no such API key.")
        _announce(key.digest)
    return key


def renew_digest(key_id: UUID, token: str) -> None:
    """Store a key under the pepper in force, when it came in under an older one."""
    APIKey.objects.filter(id=key_id).update(
        digest=keys.digest(token), pepper_version=keys.pepper_version()
    )


def _announce(digest: bytes | memoryview) -> None:
    """Tell every process that holds this key to look it up again, on commit."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [keys.CHANNEL, digest.hex()])
    # A worker or a test listens to nobody; its own cache must not be behind.
    KEY_CACHE.forget(bytes(digest))
    transaction.on_commit(lambda: KEY_CACHE.forget(bytes(digest)))

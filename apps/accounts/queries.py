"""Reads of accounts."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Case, F, IntegerField, QuerySet, Value, When

from apps.accounts.models import (
    APIKey,
    Invitation,
    Membership,
    Organization,
    User,
)
from apps.accounts.roles import Role
from apps.kit.clock import utc_now
from apps.kit.errors import NotFoundError

_MEMBERSHIPS = (
    "SELECT org_id, org_name, org_created_at, org_deletes_at, membership_id, role "
    "FROM memberships_of(%s)"
)
_INVITATION = (
    "SELECT id, org_id, org_name, email, role, inviter, expires_at, accepted_at,"
    " revoked_at FROM find_invitation(%s)"
)


@dataclass(frozen=True)
class FoundInvitation:
    """What a link leads to; `inviter` is empty when that person's account is gone."""

    id: UUID
    org_id: UUID
    org_name: str
    email: str
    role: str
    inviter: str
    expires_at: datetime
    accepted_at: datetime | None
    revoked_at: datetime | None

    @property
    def is_expired(self) -> bool:
        return self.expires_at <= utc_now()

    @property
    def is_open(self) -> bool:
        return not (self.accepted_at or self.revoked_at or self.is_expired)


def memberships_of(user: User) -> list[Membership]:
    """A person's memberships with their organizations, the oldest first.

    Asked before a scope is known, so it goes through a function of the owner's.
    """
    with connection.cursor() as cursor:
        cursor.execute(_MEMBERSHIPS, [user.id])
        rows = cursor.fetchall()
    return [
        Membership(
            id=membership_id,
            org=Organization(
                id=org_id, name=name, created_at=created_at, deletes_at=deletes_at
            ),
            user=user,
            role=role,
        )
        for org_id, name, created_at, deletes_at, membership_id, role in rows
    ]


def get_key(key_id: UUID) -> APIKey:
    """A key of the organization; raises NotFoundError."""
    key = APIKey.objects.select_related("created_by").filter(id=key_id).first()
    if key is None:
        raise NotFoundError("There is no such API key.")
    return key


def list_keys() -> QuerySet[APIKey]:
    """The organization's keys: live ones first, the newest on top."""
    keys = APIKey.objects.select_related("created_by")
    return keys.order_by(F("revoked_at").desc(nulls_first=True), "-created_at")


def list_members() -> QuerySet[Membership]:
    """The organization's members: owners first, then by what they may do."""
    ranks = [When(role=role, then=Value(rank)) for rank, role in enumerate(Role)]
    rank = Case(*ranks, output_field=IntegerField())
    return Membership.objects.select_related("user").order_by(rank, "created_at", "id")


def list_invitations() -> QuerySet[Invitation]:
    """The invitations that nobody has used or revoked, the newest first."""
    waiting = Invitation.objects.filter(accepted_at=None, revoked_at=None)
    return waiting.select_related("invited_by").order_by("-created_at", "-id")


def find_invitation(digest: bytes) -> FoundInvitation | None:
    """The invitation of a link's digest; asked before a scope is known."""
    with connection.cursor() as cursor:
        cursor.execute(_INVITATION, [digest])
        row = cursor.fetchone()
    if row is None:
        return None
    found = FoundInvitation(*row)
    return replace(found, inviter=found.inviter or "")

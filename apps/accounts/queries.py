"""Reads of accounts."""

from django.db import connection
from django.db.models import F, QuerySet

from apps.accounts.models import APIKey, Membership, Organization, User

_MEMBERSHIPS = (
    "SELECT org_id, org_name, org_created_at, membership_id, role "
    "FROM memberships_of(%s)"
)


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
            org=Organization(id=org_id, name=name, created_at=created_at),
            user=user,
            role=role,
        )
        for org_id, name, created_at, membership_id, role in rows
    ]


def list_keys() -> QuerySet[APIKey]:
    """The organization's keys: live ones first, the newest on top."""
    keys = APIKey.objects.select_related("created_by")
    return keys.order_by(F("revoked_at").desc(nulls_first=True), "-created_at")

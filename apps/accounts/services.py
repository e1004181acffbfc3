"""Writes of accounts: a person's organizations."""

from django.db import transaction

from apps.accounts.models import Membership, Organization, User
from apps.accounts.queries import memberships_of
from apps.accounts.roles import Role
from apps.audit.actor import acting_as
from apps.audit.services import record
from apps.kit.ids import uuid7
from apps.tenancy.scope import elsewhere


def create_organization(user: User, name: str) -> Organization:
    """A new organization with this person as its owner."""
    org_id = uuid7()
    reason = "a person founds another organization"
    with (
        elsewhere(org_id, reason),
        # At sign-up nobody is signed in yet.
        acting_as(user.id, user.email),
        transaction.atomic(),
    ):
        org = Organization.objects.create(id=org_id, name=name)
        Membership.objects.create(user=user, role=Role.OWNER)
        record(
            "organization.created",
            subject="organization",
            subject_id=org_id,
            after={"name": name, "owner": user.email},
        )
    return org


def ensure_organization(user: User) -> Organization:
    """The person's first organization; a new person gets one of their own."""
    memberships = memberships_of(user)
    if memberships:
        return memberships[0].org
    name = user.name or user.email.partition("@")[0]
    return create_organization(user, f"{name}'s organization"[:100])

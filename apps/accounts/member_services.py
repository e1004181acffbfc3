"""Writes of an organization and its members.

Every change of who belongs to an organization, and as what, first takes the lock of
its row: two owners who demote each other at once are served one after the other, and
the second finds that it would leave nobody. `by` is the acting person's membership,
read again under that lock; None is an API key that may manage members, which counts
as an admin.
"""

from typing import Final, Never
from uuid import UUID

from django.db import transaction

from apps.accounts import key_services
from apps.accounts.models import APIKey, Membership, Organization
from apps.accounts.roles import POLICY, Role, governs
from apps.audit.services import record
from apps.kit.errors import NotFoundError, PermissionDeniedError, ValidationError

LAST_OWNER: Final = "An organization keeps one owner: make somebody else owner first."


def lock_organization() -> Organization:
    """Wait for the lock of the organization in scope; it ends with the transaction.

    Not the full lock of a row: that would hold up every insert which refers to it.
    """
    return Organization.objects.select_for_update(no_key=True).get()


@transaction.atomic
def rename_organization(name: str) -> Organization:
    org = lock_organization()
    before, org.name = org.name, name
    if before != name:
        org.save(update_fields=["name"])
        record(
            "organization.renamed",
            subject="organization",
            subject_id=org.id,
            before={"name": before},
            after={"name": name},
        )
    return org


@transaction.atomic
def change_role(member_id: UUID, role: str, *, by: Membership | None) -> Membership:
    """Give a member another role; the same role again changes nothing."""
    lock_organization()
    member = _member(member_id)
    _require_power(by, member.role, role)
    if member.role == role:
        return member
    if member.role == Role.OWNER:
        _require_another_owner()
    _set_role(member, role)
    return member


@transaction.atomic
def transfer_ownership(member_id: UUID, *, by: Membership) -> None:
    """Make a member owner in one's own place, and oneself an admin."""
    lock_organization()
    mine, theirs = _member(by.id), _member(member_id)
    if mine.role not in POLICY["organization.manage"]:
        _refuse()
    if mine.id == theirs.id:
        raise ValidationError("You are the owner already.")
    if theirs.role != Role.OWNER:
        _set_role(theirs, Role.OWNER)
    _set_role(mine, Role.ADMIN)


@transaction.atomic
def remove_member(
    member_id: UUID, *, by: Membership | None, is_revoking_keys: bool = False
) -> None:
    """Take a member out, from the next request on.

    The keys they made belong to the organization and go on working, unless it is
    asked to revoke them too.
    """
    lock_organization()
    member = _member(member_id)
    _require_power(by, member.role)
    _take_out(member, "member.removed", is_revoking_keys=is_revoking_keys)


@transaction.atomic
def leave(by: Membership, *, is_revoking_keys: bool = False) -> None:
    """Leave the organization; its last owner cannot."""
    lock_organization()
    _take_out(_member(by.id), "member.left", is_revoking_keys=is_revoking_keys)


def _take_out(member: Membership, action: str, *, is_revoking_keys: bool) -> None:
    if member.role == Role.OWNER:
        _require_another_owner()
    if is_revoking_keys:
        made = APIKey.objects.filter(created_by=member.user, revoked_at=None)
        for key_id in made.values_list("id", flat=True):
            key_services.revoke_key(key_id)
    Membership.objects.filter(id=member.id).delete()
    record(
        action,
        subject="member",
        subject_id=member.id,
        before={"email": member.user.email, "role": member.role},
    )


def _set_role(member: Membership, role: str) -> None:
    before, member.role = member.role, role
    member.save(update_fields=["role"])
    email = member.user.email
    record(
        "member.role_changed",
        subject="member",
        subject_id=member.id,
        before={"email": email, "role": before},
        after={"email": email, "role": role},
    )


def _member(member_id: UUID) -> Membership:
    member = Membership.objects.select_related("user").filter(id=member_id).first()
    if member is None:
        raise NotFoundError("There is no such member.")
    return member


def _require_power(by: Membership | None, *roles: str) -> None:
    """Refuse who may not give and take these roles, as things stand now."""
    role = Role.ADMIN if by is None else _member(by.id).role
    if not governs(role, *roles):
        _refuse()


def _refuse() -> Never:
    raise PermissionDeniedError("Only an owner makes, changes or removes an owner.")


def _require_another_owner() -> None:
    if Membership.objects.filter(role=Role.OWNER).count() < 2:
        raise ValidationError(LAST_OWNER)

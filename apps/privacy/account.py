"""A person deletes the account: what becomes of each organization, and then of them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.db import transaction

from apps.accounts import member_services
from apps.accounts.models import Membership, User
from apps.accounts.queries import memberships_of
from apps.accounts.roles import Role
from apps.audit.services import record
from apps.kit.errors import ValidationError
from apps.mail import services as mail
from apps.privacy import people, services
from apps.privacy.errors import ConflictError
from apps.tenancy.scope import elsewhere

REASON: Final = "a person who deletes the account leaves every organization"


class Fate(StrEnum):
    """What happens to an organization when one of its members deletes the account."""

    LEFT = "left"
    # Nobody else is in it.
    DELETED = "deleted"
    # Others are, but no other owner: it has to be handed over first.
    STUCK = "stuck"


@dataclass(frozen=True)
class Stake:
    membership: Membership
    fate: Fate


def stakes_of(user: User) -> list[Stake]:
    return [Stake(member, _fate(member)) for member in memberships_of(user)]


def _fate(member: Membership) -> Fate:
    with elsewhere(member.org_id, REASON):
        others = Membership.objects.exclude(user=member.user)
        if not others.exists():
            return Fate.DELETED
        is_last = member.role == Role.OWNER
        if is_last and not others.filter(role=Role.OWNER).exists():
            return Fate.STUCK
    return Fate.LEFT


def delete_account(user: User, *, typed_email: str) -> bool:
    """Delete the account, or plan it: True when it is gone already.

    Organizations that have other members are left at once. One without any others is
    deleted as always, after 14 days, and the account goes with the last of them; until
    then the person can sign in and undo it. Raises ConflictError while an organization
    would be left without an owner.
    """
    if typed_email.strip().lower() != user.email:
        raise ValidationError("This is not your e-mail address.", param="email")
    stakes = stakes_of(user)
    stuck = [s.membership.org.name for s in stakes if s.fate is Fate.STUCK]
    if stuck:
        raise ConflictError(f"You are the only owner of {', '.join(stuck)}.")
    for stake in stakes:
        with elsewhere(stake.membership.org_id, REASON):
            _let_go(stake, user)
    if any(stake.fate is Fate.DELETED for stake in stakes):
        return False
    with transaction.atomic():
        mail.send("account_deleted", to=user.email, context={"email": user.email})
        record("account.deleted", subject="user", subject_id=user.id, org_id=None)
        if not people.forget(user.id):
            raise ConflictError("You joined an organization in the meantime.")
    return True


def _let_go(stake: Stake, user: User) -> None:
    org = stake.membership.org
    if stake.fate is Fate.LEFT:
        member_services.leave(stake.membership)
    elif org.deletes_at is None:
        services.plan_deletion(org, typed_name=org.name, by=user)

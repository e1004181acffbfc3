"""Invite people by e-mail: a link that works once, for seven days, for one address."""

import hashlib
import secrets
from datetime import timedelta
from typing import Final
from uuid import UUID

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction
from django.urls import reverse

from apps.accounts.member_services import lock_organization
from apps.accounts.models import Invitation, Membership, Organization, User
from apps.accounts.queries import FoundInvitation, find_invitation
from apps.accounts.roles import Role
from apps.accounts.seats import require_seat_to_invite, require_seat_to_join
from apps.audit.services import record
from apps.kit.clock import utc_now
from apps.kit.errors import (
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    ValidationError,
)
from apps.mail import services as mail
from apps.tenancy.scope import elsewhere, require_org_id

LIFETIME: Final = timedelta(days=7)
# An invitation is a mail from us to somebody who did not ask for it.
MOST_A_DAY: Final = 100
SEND_AGAIN_AFTER: Final = timedelta(minutes=1)
# Whoever is to be owner is made one after joining, by an owner.
INVITABLE: Final = tuple(role for role in Role if role != Role.OWNER)


@transaction.atomic
def invite(email: str, role: str, *, by: User | None) -> Invitation:
    """Offer a role to an address; an invitation that ran out there is renewed."""
    email = email.strip().lower()
    org = lock_organization()
    _require_invitable(email, role)
    require_seat_to_invite()
    old = Invitation.objects.filter(email=email, accepted_at=None, revoked_at=None)
    old.filter(expires_at__lte=utc_now()).update(revoked_at=utc_now())
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        email=email,
        role=role,
        digest=_digest(token),
        invited_by=by,
        expires_at=utc_now() + LIFETIME,
    )
    _record("invitation.sent", invitation)
    _send(invitation, token, org)
    return invitation


@transaction.atomic
def resend_invitation(invitation_id: UUID, *, by: User | None) -> Invitation:
    """Send a new link, valid for seven days again; the one before is dead."""
    org = lock_organization()
    invitation = _open_invitation(invitation_id)
    now = utc_now()
    if invitation.expires_at - LIFETIME > now - SEND_AGAIN_AFTER:
        raise RateLimitedError("It was sent less than a minute ago.", retry_after_s=60)
    if invitation.expires_at <= now:
        require_seat_to_invite()
    token = secrets.token_urlsafe(32)
    invitation.digest = _digest(token)
    invitation.expires_at = now + LIFETIME
    invitation.invited_by = by
    invitation.save(update_fields=["digest", "expires_at", "invited_by"])
    _record("invitation.sent_again", invitation)
    _send(invitation, token, org)
    return invitation


@transaction.atomic
def revoke_invitation(invitation_id: UUID) -> None:
    """Make an open invitation's link useless."""
    lock_organization()
    invitation = _open_invitation(invitation_id)
    invitation.revoked_at = utc_now()
    invitation.save(update_fields=["revoked_at"])
    _record("invitation.revoked", invitation)


def look_up(token: str) -> FoundInvitation | None:
    """The invitation behind a link, used or not; None for any other text."""
    return find_invitation(_digest(token))


def is_for(found: FoundInvitation, user: User) -> bool:
    """Whether the invited address is one that this person has confirmed."""
    theirs = EmailAddress.objects.filter(user=user, verified=True)
    return bool(theirs.filter(email__iexact=found.email).exists())


def accept(token: str, *, user: User) -> UUID:
    """Join; returns the organization's id. Of two clicks at once, one gets in.

    Raises NotFoundError for a link that does not work (any more) and
    PermissionDeniedError for somebody else's.
    """
    found = look_up(token)
    if found is None:
        raise NotFoundError("There is no such invitation.")
    if not is_for(found, user):
        raise PermissionDeniedError("This invitation is for another e-mail address.")
    reason = "an invited person joins another organization"
    with elsewhere(found.org_id, reason), transaction.atomic():
        lock_organization()
        _claim(found, _digest(token))
        require_seat_to_join()
        _join(found, user)
    return found.org_id


def _claim(found: FoundInvitation, digest: bytes) -> None:
    now = utc_now()
    # The digest too: a link that was replaced since the look-up is dead.
    still_open = Invitation.objects.filter(
        id=found.id,
        digest=digest,
        accepted_at=None,
        revoked_at=None,
        expires_at__gt=now,
    )
    if still_open.update(accepted_at=now) != 1:
        raise NotFoundError("This invitation was used, revoked, or is too old.")


def _join(found: FoundInvitation, user: User) -> None:
    member, is_new = Membership.objects.get_or_create(
        user=user, defaults={"role": found.role}
    )
    if is_new:
        record(
            "member.joined",
            subject="member",
            subject_id=member.id,
            after={"email": user.email, "role": member.role},
        )


def _require_invitable(email: str, role: str) -> None:
    if role not in INVITABLE:
        raise ValidationError("Nobody is invited as an owner.", param="role")
    if Membership.objects.filter(user__email=email).exists():
        raise ValidationError("This person is a member already.", param="email")
    now = utc_now()
    waiting = Invitation.objects.filter(accepted_at=None, revoked_at=None)
    if waiting.filter(email=email, expires_at__gt=now).exists():
        raise ValidationError(
            "An invitation is waiting there already: send it again instead.",
            param="email",
        )
    day = Invitation.objects.filter(created_at__gt=now - timedelta(days=1))
    if day.count() >= MOST_A_DAY:
        raise RateLimitedError(
            f"At most {MOST_A_DAY} invitations a day can be sent.", retry_after_s=3600
        )


def _open_invitation(invitation_id: UUID) -> Invitation:
    waiting = Invitation.objects.filter(accepted_at=None, revoked_at=None)
    invitation = waiting.filter(id=invitation_id).first()
    if invitation is None:
        raise NotFoundError("There is no such open invitation.")
    return invitation


def _digest(token: str) -> bytes:
    # 256 random bits need no slow hash and no key.
    return hashlib.sha256(token.encode(errors="replace")).digest()


def _send(invitation: Invitation, token: str, org: Organization) -> None:
    path = reverse("accounts:invitation", args=[token])
    context = {
        "org": org.name,
        "inviter": invitation.invited_by.email if invitation.invited_by else "",
        "role": invitation.role,
        "url": settings.SITE_URL + path,
        "expires_at": invitation.expires_at,
    }
    mail.send(
        "invitation", to=invitation.email, context=context, org_id=require_org_id()
    )


def _record(action: str, invitation: Invitation) -> None:
    record(
        action,
        subject="invitation",
        subject_id=invitation.id,
        after={
            "email": invitation.email,
            "role": invitation.role,
            "expires_at": invitation.expires_at,
        },
    )

"""Seeing the product as a member sees it: read-only, for a while, and on record.

Staff say why, the page says so on a banner, and the organization's own audit log holds
the start, every request and the end. Nothing can be changed on the way, and what is a
person's own (password, second factors, sessions) cannot be opened at all.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest

from apps.accounts.models import Membership, User
from apps.accounts.queries import memberships_of
from apps.accounts.staff_gate import may_enter
from apps.audit.services import record
from apps.kit.clock import utc_now
from apps.kit.errors import PermissionDeniedError
from apps.kit.ids import uuid7

IN_SESSION: Final = "impersonation"
LONGEST: Final = timedelta(minutes=30)
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
# A person's own, and copies of everything an organization has.
CLOSED_PATHS: Final = (
    "/accounts/",
    "/account/",
    "/settings/security/",
    "/invitations/",
    "/exports/",
)


@dataclass(frozen=True, slots=True)
class Impersonation:
    """One look through a member's eyes, as the session holds it."""

    id: UUID
    staff_email: str
    membership: Membership
    reason: str
    until: datetime


def begin(
    request: HttpRequest, membership: Membership, *, reason: str, lasts: timedelta
) -> None:
    """Look as this member from now on; the admin itself stays the staff member's."""
    until = utc_now() + min(lasts, LONGEST)
    held = {
        "id": str(uuid7()),
        "user_id": str(membership.user_id),
        "org_id": str(membership.org_id),
        "reason": reason,
        "until": until.isoformat(),
    }
    facts = {"reason": reason, "until": until, "member": membership.user.email}
    _note("impersonation.started", held, after=facts)
    request.session[IN_SESSION] = held


def end(request: HttpRequest) -> None:
    """Be oneself again; without anything to end it does nothing."""
    held = request.session.pop(IN_SESSION, None)
    if held is not None:
        _note("impersonation.ended", held, after={"at": utc_now()})


def current(request: HttpRequest) -> Impersonation | None:
    """What this request looks through; None also when it is over or was never may."""
    held = request.session.get(IN_SESSION)
    if held is None or not may_enter(request):
        return None
    until = datetime.fromisoformat(held["until"])
    found = _memberships(UUID(held["user_id"])) if utc_now() < until else []
    mine = [one for one in found if str(one.org_id) == held["org_id"]]
    if not mine:
        end(request)
        return None
    return Impersonation(
        id=UUID(held["id"]),
        staff_email=str(request.user),
        membership=mine[0],
        reason=held["reason"],
        until=until,
    )


def note_request(request: HttpRequest, looking: Impersonation) -> None:
    """Put one request into the organization's audit log; its scope is open."""
    record(
        "impersonation.request",
        subject="impersonation",
        subject_id=looking.id,
        after={"method": request.method, "path": request.path},
    )


def refusal(request: HttpRequest) -> PermissionDeniedError | None:
    """Why this request may not be made while looking as somebody else."""
    if request.method not in SAFE_METHODS:
        return PermissionDeniedError("You are looking as a member: nothing is changed.")
    if request.path.startswith(CLOSED_PATHS):
        return PermissionDeniedError("You are looking as a member: this is their own.")
    return None


def _memberships(user_id: UUID) -> list[Membership]:
    user = User.objects.filter(id=user_id).first()
    return memberships_of(user) if user else []


def _note(action: str, held: dict[str, Any], *, after: dict[str, Any]) -> None:
    """Into the organization's log and into the operator's."""
    for org_id in (UUID(held["org_id"]), None):
        record(
            action,
            subject="impersonation",
            subject_id=held["id"],
            after=after,
            org_id=org_id,
        )

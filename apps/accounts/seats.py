"""Places for members: what the plan allows, and how many are taken."""

from dataclasses import dataclass

from apps.accounts import entitlements
from apps.accounts.models import Invitation, Membership
from apps.kit.clock import utc_now
from apps.kit.errors import QuotaExceededError
from apps.tenancy.scope import require_org_id


@dataclass(frozen=True)
class Seats:
    """`limit` is None where the plan has none."""

    members: int
    invited: int
    limit: int | None

    @property
    def is_full(self) -> bool:
        return self.limit is not None and self.members + self.invited >= self.limit


def count_seats() -> Seats:
    """The places of the organization in scope; an open invitation holds one."""
    return Seats(
        members=Membership.objects.count(),
        invited=Invitation.objects.filter(
            accepted_at=None, revoked_at=None, expires_at__gt=utc_now()
        ).count(),
        limit=entitlements.limit(require_org_id(), "members"),
    )


def require_seat_to_invite() -> None:
    """Refuse when every place is taken or promised; under the organization's lock."""
    seats = count_seats()
    if seats.is_full:
        _refuse(seats)


def require_seat_to_join() -> None:
    """Refuse when the plan's limit was lowered since the invitation."""
    seats = count_seats()
    if seats.limit is not None and seats.members >= seats.limit:
        _refuse(seats)


def _refuse(seats: Seats) -> None:
    raise QuotaExceededError(
        f"The plan has room for {seats.limit} members, and every place is taken or"
        " promised. Remove somebody, revoke an invitation, or choose a larger plan."
    )

"""Mark what somebody has read."""

from collections.abc import Iterable
from uuid import UUID

from apps.accounts.models import Membership
from apps.alerts.models import Notice
from apps.kit.clock import utc_now


def mark(member: Membership, alert_ids: Iterable[UUID], *, is_read: bool) -> int:
    """Mark these alerts read or unread in a person's inbox; returns how many were not.

    What is not in that inbox is passed over.
    """
    rows = Notice.objects.filter(member=member, alert_id__in=list(alert_ids))
    if is_read:
        return rows.filter(read_at=None).update(read_at=utc_now())
    return rows.exclude(read_at=None).update(read_at=None)


def mark_all_read(member: Membership) -> int:
    return Notice.objects.filter(member=member, read_at=None).update(read_at=utc_now())

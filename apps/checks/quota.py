"""How many checks an organization may begin in a month, whoever begins them at once."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from django.db import connection
from django.urls import reverse

from apps.accounts import entitlements
from apps.alerts.services import Kind, Severity, emit
from apps.checks.models import CheckMonth
from apps.kit.clock import utc_now
from apps.kit.errors import QuotaExceededError
from apps.kit.ids import uuid7
from apps.tenancy.scope import require_org_id

WARNED_AT: Final = 0.8
# One statement: of two that come at once the second waits for the first one's row,
# and then sees what it left.
_TAKE: Final = """
    INSERT INTO checks_checkmonth (id, org_id, month, used) VALUES (%s, %s, %s, 1)
    ON CONFLICT (org_id, month) DO UPDATE SET used = checks_checkmonth.used + 1
    WHERE checks_checkmonth.used < %s OR %s IS NULL
    RETURNING used
"""
_GIVE_BACK: Final = """
    UPDATE checks_checkmonth SET used = used - 1
    WHERE org_id = %s AND month = %s AND used > 0
"""


@dataclass(frozen=True, slots=True)
class Allowance:
    """Checks of this month, UTC; no limit is None."""

    used: int
    limit: int | None

    @property
    def is_used_up(self) -> bool:
        return self.limit is not None and self.used >= self.limit


def allowance() -> Allowance:
    org_id = require_org_id()
    row = CheckMonth.objects.filter(month=_month()).first()
    limit = entitlements.limit(org_id, "sanity_checks")
    return Allowance(row.used if row else 0, limit)


def take() -> None:
    """Count one more check in the caller's transaction; raises QuotaExceededError."""
    org_id = require_org_id()
    limit = entitlements.limit(org_id, "sanity_checks")
    if limit is not None and limit < 1:
        raise _exceeded(limit)
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [uuid7(), org_id, _month(), limit, limit])
        row = cursor.fetchone()
    if row is None:
        raise _exceeded(limit)
    if limit is not None:
        _warn(row[0], limit)


def give_back(began: date) -> None:
    """A check that answered nothing counts for nothing."""
    with connection.cursor() as cursor:
        cursor.execute(_GIVE_BACK, [require_org_id(), began.replace(day=1)])


def _warn(used: int, limit: int) -> None:
    """Tell once at four fifths, and once at the last one."""
    reached = [part for part in (WARNED_AT, 1.0) if used >= part * limit]
    if not reached:
        return
    emit(
        Kind.PLAN_LIMIT,
        severity=Severity.WARNING,
        title=f"{used} of {limit} sanity checks of this month are used",
        url=reverse("checks:list"),
        subject="sanity checks",
        key=f"checks-quota-{_month():%Y-%m}-{reached[-1]:.0%}",
    )


def _month() -> date:
    return utc_now().date().replace(day=1)


def _exceeded(limit: int | None) -> QuotaExceededError:
    return QuotaExceededError(
        f"Your plan has room for {limit} sanity checks a month, and they are used. "
        "A larger plan has more; otherwise they begin anew on the 1st."
    )

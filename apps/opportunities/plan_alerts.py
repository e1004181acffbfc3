"""Tell organizations that a limit of their plan is near, or reached.

Sanity checks tell of their own where they are counted (`apps.checks.quota`).
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import Sum

from apps.accounts.entitlements import limit
from apps.accounts.models import Membership, Organization
from apps.accounts.seats import count_seats
from apps.alerts.services import Kind, Severity, emit
from apps.jobs.lock import Held
from apps.kit.clock import utc_now
from apps.portfolio.queries import counts
from apps.router.models import UsageDay
from apps.tenancy.scope import require_org_id, scope, unscoped

LEVELS: Final = (100, 80)


def _requests() -> int:
    """Routed requests of the calendar month, UTC."""
    since = _month()
    days = UsageDay.objects.filter(day__gte=since, is_test=False, purpose="call")
    return days.aggregate(sum=Sum("requests"))["sum"] or 0


def _seats() -> int:
    seats = count_seats()
    return seats.members + seats.invited


COUNTS: Final[Mapping[str, tuple[str, Callable[[], int]]]] = {
    "products": ("products", lambda: counts()["products"]),
    "functions": ("functions", lambda: counts()["functions"]),
    "members": ("members", _seats),
    "routed_requests": ("routed requests this month", _requests),
}


def tell_limits(held: Held) -> str:
    """Look at every organization's limits; without plans there are none."""
    if not settings.STRIPE_SECRET_KEY:
        return "this installation sells no plans"
    with unscoped("limits of plans are looked at for every organization"):
        orgs = sorted(set(Membership.objects.values_list("org_id", flat=True)))
    told = 0
    for number, org_id in enumerate(orgs, 1):
        with scope(org_id):
            told += sum(_tell(org_id, name) for name in COUNTS)
        held.advance(None, number, len(orgs))
    return f"{told} alerts"


def _tell(org_id: UUID, name: str) -> bool:
    most = limit(org_id, name)
    # The one place of a small plan is taken from the first day on: that is no news.
    if most is None or most <= 1:
        return False
    words, count = COUNTS[name]
    used = count()
    reached = [level for level in LEVELS if used * 100 >= most * level]
    return bool(reached) and _emit(name, words, used, most, reached[0])


def _emit(name: str, words: str, used: int, most: int, level: int) -> bool:
    """Once a level, and what counts by the month once in each; a new limit anew."""
    when = f":{_month():%Y-%m}" if name == "routed_requests" else ""
    org_name = Organization.objects.get(id=require_org_id()).name
    is_over = level == 100
    alert_id = emit(
        Kind.PLAN_LIMIT,
        severity=Severity.URGENT if is_over else Severity.WARNING,
        title=f"{org_name} uses {used:,} of {most:,} {words}",
        body="The plan has no room for more."
        if is_over
        else "At 100 % more is refused; a larger plan has room for it.",
        subject=name,
        key=f"limit:{name}:{most}:{level}{when}",
        data={"limit": name, "used": used, "most": most},
    )
    return alert_id is not None


def _month() -> date:
    return utc_now().date().replace(day=1)

"""Remove what has been kept for as long as it was to be kept."""

from datetime import date, timedelta
from typing import Any, Final

from django.db import connections

from apps.jobs.bites import delete_in_bites
from apps.jobs.lock import Held
from apps.kit.clock import utc_now
from apps.privacy.models import MOST_DAYS, PrivacySettings
from apps.tenancy.scope import unscoped

AHEAD: Final = timedelta(days=31)
# Every organization's own days, in one statement a bite.
_EXPIRED: Final = """
    DELETE FROM privacy_stored_exchange e USING (
        SELECT x.org_id, x.id, x.created_at
        FROM privacy_stored_exchange x
        JOIN privacy_privacysettings s ON s.org_id = x.org_id
        WHERE x.created_at < now() - make_interval(days => s.retention_days)
        LIMIT %s
    ) old
    WHERE (e.org_id, e.id, e.created_at) = (old.org_id, old.id, old.created_at)
"""
BITE: Final = 5000


def enforce(held: Held) -> str:
    """Make the coming month's partition, drop the old ones, delete expired rows."""
    today = utc_now().date()
    with held.unit(using="jobs"):
        for moment in (today, today + AHEAD):
            _ask("SELECT make_exchange_partition(%s)", moment)
        dropped = _ask("SELECT drop_exchange_partitions(%s)", _horizon(today))
    gone = delete_in_bites(held, _EXPIRED, BITE)
    return f"{dropped} months and {gone} exchanges removed"


def _horizon(today: date) -> date:
    """Months before this one hold nothing that anybody still wants kept."""
    with unscoped("the longest retention decides when a month may go"):
        days = PrivacySettings.objects.values_list("retention_days", flat=True)
        longest = max(days, default=MOST_DAYS)
    return today - timedelta(days=longest)


def _ask(statement: str, value: date) -> Any:
    with connections["jobs"].cursor() as cursor:
        cursor.execute(statement, [value])
        return cursor.fetchone()[0]

"""Drop the months of the ledger that are older than the installation keeps them.

The roll-ups stay, so usage and savings remain readable. A row that a sleeping host
ships for a month that is gone makes that month's partition anew; the next night drops
it again, and the roll-up leaves the sums of that time alone (`rollups.horizon`), or one
late row would stand for a whole hour.
"""

from datetime import date, timedelta

from django.conf import settings
from django.db import connections

from apps.jobs.lock import Held
from apps.kit.clock import utc_now


def drop_old_months(held: Held) -> str:
    """Drop whole months only; 0 days keep everything."""
    if not settings.LEDGER_RETENTION_DAYS:
        return "everything is kept"
    oldest = utc_now().date() - timedelta(days=settings.LEDGER_RETENTION_DAYS)
    with held.unit(using="jobs"):
        return f"{_drop(oldest)} partitions dropped"


def _drop(oldest: date) -> int:
    with connections["jobs"].cursor() as cursor:
        cursor.execute("SELECT drop_ledger_partitions(%s)", [oldest])
        gone: tuple[int] = cursor.fetchone()
    return gone[0]

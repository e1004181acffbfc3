"""When a message leaves, so that a burst becomes one; pure.

A message waits for the fold (five minutes) from its first alert on, and takes along
what comes meanwhile. An urgent or critical alert cuts the wait down to the grace, but
two messages to the same place are never closer than the fold: whatever bursts, nobody
gets more than one in five minutes.
"""

from datetime import datetime, timedelta
from typing import Final

from apps.alerts.kinds import Severity
from apps.alerts.quiet import Quiet

# Long enough for what belongs together to come together.
GRACE: Final = timedelta(seconds=20)


def leaves_at(
    now: datetime,
    severity: Severity,
    *,
    fold: timedelta,
    last_left: datetime | None = None,
) -> datetime:
    """When a message leaves that an alert of this severity is put into now."""
    if severity < Severity.URGENT:
        return now + fold
    soonest = now + min(GRACE, fold)
    return max(soonest, last_left + fold) if last_left else soonest


def joined(
    due_at: datetime | None,
    now: datetime,
    severity: Severity,
    *,
    fold: timedelta,
    last_left: datetime | None = None,
    quiet: Quiet | None = None,
) -> datetime:
    """When a message leaves, due at `due_at` if it waits already, with one more."""
    due = leaves_at(now, severity, fold=fold, last_left=last_left)
    if quiet is not None:
        due = quiet.release(due, severity)
    return due if due_at is None else min(due, due_at)

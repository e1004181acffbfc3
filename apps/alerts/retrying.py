"""When a message that did not arrive is tried again, and when that ends; pure."""

from datetime import datetime, timedelta
from typing import Final

from apps.jobs.backoff import delay_s

BASE_S: Final = 30.0
CAP_S: Final = 6 * 3600.0
# 30 s, 1 min, 2 min … 6 h: about 14 hours in all.
MOST_TRIES: Final = 12
# A channel at which nothing arrives for so long, however often it is tried, is off.
OFF_AFTER: Final = timedelta(days=3)
OFF_AFTER_TRIES: Final = 10


def next_try(
    now: datetime, tries: int, *, chance: float, retry_after_s: float | None = None
) -> datetime | None:
    """When to try again after so many; None: it is given up.

    A receiver's own Retry-After is honoured as far as the longest wait.
    """
    if tries >= MOST_TRIES:
        return None
    wait_s = delay_s(tries, base_s=BASE_S, cap_s=CAP_S, chance=chance)
    return now + timedelta(seconds=max(wait_s, min(retry_after_s or 0.0, CAP_S)))


def is_hopeless(now: datetime, failing_since: datetime | None, failures: int) -> bool:
    """Whether a channel has failed so long that it is switched off."""
    if failing_since is None or failures < OFF_AFTER_TRIES:
        return False
    return now - failing_since >= OFF_AFTER

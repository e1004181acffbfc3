"""Which findings of a rule are told, and which its cool-down holds back; pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta


def let_through(
    moments: Iterable[tuple[str, datetime]],
    told: Mapping[str, datetime],
    *,
    cooldown: timedelta,
) -> list[int]:
    """The places of those to tell, given subject and moment of each in their order.

    A subject is told again when the cool-down since it was last told is over.
    """
    last, found = dict(told), []
    for place, (subject, moment) in enumerate(moments):
        before = last.get(subject)
        if before is None or moment - before >= cooldown:
            last[subject] = moment
            found.append(place)
    return found


def still_cooling(
    told: Mapping[str, datetime], now: datetime, *, cooldown: timedelta
) -> dict[str, datetime]:
    """What has to be remembered: the rest may be told again anyway."""
    return {s: moment for s, moment in told.items() if now - moment < cooldown}

"""The one statement behind usage: roll-ups where they hold, the ledger elsewhere.

One statement is one snapshot, so an hour is read either from its sums or, while it
is marked as behind, from its rows: never from both and never from neither. Whole
days come from the daily sums; the ragged ends of a range come from the rows. A range
told hour by hour has no whole days: all of it comes from hours and rows.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final

from apps.router.sums import SUM_NAMES, SUMS_OF_LEDGER, SUMS_OF_SUMS

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
# What a breakdown can be by; each is a column of every part of the statement.
DIMENSIONS: Final = (
    *("day", "hour", "model", "provider", "task"),
    *("key_id", "alias", "tags", "purpose"),
)
# Filters: a request's own value, or one of the tags of its key.
_EQUALS: Final = ("model", "provider", "task", "key_id", "alias", "purpose")
_TAGGED: Final = "%(tag)s = ANY (string_to_array(tags, ' '))"

_NAMES: Final = ", ".join(DIMENSIONS)
_STORED: Final = "model, provider, task, key_id, alias, tags, purpose"


@cache
def statement(filters: tuple[str, ...], *, by_hour: bool) -> str:
    """The sums by each dimension; `kind` has a bit for each absent one."""
    sets = ", ".join(f"({name})" for name in DIMENSIONS)
    return f"""
{_parts(filters, by_hour=by_hour)}
SELECT grouping({_NAMES}) AS kind, {_NAMES}, {SUMS_OF_SUMS}
FROM parts GROUP BY GROUPING SETS ((), {sets})
"""  # noqa: S608  # constants of this package


@cache
def detailed(filters: tuple[str, ...], *, by_hour: bool) -> str:
    """The sums by all dimensions together, oldest first: what an export has."""
    return f"""
{_parts(filters, by_hour=by_hour)}
SELECT {_NAMES}, {SUMS_OF_SUMS} FROM parts GROUP BY {_NAMES} ORDER BY {_NAMES}
"""  # noqa: S608  # constants of this package


@cache
def grouped(names: tuple[str, ...], filters: tuple[str, ...]) -> str:
    """The sums by some dimensions together, each with its first and last day."""
    by = ", ".join(name for name in DIMENSIONS if name in names)
    return f"""
{_parts(filters, by_hour=False)}
SELECT {by}, min(day) AS first_day, max(day) AS last_day, {SUMS_OF_SUMS}
FROM parts GROUP BY {by}
"""  # noqa: S608  # constants of this package


def _parts(filters: tuple[str, ...], *, by_hour: bool) -> str:
    wanted = _conditions(filters)
    # Without a call for hours, rows of one day are one group.
    hour = "date_trunc('hour', {0}, 'UTC')" if by_hour else "NULL::timestamptz"
    return f"""
WITH marked AS MATERIALIZED (
    SELECT DISTINCT starts_at FROM router_usage_dirty
    WHERE org_id = %(org)s
      AND starts_at >= %(first_hour)s AND starts_at < %(last_hour)s
), marked_days AS MATERIALIZED (
    SELECT DISTINCT (starts_at AT TIME ZONE 'UTC')::date AS day FROM marked
), hour_spans AS (
    VALUES (%(first_hour)s::timestamptz, %(hours_until)s::timestamptz),
           (%(hours_since)s, %(last_hour)s)
    UNION ALL
    SELECT day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC'
    FROM marked_days WHERE day >= %(first_day)s AND day < %(last_day)s
), row_spans AS (
    VALUES (%(start)s::timestamptz, %(rows_until)s::timestamptz),
           (%(rows_since)s, %(end)s)
    UNION ALL
    SELECT starts_at, starts_at + interval '1 hour' FROM marked
), parts AS (
    SELECT day, NULL::timestamptz AS hour, {_STORED}, {SUM_NAMES} FROM router_usageday
    WHERE org_id = %(org)s AND day >= %(first_day)s AND day < %(last_day)s
      AND {wanted} AND day NOT IN (SELECT day FROM marked_days)
    UNION ALL
    SELECT (starts_at AT TIME ZONE 'UTC')::date, {hour.format("starts_at")},
           {_STORED}, {SUM_NAMES}
    FROM hour_spans AS span (since, until) JOIN router_usagehour
      ON org_id = %(org)s AND starts_at >= since AND starts_at < until
    WHERE {wanted} AND starts_at NOT IN (SELECT starts_at FROM marked)
    UNION ALL
    SELECT day, hour, {_STORED}, {SUM_NAMES} FROM (
        SELECT (created_at AT TIME ZONE 'UTC')::date AS day,
               {hour.format("created_at")} AS hour, {_STORED}, {SUMS_OF_LEDGER}
        FROM row_spans AS span (since, until) JOIN router_routed_request
          ON org_id = %(org)s AND created_at >= since AND created_at < until
        WHERE created_at >= %(start)s AND created_at < %(end)s AND {wanted}
        GROUP BY 1, 2, {_STORED}
    ) AS counted
)
"""  # noqa: S608  # constants of this package


def kind_of(dimension: str) -> int:
    """`kind` of the rows that are grouped by nothing else; "" for the total."""
    last = len(DIMENSIONS) - 1
    everything = (1 << len(DIMENSIONS)) - 1
    if not dimension:
        return everything
    return everything ^ (1 << (last - DIMENSIONS.index(dimension)))


def _conditions(filters: Sequence[str]) -> str:
    equal = [f"{name} = %({name})s" for name in _EQUALS if name in filters]
    tagged = [_TAGGED] if "tag" in filters else []
    return " AND ".join(["is_test = ANY (%(modes)s)", *equal, *tagged])


def bounds(start: datetime, end: datetime, *, by_hour: bool) -> dict[str, Any]:
    """Cut the range: rows, hours, whole days, hours, rows; parts may be empty."""
    first_hour, last_hour = _ceil(start, HOUR), _floor(end, HOUR)
    if first_hour >= last_hour:
        first_hour = last_hour = rows_until = end
    else:
        rows_until = first_hour
    first_day, last_day = _ceil(first_hour, DAY), _floor(last_hour, DAY)
    if by_hour or first_day >= last_day:
        first_day = last_day = hours_until = last_hour
    else:
        hours_until = first_day
    return {
        "start": start,
        "end": end,
        "rows_until": rows_until,
        "rows_since": last_hour,
        "first_hour": first_hour,
        "last_hour": last_hour,
        "hours_until": hours_until,
        "hours_since": last_day,
        "first_day": first_day.astimezone(UTC).date(),
        "last_day": last_day.astimezone(UTC).date(),
    }


def _floor(moment: datetime, step: timedelta) -> datetime:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return moment - (moment - epoch) % step


def _ceil(moment: datetime, step: timedelta) -> datetime:
    floor = _floor(moment, step)
    return floor if floor == moment else floor + step

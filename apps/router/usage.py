"""Usage of the organization in scope: roll-ups where they hold, the ledger elsewhere.

One statement is one snapshot, so an hour is read either from its sums or, while it
is marked as behind, from its rows: never from both and never from neither. Whole
days come from the daily sums; the ragged ends of a range come from the rows.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Literal
from uuid import UUID

from django.db import connections

from apps.accounts.models import APIKey
from apps.router.sums import SUM_NAMES, SUMS_OF_LEDGER, SUMS_OF_SUMS
from apps.tenancy.scope import require_org_id

Mode = Literal["all", "live", "test"]
MODES: Final[dict[str, list[bool]]] = {
    "all": [False, True],
    "live": [False],
    "test": [True],
}
NO_KEY: Final = "Playground"  # a signed-in member calls without a key
LOST_KEY: Final = "Deleted key"

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class UsageLine:
    """The sums of one day, model, task or key."""

    label: str
    requests: int
    failed: int
    cost: Decimal
    savings: Decimal
    tokens_input: int
    tokens_output: int
    key_id: UUID | None = None
    unpriced: int = 0

    @property
    def has_price(self) -> bool:
        """Whether any of its requests has a known cost; without one, none is shown."""
        return self.unpriced < self.requests or not self.requests

    @property
    def tokens(self) -> int:
        return self.tokens_input + self.tokens_output


@dataclass(frozen=True, slots=True)
class UsageReport:
    """What was used from `start` until just before `end`; money in US dollars."""

    start: datetime
    end: datetime
    total_requests: int
    failed_requests: int
    unpriced_requests: int
    total_cost: Decimal
    baseline_cost: Decimal
    estimated_savings: Decimal
    total_tokens_input: int
    total_tokens_output: int
    total_tokens_cached: int
    total_tokens_reasoning: int
    avg_latency_ms: float | None
    by_day: list[UsageLine]
    by_model: list[UsageLine]
    by_task: list[UsageLine]
    by_key: list[UsageLine]
    by_alias: list[UsageLine] = field(default_factory=list)

    @property
    def total_tokens(self) -> int:
        return self.total_tokens_input + self.total_tokens_output


# What each source adds to the answer; the dimensions are those of the groups below.
_USAGE = f"""
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
    SELECT day, model, task, key_id, {SUM_NAMES} FROM router_usageday
    WHERE org_id = %(org)s AND day >= %(first_day)s AND day < %(last_day)s
      AND is_test = ANY (%(modes)s) AND day NOT IN (SELECT day FROM marked_days)
    UNION ALL
    SELECT (starts_at AT TIME ZONE 'UTC')::date, model, task, key_id, {SUM_NAMES}
    FROM hour_spans AS span (since, until) JOIN router_usagehour
      ON org_id = %(org)s AND starts_at >= since AND starts_at < until
    WHERE is_test = ANY (%(modes)s) AND starts_at NOT IN (SELECT starts_at FROM marked)
    UNION ALL
    SELECT day, model, task, key_id, {SUM_NAMES} FROM (
        SELECT (created_at AT TIME ZONE 'UTC')::date AS day, model, task, key_id,
               {SUMS_OF_LEDGER}
        FROM row_spans AS span (since, until) JOIN router_routed_request
          ON org_id = %(org)s AND created_at >= since AND created_at < until
        WHERE created_at >= %(start)s AND created_at < %(end)s
          AND is_test = ANY (%(modes)s)
        GROUP BY 1, 2, 3, 4
    ) AS counted
)
SELECT grouping(day, model, task, key_id) AS kind, day, model, task, key_id,
       {SUMS_OF_SUMS}
FROM parts GROUP BY GROUPING SETS ((), (day), (model), (task), (key_id))
"""  # noqa: S608  # constants of this package

# A bit is set for each column that a row is not grouped by.
_TOTAL, _BY_DAY, _BY_MODEL, _BY_TASK, _BY_KEY = 0b1111, 0b0111, 0b1011, 0b1101, 0b1110
type Row = dict[str, Any]


def usage(start: datetime, end: datetime, mode: Mode = "all") -> UsageReport:
    """Sums over [start, end), to the nano-dollar those of the ledger."""
    groups: dict[int, list[Row]] = {}
    for row in _rows({**_bounds(start, max(start, end)), "modes": MODES[mode]}):
        groups.setdefault(row["kind"], []).append(row)
    total = groups[_TOTAL][0]
    requests = total["requests"]
    return UsageReport(
        start=start,
        end=end,
        total_requests=requests,
        failed_requests=total["failed"],
        unpriced_requests=total["unpriced"],
        total_cost=total["cost_usd"],
        baseline_cost=total["baseline_usd"],
        estimated_savings=total["savings_usd"],
        total_tokens_input=total["input_tokens"],
        total_tokens_output=total["output_tokens"],
        total_tokens_cached=total["cached_tokens"],
        total_tokens_reasoning=total["reasoning_tokens"],
        avg_latency_ms=total["latency_ms_total"] / requests if requests else None,
        by_day=sorted(_lines(groups.get(_BY_DAY, []), "day"), key=lambda d: d.label),
        by_model=_dearest_first(_lines(groups.get(_BY_MODEL, []), "model")),
        by_task=_dearest_first(_lines(groups.get(_BY_TASK, []), "task")),
        by_key=_dearest_first(_key_lines(groups.get(_BY_KEY, []))),
    )


def _rows(params: dict[str, Any]) -> Iterator[Row]:
    with connections["default"].cursor() as cursor:
        cursor.execute(_USAGE, {"org": require_org_id(), **params})
        names = [column.name for column in cursor.description]
        for values in cursor.fetchall():
            yield dict(zip(names, values, strict=True))


def _bounds(start: datetime, end: datetime) -> dict[str, Any]:
    """Cut the range: rows, hours, whole days, hours, rows; parts may be empty."""
    first_hour, last_hour = _ceil(start, _HOUR), _floor(end, _HOUR)
    if first_hour >= last_hour:
        first_hour = last_hour = rows_until = end
    else:
        rows_until = first_hour
    first_day, last_day = _ceil(first_hour, _DAY), _floor(last_hour, _DAY)
    if first_day >= last_day:
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


def _lines(rows: Iterable[Row], label: str) -> list[UsageLine]:
    return [_line(row, str(row[label])) for row in rows]


def _line(row: Row, label: str) -> UsageLine:
    return UsageLine(
        label=label,
        requests=row["requests"],
        failed=row["failed"],
        cost=row["cost_usd"],
        savings=row["savings_usd"],
        tokens_input=row["input_tokens"],
        tokens_output=row["output_tokens"],
        key_id=row["key_id"],
        unpriced=row["unpriced"],
    )


def _key_lines(rows: list[Row]) -> list[UsageLine]:
    names = key_names(row["key_id"] for row in rows)
    return [_line(row, names[row["key_id"]]) for row in rows]


def key_names(ids: Iterable[UUID | None]) -> dict[UUID | None, str]:
    """What pages call each key: its name, also for calls without one."""
    wanted = {key_id for key_id in ids if key_id}
    known = dict(APIKey.objects.filter(id__in=wanted).values_list("id", "name"))
    names: dict[UUID | None, str] = {None: NO_KEY}
    return names | {key_id: known.get(key_id, LOST_KEY) for key_id in wanted}


def _dearest_first(lines: list[UsageLine]) -> list[UsageLine]:
    return sorted(lines, key=lambda one: (-one.cost, -one.requests, one.label))

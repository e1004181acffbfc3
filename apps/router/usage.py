"""Usage of the organization in scope, in total and by what it went to.

Sums agree with the ledger to the nano-dollar: `usage_sql` says how. Everything that
was paid for counts in the totals; what was not a customer's own call (a shadow, a
judgement) stands apart in `by_purpose`, and what the cache saved in `cache_savings`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, Literal
from uuid import UUID

from django.db import connections

from apps.accounts.models import APIKey
from apps.router.usage_sql import bounds, detailed, grouped, kind_of, statement
from apps.tenancy.scope import require_org_id

Mode = Literal["all", "live", "test"]
MODES: Final[dict[str, list[bool]]] = {
    "all": [False, True],
    "live": [False],
    "test": [True],
}
NO_KEY: Final = "Playground"  # a signed-in member calls without a key
LOST_KEY: Final = "Deleted key"

type Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class UsageFilter:
    """Which requests to sum up; what is empty does not filter."""

    mode: Mode = "all"
    model: str = ""
    provider: str = ""
    task: str = ""
    key_id: UUID | None = None
    alias: str = ""
    tag: str = ""
    purpose: str = ""

    def params(self) -> dict[str, Any]:
        """The filters that are set, by their names in the statement."""
        names = ("model", "provider", "task", "key_id", "alias", "tag", "purpose")
        return {name: one for name in names if (one := getattr(self, name))}


NO_FILTER: Final = UsageFilter()


@dataclass(frozen=True, slots=True)
class UsageLine:
    """The sums of one hour, day, model, task, key, alias, tag, provider or purpose."""

    label: str
    requests: int
    failed: int
    cost: Decimal
    savings: Decimal
    tokens_input: int
    tokens_output: int
    key_id: UUID | None = None
    unpriced: int = 0
    cache_hits: int = 0
    cache_savings: Decimal = Decimal(0)

    @property
    def has_price(self) -> bool:
        """Whether any of its requests has a known cost; without one, none is shown."""
        return self.unpriced < self.requests or not self.requests

    @property
    def tokens(self) -> int:
        return self.tokens_input + self.tokens_output

    def __add__(self, other: "UsageLine") -> "UsageLine":
        sums = {name: getattr(self, name) + getattr(other, name) for name in _SUMMED}
        return replace(self, **sums)


_SUMMED: Final = (
    *("requests", "failed", "cost", "savings", "tokens_input", "tokens_output"),
    *("unpriced", "cache_hits", "cache_savings"),
)


@dataclass(frozen=True, slots=True)
class UsageReport:
    """What was used from `start` until just before `end`; money in US dollars.

    A breakdown in which nothing has a name (no alias, no tag) is empty; otherwise its
    sums are the totals, but for `by_tag`, where a request counts once a tag.
    """

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
    by_tag: list[UsageLine] = field(default_factory=list)
    by_provider: list[UsageLine] = field(default_factory=list)
    by_purpose: list[UsageLine] = field(default_factory=list)
    by_hour: list[UsageLine] = field(default_factory=list)
    cache_hits: int = 0
    cache_savings: Decimal = Decimal(0)

    @property
    def total_tokens(self) -> int:
        return self.total_tokens_input + self.total_tokens_output

    @property
    def of_our_own(self) -> list[UsageLine]:
        """What was sent on the organization's behalf, not by it."""
        return [line for line in self.by_purpose if line.label != "call"]


def usage(
    start: datetime,
    end: datetime,
    mode: Mode = "all",
    *,
    wanted: UsageFilter = NO_FILTER,
    by_hour: bool = False,
) -> UsageReport:
    """Sums over [start, end); `by_hour` is for ranges of some days at the most."""
    wanted = replace(wanted, mode=mode) if mode != "all" else wanted
    groups: dict[int, list[Row]] = {}
    for row in _rows(start, max(start, end), wanted, by_hour=by_hour):
        groups.setdefault(row["kind"], []).append(row)

    def lines(dimension: str) -> list[UsageLine]:
        rows = groups.get(kind_of(dimension), [])
        return [_line(row, str(row[dimension])) for row in rows]

    total = groups[kind_of("")][0]
    requests = total["requests"]
    asked = requests - total["cache_hits"]
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
        avg_latency_ms=total["latency_ms_total"] / asked if asked else None,
        by_day=sorted(lines("day"), key=_label),
        by_model=_dearest_first(lines("model")),
        by_task=_dearest_first(lines("task")),
        by_key=_dearest_first(_key_lines(groups.get(kind_of("key_id"), []))),
        by_alias=_named(lines("alias")),
        by_tag=_named(_each_tag(lines("tags"))),
        by_provider=_dearest_first(lines("provider")),
        by_purpose=_dearest_first(lines("purpose")),
        by_hour=_hours(groups.get(kind_of("hour"), [])) if by_hour else [],
        cache_hits=total["cache_hits"],
        cache_savings=total["cache_saved_usd"],
    )


def detailed_usage(
    start: datetime, end: datetime, *, wanted: UsageFilter, by_hour: bool
) -> Iterator[Row]:
    """Sums over [start, end) by everything at once, oldest first."""
    filters = tuple(sorted(wanted.params()))
    yield from _read(
        detailed(filters, by_hour=by_hour),
        _params(start, max(start, end), wanted, by_hour=by_hour),
    )


def grouped_usage(
    start: datetime, end: datetime, by: tuple[str, ...], *, wanted: UsageFilter
) -> Iterator[Row]:
    """Sums over [start, end) by these dimensions together, with the days they span."""
    filters = tuple(sorted(wanted.params()))
    params = _params(start, max(start, end), wanted, by_hour=False)
    yield from _read(grouped(by, filters), params)


def _rows(
    start: datetime, end: datetime, wanted: UsageFilter, *, by_hour: bool
) -> Iterator[Row]:
    filters = tuple(sorted(wanted.params()))
    return _read(
        statement(filters, by_hour=by_hour),
        _params(start, end, wanted, by_hour=by_hour),
    )


def _params(
    start: datetime, end: datetime, wanted: UsageFilter, *, by_hour: bool
) -> Row:
    return {
        **bounds(start, end, by_hour=by_hour),
        **wanted.params(),
        "org": require_org_id(),
        "modes": MODES[wanted.mode],
    }


def _read(sql: str, params: Row) -> Iterator[Row]:
    with connections["default"].cursor() as cursor:
        cursor.execute(sql, params)
        names = [column.name for column in cursor.description]
        for values in cursor.fetchall():
            yield dict(zip(names, values, strict=True))


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
        cache_hits=row["cache_hits"],
        cache_savings=row["cache_saved_usd"],
    )


def _hours(rows: list[Row]) -> list[UsageLine]:
    """Oldest first, each called by its first moment in ISO 8601, UTC."""
    found = [_line(row, row["hour"].astimezone(UTC).isoformat()) for row in rows]
    return sorted(found, key=_label)


def _key_lines(rows: list[Row]) -> list[UsageLine]:
    names = key_names(row["key_id"] for row in rows)
    return [_line(row, names[row["key_id"]]) for row in rows]


def _each_tag(lines: Iterable[UsageLine]) -> list[UsageLine]:
    """One line a tag: a key's requests count under each of its tags."""
    by_tag: dict[str, UsageLine] = {}
    for line in lines:
        for tag in line.label.split(" "):
            named = replace(line, label=tag)
            by_tag[tag] = by_tag[tag] + named if tag in by_tag else named
    return list(by_tag.values())


def _named(lines: list[UsageLine]) -> list[UsageLine]:
    return _dearest_first(lines) if any(line.label for line in lines) else []


def key_names(ids: Iterable[UUID | None]) -> dict[UUID | None, str]:
    """What pages call each key: its name, also for calls without one."""
    wanted = {key_id for key_id in ids if key_id}
    known = dict(APIKey.objects.filter(id__in=wanted).values_list("id", "name"))
    names: dict[UUID | None, str] = {None: NO_KEY}
    return names | {key_id: known.get(key_id, LOST_KEY) for key_id in wanted}


def _label(line: UsageLine) -> str:
    return line.label


def _dearest_first(lines: list[UsageLine]) -> list[UsageLine]:
    return sorted(lines, key=lambda one: (-one.cost, -one.requests, one.label))

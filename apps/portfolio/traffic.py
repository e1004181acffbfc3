"""Use cases proposed from what already goes through the router.

Calls by an alias that no use case has are one proposal, whichever models answered;
calls without an alias are one for each key and model.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

from apps.catalog.domains import Task
from apps.portfolio.imports.propose import MOST_PROPOSALS, Proposal, span
from apps.portfolio.models import UseCase
from apps.portfolio.queries import OWN_CALLS
from apps.portfolio.volume import MEASURED_OVER
from apps.router.alias_models import Alias
from apps.router.usage import grouped_usage, key_names

# A try or two is no use case.
LEAST_REQUESTS: Final = 20
_BY: Final = ("alias", "key_id", "model", "task")
_TASKS: Final = frozenset(task.value for task in Task)

type Row = dict[str, Any]
type Key = tuple[str, str, UUID | None]


@dataclass(frozen=True, slots=True)
class Found:
    """Proposals from traffic, and which days and requests they rest on."""

    proposals: list[Proposal]
    first: date
    last: date
    requests: int


def traffic_proposals(now: datetime) -> Found:
    """What of the last 30 days belongs to no use case yet, the largest first."""
    rows = [row for row in _rows(now) if row["model"] and row["calls"]]
    names = key_names(row["key_id"] for row in rows)
    aliases = set(Alias.objects.values_list("name", flat=True))
    groups: dict[Key, list[Row]] = defaultdict(list)
    for row in rows:
        alias = row["alias"] if row["alias"] in aliases else ""
        key = (alias, "", None) if alias else ("", row["model"], row["key_id"])
        groups[key].append(row)
    proposals = [
        _proposal(alias, "" if alias else names[key_id], found, now)
        for (alias, _, key_id), found in groups.items()
        if sum(row["calls"] for row in found) >= LEAST_REQUESTS
    ]
    ranked = sorted(proposals, key=_size, reverse=True)
    days = [day for row in rows for day in (row["first_day"], row["last_day"])]
    today = now.astimezone(UTC).date()
    return Found(
        ranked[:MOST_PROPOSALS],
        min(days, default=today),
        max(days, default=today),
        sum(row["calls"] for row in rows),
    )


def _rows(now: datetime) -> list[Row]:
    """Sums by alias, key, model and task, but of aliases that a use case has."""
    held = set(
        UseCase.objects.exclude(alias=None).values_list("alias__name", flat=True)
    )
    found = grouped_usage(now - MEASURED_OVER, now, _BY, wanted=OWN_CALLS)
    return [
        {**row, "calls": row["requests"] - row["failed"] - row["cache_hits"]}
        for row in found
        if row["alias"] not in held
    ]


def _proposal(alias: str, key: str, rows: list[Row], now: datetime) -> Proposal:
    model = _most(rows, "model")
    task = _most(rows, "task")
    first = min(row["first_day"] for row in rows)
    priced = any(row["unpriced"] < row["requests"] for row in rows)
    cost = sum(row["cost_usd"] for row in rows)
    name = alias.rpartition("/")[2] if alias else f"{model.rpartition('/')[2]} ({key})"
    return Proposal(
        source_model=model,
        group=alias or key,
        maker="",
        requests=sum(row["calls"] for row in rows),
        input_tokens=sum(row["input_tokens"] for row in rows),
        cached_tokens=sum(row["cached_tokens"] for row in rows),
        output_tokens=sum(row["output_tokens"] for row in rows),
        cost_usd=f"{cost:f}" if priced else None,
        days=span(first, now.astimezone(UTC).date()),
        task=task if task in _TASKS else Task.CHAT.value,
        alias=alias,
        name=name[:120],
    )


def _most(rows: list[Row], what: str) -> str:
    counted: dict[str, int] = defaultdict(int)
    for row in rows:
        counted[row[what]] += row["calls"]
    return max(counted, key=lambda name: (counted[name], name))


def _size(one: Proposal) -> tuple[float, int, str]:
    return float(one.cost_usd or 0), one.requests or 0, one.name

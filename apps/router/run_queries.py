"""Agent runs: the steps of the ledger that share a run's id, and their sums."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db.models import Count, Max, Min, Q, QuerySet, Sum

from apps.kit.clock import utc_now
from apps.router.models import RoutedRequest
from apps.tenancy.scope import require_org_id

# A run of more steps is a loop; its page shows the first of them.
MOST_STEPS: Final = 1_000
MOST_RUNS: Final = 100
# How far back the list of runs looks; an older one is found by its id.
RECENT: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class RunTotals:
    """The sums of one run; an unknown cost adds nothing and is counted."""

    run_id: str
    steps: int
    failed_steps: int
    unpriced_steps: int
    cost: Decimal
    savings: Decimal
    tokens_input: int
    tokens_output: int
    latency_ms: int
    started_at: datetime
    ended_at: datetime

    @property
    def tokens(self) -> int:
        return self.tokens_input + self.tokens_output


@dataclass(frozen=True, slots=True)
class Run:
    """A run whole; `steps` in order, at most the first MOST_STEPS."""

    totals: RunTotals
    steps: Sequence[RoutedRequest]


def find_run(run_id: str) -> Run | None:
    """The run with its steps in order; None where the organization has no such run."""
    rows = _steps().filter(run_id=run_id)
    totals = _totals(rows).first() if run_id else None
    if totals is None:
        return None
    steps = rows.order_by("step", "created_at", "id")[:MOST_STEPS]
    return Run(_run_totals(totals), list(steps))


def latest_runs(
    *, before: datetime | None = None, size: int = MOST_RUNS
) -> list[RunTotals]:
    """The runs begun last; `before` is when the last one shown was begun."""
    since = (before or utc_now()) - RECENT
    steps = _steps().filter(created_at__gte=since).exclude(run_id="")
    rows = _totals(steps, before=before)
    return [_run_totals(row) for row in rows[:size]]


def _steps() -> QuerySet[RoutedRequest]:
    """Of the organization in scope; the index of runs holds the steps alone."""
    return RoutedRequest.objects.filter(org_id=require_org_id())


def _totals(
    rows: QuerySet[RoutedRequest], *, before: datetime | None = None
) -> QuerySet[Any, dict[str, Any]]:
    summed: QuerySet[Any, Any] = rows.values("run_id").annotate(
        steps=Count("*"),
        failed_steps=Count("id", filter=Q(status=RoutedRequest.Status.FAILED)),
        unpriced_steps=Count("id", filter=Q(cost_usd=None)),
        cost=Sum("cost_usd"),
        baseline=Sum("baseline_usd", filter=~Q(cost_usd=None)),
        compared=Sum("cost_usd", filter=~Q(baseline_usd=None)),
        tokens_input=Sum("input_tokens"),
        tokens_output=Sum("output_tokens"),
        latency_ms=Sum("latency_ms"),
        started_at=Min("created_at"),
        ended_at=Max("created_at"),
    )
    if before is not None:
        summed = summed.filter(started_at__lt=before)
    return summed.order_by("-started_at", "run_id")


def _run_totals(row: dict[str, Any]) -> RunTotals:
    zero = Decimal(0)
    baseline, compared = row.pop("baseline"), row.pop("compared")
    savings = (baseline or zero) - (compared or zero)
    return RunTotals(**{**row, "cost": row["cost"] or zero}, savings=savings)

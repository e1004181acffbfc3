"""What the router's ledger has of an alias in a part of a day, as booking reads it.

The roll-ups serve wherever they can tell apart what has to be told apart. They cannot
say which requests were answers from memory (by which the switch saved nothing), which
of a model's had no price, or who was a canary's candidate: there, the rows are read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, Q, Sum

from apps.router.experiment_models import CONTROL
from apps.router.models import RoutedRequest
from apps.router.usage import UsageFilter, grouped_usage
from apps.savings.booking import Span, Traffic
from apps.tenancy.scope import require_org_id

OF_SUMS: Final = ("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens")


@dataclass(frozen=True, slots=True)
class Candidate:
    """Whose answers in which experiment count for the canary."""

    experiment_id: UUID
    model: str


def traffic(
    alias: str, span: Span, candidate: Candidate | None = None
) -> list[Traffic]:
    """A customer's own live requests to the alias in the span, by who answered."""
    if candidate is not None:
        return list(_of_rows(alias, span, candidate))
    wanted = UsageFilter(mode="live", alias=alias, purpose="call")
    lines = list(
        grouped_usage(span.start, span.end, ("model", "provider"), wanted=wanted)
    )
    if any(_is_mixed(line) for line in lines):
        return list(_of_rows(alias, span, None))
    return [_of_sums(line) for line in lines]


def _is_mixed(line: dict[str, Any]) -> bool:
    return bool(line["cache_hits"]) or 0 < line["unpriced"] < line["requests"]


def _of_sums(line: dict[str, Any]) -> Traffic:
    answered = line["requests"] - line["failed"]
    if line["unpriced"]:
        return Traffic(unpriced=answered)
    return _traffic(line, answered, line["cost_usd"])


def _of_rows(alias: str, span: Span, candidate: Candidate | None) -> Iterator[Traffic]:
    for row in _summed(alias, span):
        is_candidates = candidate is not None and (
            row["experiment_id"] == candidate.experiment_id
            and row["arm"] not in {"", CONTROL}
            and row["model"] == candidate.model
        )
        yield _traffic(
            {name: row[f"sum_of_{name}"] for name in OF_SUMS},
            row["answered"],
            row["cost"] or Decimal(0),
            unpriced=row["unpriced"],
            is_candidates=is_candidates,
        )


def _summed(alias: str, span: Span) -> Any:
    rows = RoutedRequest.objects.filter(
        org_id=require_org_id(),
        created_at__gte=span.start,
        created_at__lt=span.end,
        alias=alias,
        purpose=RoutedRequest.Purpose.CALL,
        is_test=False,
        cache="",
    )
    priced = Q(cost_usd__isnull=False)
    whole = ~Q(status=RoutedRequest.Status.FAILED)
    return (
        rows.values("model", "provider", "experiment_id", "arm")
        .order_by("model", "provider", "experiment_id", "arm")
        .annotate(
            answered=Count("id", filter=priced & whole),
            unpriced=Count("id", filter=~priced & whole),
            cost=Sum("cost_usd"),
            **{f"sum_of_{name}": Sum(name, filter=priced) for name in OF_SUMS},
        )
    )


def _traffic(
    sums: dict[str, Any],
    answered: int,
    cost: Decimal,
    *,
    unpriced: int = 0,
    is_candidates: bool = False,
) -> Traffic:
    prompt, cached, output, reasoning = (sums[name] or 0 for name in OF_SUMS)
    return Traffic(
        requests=Decimal(answered),
        unpriced=unpriced,
        fresh=max(0, prompt - cached),
        cached=cached,
        output=output,
        reasoning=reasoning,
        cost_usd=cost,
        is_candidates=is_candidates,
    )

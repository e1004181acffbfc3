"""Reads for reconciling: the ledger's side of a bill, and the reports that are kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connections

from apps.catalog.models import Offer
from apps.router.invoice_models import Invoice, InvoiceLine
from apps.router.invoices.compare import (
    Compared,
    OurLine,
    Summary,
    by_model,
    summary,
)
from apps.router.invoices.names import spellings
from apps.router.invoices.parse import BilledLine
from apps.tenancy.scope import require_org_id

# Test keys reach no provider that bills. What a provider bills is each attempt, also
# a hedge and one whose caller left; an attempt that failed has a cost of zero.
_OURS: Final = """
    SELECT (a.created_at AT TIME ZONE 'UTC')::date, a.model,
        coalesce(sum(a.cost_usd), 0),
        count(*) FILTER (WHERE a.outcome IN ('ok', 'cancelled')),
        coalesce(sum(a.input_tokens), 0)::bigint,
        coalesce(sum(a.output_tokens), 0)::bigint,
        count(*) FILTER (WHERE r.is_estimated AND a.outcome IN ('ok', 'cancelled')),
        coalesce(sum(a.cost_usd) FILTER (WHERE r.is_estimated), 0),
        count(*) FILTER (WHERE r.status = 'cancelled'),
        count(*) FILTER (WHERE a.cost_usd IS NULL),
        coalesce(sum(a.cost_usd) FILTER (WHERE a.key_kind = 'own'), 0),
        coalesce(sum(a.cost_usd) FILTER (WHERE a.key_kind <> 'own'), 0)
    FROM router_routed_request r JOIN router_attempt a
      ON a.org_id = r.org_id AND a.request_id = r.id AND a.created_at = r.created_at
    WHERE r.org_id = %(org)s AND a.org_id = %(org)s AND NOT r.is_test
      AND r.created_at >= %(start)s AND r.created_at < %(end)s
      AND a.created_at >= %(start)s AND a.created_at < %(end)s
      AND a.provider = %(provider)s AND a.key_kind = ANY (%(kinds)s)
      AND (a.cost_usd IS NULL OR a.cost_usd > 0 OR a.outcome IN ('ok', 'cancelled'))
    GROUP BY 1, 2
"""
_KINDS: Final = {
    Invoice.Keys.ALL: ["own", "managed", ""],
    Invoice.Keys.OWN: ["own"],
    Invoice.Keys.MANAGED: ["managed", ""],
}


@dataclass(frozen=True, slots=True)
class Report:
    """One bill beside the ledger."""

    invoice: Invoice
    rows: Sequence[Compared]
    total: Summary
    by_model: Sequence[tuple[str, Summary]]


def our_lines(provider: str, keys: str, first: date, last: date) -> list[OurLine]:
    """The ledger's sums of the days, both included, at one provider."""
    params: dict[str, Any] = {
        "org": require_org_id(),
        "start": _midnight(first),
        "end": _midnight(last + timedelta(days=1)),
        "provider": provider,
        "kinds": _KINDS[Invoice.Keys(keys)],
    }
    with connections["default"].cursor() as cursor:
        cursor.execute(_OURS, params)
        return [OurLine(*row) for row in cursor.fetchall()]


def model_names(provider: str) -> Mapping[str, str]:
    """From each spelling of the provider's models to our slug."""
    offers = Offer.objects.filter(provider__slug=provider).values_list(
        "ai_model__slug", "ai_model__name", "upstream_id"
    )
    return spellings((slug, names) for slug, *names in offers)


def report_of(invoice_id: UUID) -> Report | None:
    """The report of an upload; None where the organization has none of this id."""
    invoice = (
        Invoice.objects.select_related("uploaded_by").filter(id=invoice_id).first()
    )
    if invoice is None:
        return None
    lines = InvoiceLine.objects.filter(invoice=invoice).order_by("day", "model")
    rows = [_compared(line) for line in lines]
    return Report(invoice, rows, summary(rows), by_model(rows))


def kept_invoices() -> list[Invoice]:
    return list(Invoice.objects.filter(is_kept=True).select_related("uploaded_by"))


def _compared(line: InvoiceLine) -> Compared:
    theirs = None
    if line.kind != InvoiceLine.Kind.OURS:
        theirs = BilledLine(
            day=line.day,
            name=line.model,
            cost_usd=line.theirs_usd,
            requests=line.theirs_requests,
            input_tokens=line.theirs_input_tokens,
            output_tokens=line.theirs_output_tokens,
        )
    ours = OurLine(
        day=line.day,
        model=line.model,
        cost_usd=line.cost_usd,
        requests=line.requests,
        input_tokens=line.input_tokens,
        output_tokens=line.output_tokens,
        estimated=line.estimated,
        estimated_usd=line.estimated_usd,
        cancelled=line.cancelled,
        unpriced=line.unpriced,
        own_usd=line.own_usd,
        managed_usd=line.managed_usd,
    )
    kind = InvoiceLine.Kind(line.kind).value
    return Compared(line.day, line.model, kind, ours, theirs)  # type: ignore[arg-type]  # the three kinds


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)

"""Upload a provider's bill, compare it, keep the report or throw it away."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from apps.accounts.models import User
from apps.audit.services import record
from apps.kit.clock import utc_now
from apps.kit.errors import NotFoundError, ValidationError
from apps.router.invoice_models import Invoice, InvoiceLine
from apps.router.invoice_queries import model_names, our_lines, report_of
from apps.router.invoices.compare import Compared, compare
from apps.router.invoices.formats import Mapping
from apps.router.invoices.parse import BilledLine, UnreadableError, read_bill

# A draft that nobody kept is of no use to anybody.
DRAFT_LIVES: Final = timedelta(days=1)
MOST_DAYS: Final = 400
_A_BATCH: Final = 1_000


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came in, and what its owner says of it."""

    content: bytes
    file_name: str
    provider: str
    keys: str = ""
    mapping: Mapping | None = None


@transaction.atomic
def upload_invoice(upload: Upload, *, by: User | None) -> Invoice:
    """Read and compare a bill; the same file again is the report there is.

    Raises ValidationError that names the row and column which cannot be read.
    """
    try:
        bill = read_bill(upload.content, upload.mapping)
    except UnreadableError as problem:
        raise ValidationError(str(problem), param=problem.column or "file") from problem
    if (bill.last - bill.first).days >= MOST_DAYS:
        raise ValidationError(f"A bill covers {MOST_DAYS} days at most.", param="file")
    _forget_drafts()
    invoice, is_new = Invoice.objects.get_or_create(
        provider=upload.provider,
        keys=upload.keys,
        digest=sha256(upload.content).hexdigest(),
        defaults={
            "format": bill.format.name,
            "file_name": upload.file_name[:200],
            "first": bill.first,
            "last": bill.last,
            "uploaded_by": by,
            "compared_at": utc_now(),
        },
    )
    if is_new:
        _compare(invoice, bill.lines)
    return invoice


@transaction.atomic
def compare_again(invoice_id: UUID) -> None:
    """Set the bill beside the ledger as it is now."""
    invoice = _get(invoice_id)
    report = report_of(invoice_id)
    billed = [row.theirs for row in report.rows if row.theirs] if report else []
    InvoiceLine.objects.filter(invoice=invoice).delete()
    _compare(invoice, billed)
    Invoice.objects.filter(id=invoice.id).update(compared_at=utc_now())


@transaction.atomic
def keep_invoice(invoice_id: UUID) -> None:
    """Keep the report."""
    invoice = _get(invoice_id)
    if not invoice.is_kept:
        Invoice.objects.filter(id=invoice_id).update(is_kept=True)
        _record("invoice.kept", invoice, after=_facts(invoice))


@transaction.atomic
def delete_invoice(invoice_id: UUID) -> None:
    """Throw the report away; the ledger is not touched."""
    invoice = _get(invoice_id)
    if invoice.is_kept:
        _record("invoice.deleted", invoice, before=_facts(invoice))
    invoice.delete()


def _get(invoice_id: UUID) -> Invoice:
    invoice = Invoice.objects.filter(id=invoice_id).first()
    if invoice is None:
        raise NotFoundError("There is no such invoice.")
    return invoice


def _record(
    action: str,
    invoice: Invoice,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    record(action, subject="invoice", subject_id=invoice.id, before=before, after=after)


def _facts(invoice: Invoice) -> dict[str, Any]:
    return {
        "name": invoice.file_name,
        "provider": invoice.provider,
        "first": str(invoice.first),
        "last": str(invoice.last),
    }


def _forget_drafts() -> None:
    before = utc_now() - DRAFT_LIVES
    Invoice.objects.filter(is_kept=False, created_at__lt=before).delete()


def _compare(invoice: Invoice, billed: Sequence[BilledLine]) -> None:
    ours = our_lines(invoice.provider, invoice.keys, invoice.first, invoice.last)
    rows = compare(billed, ours, model_names(invoice.provider))
    lines = [_line(invoice, row) for row in rows]
    InvoiceLine.objects.bulk_create(lines, batch_size=_A_BATCH)


def _line(invoice: Invoice, row: Compared) -> InvoiceLine:
    theirs, ours = row.theirs, row.ours
    return InvoiceLine(
        invoice=invoice,
        day=row.day,
        model=row.model,
        kind=row.kind,
        theirs_usd=theirs.cost_usd if theirs else None,
        theirs_requests=theirs.requests if theirs else None,
        theirs_input_tokens=theirs.input_tokens if theirs else None,
        theirs_output_tokens=theirs.output_tokens if theirs else None,
        cost_usd=ours.cost_usd,
        requests=ours.requests,
        input_tokens=ours.input_tokens,
        output_tokens=ours.output_tokens,
        estimated=ours.estimated,
        estimated_usd=ours.estimated_usd,
        cancelled=ours.cancelled,
        unpriced=ours.unpriced,
        own_usd=ours.own_usd,
        managed_usd=ours.managed_usd,
    )

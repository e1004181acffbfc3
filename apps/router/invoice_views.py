"""The pages that set a provider's bill beside the ledger.

`router/reconcile.html` takes `invoices` (kept Invoice rows), `form` and `can_manage`;
`router/invoice.html` takes `report` (Report), `rows` (those that are shown), `only` and
`can_manage`.
"""

from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
)

from apps.accounts.http import OrgRequest
from apps.accounts.roles import may, role_required
from apps.accounts.streaming import streamed
from apps.kit.csv_cells import csv_line
from apps.kit.errors import ValidationError
from apps.router import invoice_services
from apps.router.invoice_forms import InvoiceForm
from apps.router.invoice_queries import Report, kept_invoices, report_of
from apps.router.invoices.compare import Compared
from apps.router.invoices.formats import LABELS

MOST_SHOWN: Final = 500
COLUMNS: Final = (
    *("day", "model", "found", "billed_usd", "ledger_usd", "difference_usd"),
    *("billed_requests", "ledger_requests", "billed_input_tokens"),
    *("ledger_input_tokens", "billed_output_tokens", "ledger_output_tokens"),
    *("ledger_own_keys_usd", "ledger_managed_keys_usd", "notes"),
)


@login_required
@require_http_methods(["GET", "POST"])
def reconcile(request: OrgRequest) -> HttpResponseBase:
    """List what was reconciled, or take a bill."""
    return _upload(request) if request.method == "POST" else _list(request)


@role_required("invoices.read")
def _list(request: OrgRequest) -> HttpResponse:
    return _page(request, InvoiceForm())


@role_required("invoices.manage")
def _upload(request: OrgRequest) -> HttpResponseBase:
    form = InvoiceForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form, status=422)
    data = form.cleaned_data
    upload = invoice_services.Upload(
        content=data["file"].read(),
        file_name=data["file"].name,
        provider=data["provider"],
        keys=data["keys"],
        mapping=form.mapping(),
    )
    try:
        invoice = invoice_services.upload_invoice(upload, by=request.user)
    except ValidationError as problem:
        form.add_error("file", problem.message)
        return _page(request, form, status=422)
    return redirect("router:invoice", invoice.id)


@login_required
@require_GET
@role_required("invoices.read")
def invoice(request: OrgRequest, invoice_id: UUID) -> HttpResponse:
    """One bill beside the ledger, line by line."""
    report = _report(invoice_id)
    only = request.GET.get("only", "")
    rows = [row for row in report.rows if only in {"", row.kind}]
    context = {
        "report": report,
        "rows": rows[:MOST_SHOWN],
        "more": max(0, len(rows) - MOST_SHOWN),
        "only": only,
        "format": LABELS.get(report.invoice.format, report.invoice.format),
        "can_manage": may(request.membership.role, "invoices.manage"),
    }
    return render(request, "router/invoice.html", context)


@login_required
@require_GET
@role_required("invoices.read")
def invoice_download(request: OrgRequest, invoice_id: UUID) -> HttpResponseBase:
    """The report as CSV."""
    report = _report(invoice_id)
    name = f"reconcile-{report.invoice.provider}-{report.invoice.first}.csv"
    return streamed(
        request,
        lambda: _csv(report),
        org_id=request.org.id,
        content_type="text/csv; charset=utf-8",
        filename=name,
    )


@login_required
@require_POST
@role_required("invoices.manage")
def keep_invoice(request: OrgRequest, invoice_id: UUID) -> HttpResponse:
    invoice_services.keep_invoice(invoice_id)
    messages.success(request, "The report is kept.")
    return redirect("router:invoice", invoice_id)


@login_required
@require_POST
@role_required("invoices.manage")
def compare_again(request: OrgRequest, invoice_id: UUID) -> HttpResponse:
    invoice_services.compare_again(invoice_id)
    messages.success(request, "Compared with the ledger as it is now.")
    return redirect("router:invoice", invoice_id)


@login_required
@require_POST
@role_required("invoices.manage")
def delete_invoice(request: OrgRequest, invoice_id: UUID) -> HttpResponse:
    invoice_services.delete_invoice(invoice_id)
    messages.success(request, "The report is deleted.")
    return redirect("router:reconcile")


def _report(invoice_id: UUID) -> Report:
    report = report_of(invoice_id)
    if report is None:
        raise Http404
    return report


def _page(request: OrgRequest, form: InvoiceForm, *, status: int = 200) -> HttpResponse:
    context: dict[str, Any] = {
        "invoices": kept_invoices(),
        "form": form,
        "labels": LABELS,
        "can_manage": may(request.membership.role, "invoices.manage"),
    }
    return render(request, "router/reconcile.html", context, status=status)


def _csv(report: Report) -> Iterator[str]:
    yield csv_line(COLUMNS)
    for row in report.rows:
        yield csv_line(_cells(row))


def _cells(row: Compared) -> list[object]:
    theirs, ours = row.theirs, row.ours
    return [
        *(row.day, row.model, row.kind, row.theirs_usd, ours.cost_usd),
        row.difference_usd,
        *(theirs.requests if theirs else None, ours.requests),
        *(theirs.input_tokens if theirs else None, ours.input_tokens),
        *(theirs.output_tokens if theirs else None, ours.output_tokens),
        *(ours.own_usd, ours.managed_usd, "; ".join(row.notes)),
    ]

"""Pages of imports: upload, look, confirm.

`portfolio/import.html` takes `form`, `bad` (BadRow values that stood in the way),
`imports` and `can_manage`; `portfolio/import_preview.html` takes `preview`, `target`
(TargetForm), `rows` (ProposalForm values), `models`, `places` and `can_manage`.
"""

from typing import Final
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.http import OrgRequest
from apps.accounts.roles import role_required
from apps.kit.errors import AppError, ConflictError, ValidationError
from apps.portfolio import import_services
from apps.portfolio.forms import known_models
from apps.portfolio.import_forms import (
    ExportForm,
    ProposalForm,
    TargetForm,
    proposal_forms,
)
from apps.portfolio.import_queries import Preview, imports, preview
from apps.portfolio.import_services import BadRowsError, Upload
from apps.portfolio.imports.formats import LABELS
from apps.portfolio.imports.read import BadRow
from apps.portfolio.limits import places
from apps.portfolio.models import Product
from apps.portfolio.queries import products
from apps.portfolio.views import REFUSALS, add_error, can_manage

MOST_BAD_SHOWN: Final = 50


@login_required
@require_http_methods(["GET", "POST"])
@role_required("portfolio.manage")
def import_page(request: OrgRequest) -> HttpResponseBase:
    """Take an export; nothing is made before it is confirmed."""
    if request.method == "GET":
        return _page(request, ExportForm())
    form = ExportForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form)
    file = form.cleaned_data["file"]
    upload = Upload(file.read(), file.name, form.cleaned_data["leave_out_bad"])
    try:
        draft = import_services.upload_export(upload, by=request.user)
    except BadRowsError as problem:
        count = len(problem.bad)
        rows = "1 row" if count == 1 else f"{count:,} rows"
        said = f"{rows} cannot be read, so nothing is imported: see below."
        form.add_error("file", said)
        return _page(request, form, list(problem.bad))
    except ValidationError as problem:
        form.add_error("file", problem.message)
        return _page(request, form)
    return redirect("portfolio:import-preview", draft.id)


@login_required
@require_POST
@role_required("portfolio.manage")
def from_traffic(request: OrgRequest) -> HttpResponse:
    """Propose use cases from what goes through the router already."""
    try:
        draft = import_services.propose_traffic(by=request.user)
    except ConflictError as problem:
        messages.info(request, problem.message)
        return redirect("portfolio:import")
    return redirect("portfolio:import-preview", draft.id)


@login_required
@require_http_methods(["GET", "POST"])
@role_required("portfolio.manage")
def import_preview(request: OrgRequest, import_id: UUID) -> HttpResponseBase:
    """What an export would make; and make what was chosen."""
    shown = preview(import_id)
    data = request.POST if request.method == "POST" else None
    target = TargetForm(data, products=_own_products(), usual=shown.label)
    rows = [] if shown.stored.confirmed_at else proposal_forms(shown, data)
    if data is None or shown.stored.confirmed_at:
        return _preview_page(request, shown, target, rows)
    are_valid = [form.is_valid() for form in (target, *rows)]
    if all(are_valid):
        choices = {form.line.number: form.choice() for form in rows}
        try:
            done = import_services.confirm_import(import_id, target.target(), choices)
        except REFUSALS as problem:
            _place_error(target, rows, problem)
        else:
            messages.success(request, _said(import_services.summary_of(done)))
            return redirect("portfolio:home")
    return _preview_page(request, shown, target, rows, status=422)


@login_required
@require_POST
@role_required("portfolio.manage")
def discard(request: OrgRequest, import_id: UUID) -> HttpResponse:
    """Throw a draft away."""
    import_services.discard_import(import_id)
    messages.success(request, "The import is thrown away.")
    return redirect("portfolio:import")


def _page(
    request: OrgRequest, form: ExportForm, bad: list[BadRow] | None = None
) -> HttpResponse:
    bad = bad or []
    context = {
        "form": form,
        "bad": bad[:MOST_BAD_SHOWN],
        "more_bad": max(0, len(bad) - MOST_BAD_SHOWN),
        "imports": imports(),
        "labels": LABELS,
        "can_manage": can_manage(request),
    }
    status = 422 if form.errors else 200
    return render(request, "portfolio/import.html", context, status=status)


def _preview_page(
    request: OrgRequest,
    shown: Preview,
    target: TargetForm,
    rows: list[ProposalForm],
    *,
    status: int = 200,
) -> HttpResponse:
    context = {
        "preview": shown,
        "target": target,
        "rows": rows,
        "unmatched": sum(not form.line.proposal.slug for form in rows),
        "has_errors": any(form.errors for form in (target, *rows)),
        "models": known_models(),
        "places": places(),
        "can_manage": can_manage(request),
    }
    return render(request, "portfolio/import_preview.html", context, status=status)


def _place_error(
    target: TargetForm, rows: list[ProposalForm], problem: AppError
) -> None:
    """Put a refusal under the field of the proposal that it is about."""
    parts = (problem.param or "").split(".")
    if len(parts) == 3 and parts[0] == "choices":
        form = rows[int(parts[1])]
        form.add_error(parts[2] if parts[2] in form.fields else None, problem.message)
        return
    add_error(target, problem)


def _own_products() -> list[Product]:
    return [p for p in products() if not p.is_demo and p.status != "archived"]


def _said(counted: dict[str, int]) -> str:
    parts = [f"{count} {name.replace('_', ' ')}" for name, count in counted.items()]
    return f"The import is done: use cases {', '.join(parts)}."

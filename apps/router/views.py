"""The request log: what was asked of whom, what it cost, and why that model."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.accounts.http import OrgRequest
from apps.accounts.roles import may, role_required
from apps.privacy.queries import find_exchange, settings_of_scope
from apps.router import queries
from apps.router.request_answers import raw_usage
from apps.router.request_filters import RequestLogForm


@login_required
@require_GET
@role_required("requests.read")
def requests(request: OrgRequest) -> HttpResponse:
    """The log, newest first."""
    form = RequestLogForm(request.GET)
    wanted = form.wanted()
    try:
        page = queries.recent_requests(wanted, cursor=request.GET.get("after", ""))
    except ValueError as problem:
        raise Http404 from problem
    context = {"form": form, "page": page, "state": form.state()}
    part = "#results" if request.headers.get("HX-Request") else ""
    return render(request, f"router/requests.html{part}", context)


@login_required
@require_GET
@role_required("requests.read")
def request_log(request: OrgRequest, code: UUID) -> HttpResponse:
    """One request: its attempts, its figures, the decision behind it."""
    detail = queries.request_detail(code)
    if detail is None:
        raise Http404
    raw = [(attempt, raw_usage(attempt)) for attempt in detail.attempts]
    context = {
        "detail": detail,
        "raw_usages": [(attempt, usage) for attempt, usage in raw if usage],
        **_kept(request, detail),
    }
    return render(request, "router/request.html", context)


def _kept(request: OrgRequest, detail: queries.RequestDetail) -> dict[str, Any]:
    """The prompt and its answer, where they are stored and the role may see them."""
    row = detail.request
    if not may(request.membership.role, "prompts.read"):
        return {"may_read_prompts": False}
    return {
        "may_read_prompts": True,
        "exchange": find_exchange(row.id, created_at=row.created_at),
        "privacy": settings_of_scope(),
    }

"""The request log: what was asked of whom, what it cost, and why that model."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from apps.accounts.http import OrgRequest
from apps.accounts.queries import list_keys
from apps.accounts.roles import may, role_required
from apps.privacy.queries import find_exchange, settings_of_scope
from apps.router import queries
from apps.router.models import RoutedRequest
from apps.router.serializers import TASKS

MODES = [("all", "All keys"), ("live", "Live"), ("test", "Test")]


class RequestLogForm(forms.Form):
    """The filters of the log, kept in its address."""

    status = forms.ChoiceField(
        choices=[("", "Any outcome"), *RoutedRequest.Status.choices], required=False
    )
    task = forms.ChoiceField(
        choices=[("", "Any task"), *((t, t.replace("_", " ")) for t in TASKS)],
        required=False,
    )
    model = forms.CharField(max_length=200, required=False)
    key = forms.ChoiceField(required=False)
    mode = forms.ChoiceField(choices=MODES, required=False, label="Keys")

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]  # Django's own
        keys = [(str(key.id), key.name) for key in list_keys()]
        self.fields["key"].choices = [("", "Any key"), *keys]  # type: ignore[attr-defined]  # a ChoiceField

    def wanted(self) -> queries.RequestFilter:
        """What to list; a filter that makes no sense filters nothing."""
        self.is_valid()
        data = self.cleaned_data
        key = data.get("key")
        return queries.RequestFilter(
            model=data.get("model", "").strip(),
            status=data.get("status", ""),
            task=data.get("task", ""),
            key_id=UUID(key) if key else None,
            mode=data.get("mode") or "all",
        )

    def state(self) -> str:
        """The filters as a query string, for the link to the next page."""
        data = self.cleaned_data
        return urlencode({k: v for k, v in data.items() if v and v != "all"})


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
    context = {"detail": detail, **_kept(request, detail)}
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

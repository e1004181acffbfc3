"""The page of budgets and limits.

`router/budgets.html` takes `budgets` (BudgetState values), `form` (NewBudgetForm),
`limits` (LimitsForm), `usual` (the installation's own limit) and `can_manage`.
"""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.http import OrgRequest
from apps.accounts.roles import may, role_required
from apps.kit.errors import ValidationError
from apps.router import budget_services
from apps.router.budget_forms import BudgetForm, LimitsForm, NewBudgetForm
from apps.router.budget_queries import budget_states
from apps.router.limits.rates import UsualLimit
from apps.router.models import Policy


@login_required
@require_http_methods(["GET", "POST"])
def budgets(request: OrgRequest) -> HttpResponseBase:
    """Show every budget with what is spent of it, or make one."""
    return _create(request) if request.method == "POST" else _show(request)


@role_required("budgets.read")
def _show(request: OrgRequest) -> HttpResponse:
    return _page(request)


@role_required("budgets.manage")
def _create(request: OrgRequest) -> HttpResponse:
    form = NewBudgetForm(request.POST)
    if not form.is_valid():
        return _page(request, form=form, status=422)
    try:
        budget_services.create_budget(**form.cleaned_data)
    except ValidationError as problem:
        form.add_error(None, problem.message)
        return _page(request, form=form, status=422)
    messages.success(request, "The budget is in force.")
    return redirect("router:budgets")


@login_required
@require_POST
@role_required("budgets.manage")
def change_budget(request: OrgRequest, budget_id: UUID) -> HttpResponse:
    """Set another limit."""
    form = BudgetForm(request.POST)
    if not form.is_valid():
        messages.error(request, "A limit is an amount of at least $0.01.")
    else:
        budget_services.change_budget(budget_id, limit_usd=form.limit())
        messages.success(request, "The new limit is in force.")
    return redirect("router:budgets")


@login_required
@require_POST
@role_required("budgets.manage")
def delete_budget(request: OrgRequest, budget_id: UUID) -> HttpResponse:
    budget_services.delete_budget(budget_id)
    messages.success(request, "The budget is deleted.")
    return redirect("router:budgets")


@login_required
@require_POST
@role_required("budgets.manage")
def set_limits(request: OrgRequest) -> HttpResponse:
    """Set the organization's requests and tokens a minute."""
    limits = LimitsForm(request.POST)
    if not limits.is_valid():
        return _page(request, limits=limits, status=422)
    budget_services.set_rates(limits.cleaned_data)
    messages.success(request, "The limits are in force.")
    return redirect("router:budgets")


def _page(
    request: OrgRequest,
    *,
    form: NewBudgetForm | None = None,
    limits: LimitsForm | None = None,
    status: int = 200,
) -> HttpResponse:
    policy = Policy.objects.first()
    initial = {name: getattr(policy, name, None) for name in budget_services.RATES}
    context: dict[str, Any] = {
        "budgets": budget_states(),
        "form": form or NewBudgetForm(),
        "limits": limits or LimitsForm(initial=initial),
        "rates": initial,
        "usual": UsualLimit(settings.RATE_LIMIT_MAX, settings.RATE_LIMIT_WINDOW_SEC),
        "can_manage": may(request.membership.role, "budgets.manage"),
    }
    return render(request, "router/budgets.html", context, status=status)

"""The page of custom rules.

`alerts/rules.html` takes `lines` (rules with their sentence), `form` (RuleForm),
`aliases`, `preview` (a Preview, or None), `can_manage` and `has_feature`.
"""

from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts import entitlements
from apps.accounts.http import OrgRequest
from apps.accounts.roles import may, role_required
from apps.alerts import queries, rule_services
from apps.alerts.forms import RuleForm
from apps.alerts.kinds import Severity
from apps.alerts.rule_kinds import Preview, evaluator_of
from apps.alerts.rule_models import Rule
from apps.alerts.rule_services import NewRule
from apps.kit.errors import AppError, NotFoundError, PermissionDeniedError


@dataclass(frozen=True, slots=True)
class Line:
    rule: Rule
    words: str


@login_required
@require_http_methods(["GET", "POST"])
@role_required("alerts.read")
def rules(request: OrgRequest) -> HttpResponse:
    """List the rules, try one, or add it."""
    if request.method != "POST":
        return _page(request, RuleForm())
    if not may(request.membership.role, "alerts.manage"):
        raise PermissionDeniedError("Only owners and admins make rules.")
    form = RuleForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        return _do(request, form)
    except AppError as problem:
        name = problem.param if problem.param in form.fields else None
        form.add_error(name, problem.message)
        return _page(request, form, status=422)


def _do(request: OrgRequest, form: RuleForm) -> HttpResponse:
    data = form.cleaned_data
    wanted = NewRule(
        about=data["about"],
        params=form.params(),
        name=data["name"],
        severity=Severity(data["severity"]),
        cooldown_h=data["cooldown_h"],
    )
    if "preview" in request.POST:
        return _page(request, form, preview=rule_services.preview(wanted))
    rule_services.create_rule(wanted, by=request.user.email)
    messages.success(request, "The rule holds from now on.")
    return redirect("alerts:rules")


@login_required
@require_POST
@role_required("alerts.manage")
def act(request: OrgRequest, rule_id: UUID, action: str) -> HttpResponse:
    """Switch a rule on or off, or delete it."""
    if action in {"on", "off"}:
        rule_services.change_rule(rule_id, {"is_enabled": action == "on"})
        messages.success(request, f"The rule is {action}.")
    elif action == "delete":
        rule_services.delete_rule(rule_id)
        messages.success(request, "The rule is deleted.")
    else:
        raise NotFoundError("There is no such action.")
    return redirect("alerts:rules")


def _page(
    request: OrgRequest,
    form: RuleForm,
    *,
    preview: Preview | None = None,
    status: int = 200,
) -> HttpResponse:
    found = queries.rules()
    context = {
        "lines": [Line(r, evaluator_of(r.about).words(r.params)) for r in found],
        "form": form,
        "aliases": evaluator_of(Rule.About.SPEND).suggestions(),
        "preview": preview,
        "can_manage": may(request.membership.role, "alerts.manage"),
        "has_feature": entitlements.allows(request.org.id, rule_services.FEATURE),
    }
    return render(request, "alerts/rules.html", context, status=status)

"""The page of the organization's routing policy; `router/policy.html` takes `form`,
`preview`, `suggestions` and `can_manage`.
"""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.http import OrgRequest
from apps.accounts.roles import may, role_required
from apps.kit.errors import ConflictError, NotFoundError, ValidationError
from apps.router import alias_services
from apps.router.alias_api import model_named
from apps.router.alias_forms import PolicyForm
from apps.router.alias_queries import get_policy, suggestions
from apps.router.alias_views import show_preview
from apps.router.engine.rules import read_rules
from apps.router.preview import Preview
from apps.router.preview_queries import preview_policy


@login_required
@require_http_methods(["GET", "POST"])
def policy(request: OrgRequest) -> HttpResponseBase:
    """Show what holds for every request, or change it."""
    return _change(request) if request.method == "POST" else _show(request)


@role_required("aliases.read")
def _show(request: OrgRequest) -> HttpResponse:
    found = get_policy()
    premium = found.premium_model
    initial = {
        **PolicyForm.initial_of(read_rules(found.rules)),
        "premium_model": premium.slug if premium else "",
        "version": found.version,
    }
    return _page(request, form=PolicyForm(initial=initial))


@role_required("policy.manage")
def _change(request: OrgRequest) -> HttpResponse:
    form = PolicyForm(request.POST)
    if not form.is_valid():
        return _page(request, form=form, status=422)
    data = form.cleaned_data
    try:
        alias_services.change_policy(
            form.rules(),
            version=data["version"],
            premium_model=model_named(data["premium_model"].strip().lower()),
        )
    except NotFoundError as problem:
        form.add_error("premium_model", problem.message)
        return _page(request, form=form, status=422)
    except (ValidationError, ConflictError) as problem:
        form.add_error(None, problem.message)
        return _page(request, form=form, status=problem.status)
    messages.success(request, "The policy is saved and in force.")
    return redirect("router:policy")


@login_required
@require_POST
@role_required("policy.manage")
def preview_change(request: OrgRequest) -> HttpResponse:
    """The form's rules on past requests, each under its own alias."""
    form = PolicyForm(request.POST)
    shown = preview_policy(form.rules()) if form.is_valid() else None
    if request.headers.get("HX-Request"):
        return show_preview(request, form, shown)
    return _page(request, form=form, preview=shown)


def _page(
    request: OrgRequest,
    *,
    form: PolicyForm,
    preview: Preview | None = None,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "preview": preview,
        "suggestions": suggestions(),
        "can_manage": may(request.membership.role, "policy.manage"),
    }
    return render(request, "router/policy.html", context, status=status)

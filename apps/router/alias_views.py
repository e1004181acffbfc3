"""Pages of aliases and of the routing policy.

`router/aliases.html` takes `lines` (AliasLine values) and `can_manage`.
`router/alias.html` takes `line` (None for a new one), `form`, `suggestions`,
`preview` (a Preview or None), `can_manage` and `url`, an example's base URL;
`router/policy.html` the same without `line`.
"""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.http import OrgRequest
from apps.accounts.roles import may, role_required
from apps.kit.errors import AppError, ConflictError, NotFoundError, ValidationError
from apps.router import alias_services
from apps.router.alias_forms import AliasForm, NewAliasForm, RulesForm
from apps.router.alias_queries import (
    AliasLine,
    alias_line,
    alias_lines,
    get_alias,
    suggestions,
)
from apps.router.engine.rules import NO_RULES
from apps.router.preview import Preview
from apps.router.preview_queries import preview_alias

# What was deleted last, in the session of who deleted it.
UNDO = "deleted_alias"


@login_required
@require_GET
@role_required("aliases.read")
def aliases(request: OrgRequest) -> HttpResponse:
    """List every alias with what it cost in 30 days."""
    context = {"lines": alias_lines(), "can_manage": _can_manage(request)}
    return render(request, "router/aliases.html", context)


@login_required
@require_http_methods(["GET", "POST"])
@role_required("policy.manage")
def new_alias(request: OrgRequest) -> HttpResponseBase:
    """A form for a new alias, or for a copy of another; and make it."""
    if request.method == "GET":
        return _form_page(request, form=NewAliasForm(initial=_copied(request)))
    form = NewAliasForm(request.POST)
    if not form.is_valid():
        return _form_page(request, form=form, status=422)
    data = form.cleaned_data
    wanted = alias_services.NewAlias(data["name"], data["description"], form.rules())
    try:
        alias = alias_services.create_alias(wanted, budgets=form.budgets())
    except ValidationError as problem:
        _add_error(form, problem)
        return _form_page(request, form=form, status=422)
    messages.success(request, f"{alias.name} answers from now on.")
    return redirect("router:alias", alias_id=alias.id)


@login_required
@require_http_methods(["GET", "POST"])
def alias(request: OrgRequest, alias_id: UUID) -> HttpResponseBase:
    """Show one alias, or change it."""
    if request.method == "POST":
        return _change(request, alias_id)
    return _show(request, alias_id)


@role_required("aliases.read")
def _show(request: OrgRequest, alias_id: UUID) -> HttpResponse:
    line = alias_line(alias_id)
    return _form_page(request, line=line, form=AliasForm(initial=_initial(line)))


@role_required("policy.manage")
def _change(request: OrgRequest, alias_id: UUID) -> HttpResponse:
    line = alias_line(alias_id)
    form = AliasForm(request.POST)
    if not form.is_valid():
        return _form_page(request, line=line, form=form, status=422)
    data = form.cleaned_data
    changes = {"description": data["description"], "rules": form.rules()}
    try:
        changed = alias_services.change_alias(
            alias_id, changes, version=data["version"], budgets=form.budgets()
        )
    except (ValidationError, ConflictError) as problem:
        _add_error(form, problem)
        return _form_page(request, line=line, form=form, status=problem.status)
    messages.success(request, f"{changed.name} is saved and in force.")
    return redirect("router:alias", alias_id=alias_id)


@login_required
@require_POST
@role_required("policy.manage")
def preview_rules(request: OrgRequest) -> HttpResponse:
    """The form's rules on past requests: the part that the script swaps in, or the
    whole page where there is none.
    """
    found = _line_or_none(request.POST.get("alias", ""))
    form = AliasForm(request.POST) if found else NewAliasForm(request.POST)
    if not found:
        form.fields["name"].required = False
    shown = None
    if form.is_valid():
        name = found.alias.name if found else ""
        shown = preview_alias(form.rules(), alias=_on(request, name))
    if request.headers.get("HX-Request"):
        return show_preview(request, form, shown)
    return _form_page(request, line=found, form=form, preview=shown)


def show_preview(
    request: OrgRequest, form: RulesForm, preview: Preview | None
) -> HttpResponse:
    """The preview alone, for the script."""
    context = {"preview": preview, "form": form}
    return render(request, "router/preview.html", context)


@login_required
@require_POST
@role_required("policy.manage")
def pause_alias(request: OrgRequest, alias_id: UUID) -> HttpResponse:
    """Have an alias refuse requests, or answer them again."""
    found = get_alias(alias_id)
    is_active = request.POST.get("action") == "resume"
    alias_services.change_alias(
        alias_id, {"is_active": is_active}, version=found.version
    )
    state = "answers again" if is_active else "is paused and refuses requests"
    messages.success(request, f"{found.name} {state}.")
    return redirect("router:aliases")


@login_required
@require_POST
@role_required("policy.manage")
def delete_alias(request: OrgRequest, alias_id: UUID) -> HttpResponse:
    """Delete an alias with its budgets; the toast takes it back."""
    kept = alias_services.delete_alias(alias_id)
    request.session[UNDO] = {"org": str(request.org.id), **kept}
    undo = reverse("router:restore-alias")
    messages.success(request, f"{kept['name']} is deleted.", extra_tags=undo)
    return redirect("router:aliases")


@login_required
@require_POST
@role_required("policy.manage")
def restore_alias(request: OrgRequest) -> HttpResponse:
    """Make the alias again that this person deleted last."""
    kept = request.session.pop(UNDO, None)
    if not kept or kept.pop("org") != str(request.org.id):
        messages.error(request, "There is nothing to take back.")
        return redirect("router:aliases")
    try:
        restored = alias_services.restore_alias(kept)
    except ValidationError as problem:
        messages.error(request, problem.message)
        return redirect("router:aliases")
    messages.success(request, f"{restored.name} is back.")
    return redirect("router:aliases")


def _form_page(
    request: OrgRequest,
    *,
    form: AliasForm,
    line: AliasLine | None = None,
    preview: Preview | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "line": line,
        "form": form,
        "preview": preview,
        "suggestions": suggestions(),
        "can_manage": _can_manage(request),
        "url": settings.SITE_URL,
    }
    return render(request, "router/alias.html", context, status=status)


def _can_manage(request: OrgRequest) -> bool:
    return may(request.membership.role, "policy.manage")


def _add_error(form: RulesForm, problem: AppError) -> None:
    name = problem.param if problem.param in form.fields else None
    form.add_error(None if name == "version" else name, problem.message)


def _initial(line: AliasLine) -> dict[str, Any]:
    budgets = {f"budget_{b.period}": b.limit_usd.normalize() for b in line.budgets}
    return {
        **RulesForm.initial_of(line.rules),
        **{name: f"{usd:f}" for name, usd in budgets.items()},
        "description": line.alias.description,
        "version": line.alias.version,
    }


def _copied(request: OrgRequest) -> dict[str, Any]:
    """What a copy starts from; a first alias starts from nothing."""
    found = _line_or_none(request.GET.get("from", ""))
    if found is None:
        return {**RulesForm.initial_of(NO_RULES), "version": 1}
    return {**_initial(found), "name": f"{found.alias.name}-copy", "version": 1}


def _line_or_none(text: str) -> AliasLine | None:
    try:
        return alias_line(UUID(text))
    except (ValueError, NotFoundError):
        return None


def _on(request: OrgRequest, name: str) -> str:
    """On whose requests rules are tried: the alias's own, or ("") everybody's."""
    return name if request.POST.get("on") == "own" else ""

"""Pages of "Data & privacy": prompts, the export, and deletion.

`privacy/settings.html` takes `form` (PrivacyForm), `current` (PrivacySettings), `kept`
(Kept), `exports` (with a link each while it is good), `is_building`, `deletion`,
`can_manage`, `can_export` and `can_delete`; its partial `exports` is what HTMX swaps.
`privacy/delete_organization.html` takes `form`, `deletion` and `days`;
`privacy/delete_account.html` takes `form`, `stakes`, `is_stuck` and `days`.
"""

from typing import Any

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
)

from apps.accounts.http import OrgRequest
from apps.accounts.organization_views import attempt
from apps.accounts.roles import may, role_required
from apps.kit.errors import AppError
from apps.privacy import account, exporting, queries, services
from apps.privacy.downloads import send_archive
from apps.privacy.forms import DeleteAccountForm, DeleteOrganizationForm, PrivacyForm
from apps.privacy.models import Export


@login_required
@require_http_methods(["GET", "POST"])
@never_cache
def settings_page(request: OrgRequest) -> HttpResponseBase:
    """What is kept, taken along and deleted; and change what is kept."""
    return _change(request) if request.method == "POST" else _show(request)


@role_required("privacy.read")
def _show(request: OrgRequest) -> HttpResponse:
    return _page(request, _form_of(queries.settings_of_scope()))


@role_required("privacy.manage")
def _change(request: OrgRequest) -> HttpResponse:
    form = PrivacyForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    deletes = form.cleaned_data["deletes_stored"]
    services.change_settings(form.wanted(), deletes_stored=deletes)
    messages.success(request, "Saved. It holds for requests from now on.")
    return redirect("privacy:settings")


@login_required
@require_POST
@role_required("exports.manage")
def ask_export(request: OrgRequest) -> HttpResponse:
    """Have an archive built; its link is mailed to whoever asked."""
    attempt(
        request,
        lambda: services.ask_export(by=request.user),
        done="The archive is being built. You get a mail when it is ready.",
    )
    return redirect("privacy:settings")


@login_required
@require_GET
@role_required("exports.manage")
@never_cache
def exports_panel(request: OrgRequest) -> HttpResponse:
    """How far the archives are, for the page that is open."""
    return render(request, "privacy/settings.html#exports", _exports(request))


@login_required
@require_GET
@never_cache
def download(request: OrgRequest, token: str) -> HttpResponseBase:
    """The archive behind a mailed link, for a leader of its organization."""
    job = exporting.read_link(token)
    if job is None or request.membership is None:
        raise Http404
    role = request.membership.role
    is_theirs = job.org_id == request.org.id and may(role, "exports.manage")
    export = queries.find_export(job.export_id) if is_theirs else None
    if export is None or export.state != Export.State.READY:
        raise Http404
    services.note_download(export)
    return send_archive(request, export)


@login_required
@require_http_methods(["GET", "POST"])
@role_required("organization.delete")
@reauthentication_required  # type: ignore[untyped-decorator]  # allauth has no types
@never_cache
def delete_organization(request: OrgRequest) -> HttpResponse:
    """Ask what goes, have the name typed, then plan the deletion."""
    form = DeleteOrganizationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.plan_deletion(
                request.org, typed_name=form.cleaned_data["name"], by=request.user
            )
        except AppError as refusal:
            form.add_error("name", refusal.message)
        else:
            messages.warning(request, "The organization is deleted in 14 days.")
            return redirect("privacy:settings")
    context = {
        "form": form,
        "deletion": queries.planned_deletion(),
        "days": services.DELETED_AFTER.days,
    }
    status = 422 if form.errors else 200
    return render(request, "privacy/delete_organization.html", context, status=status)


@login_required
@require_POST
@role_required("organization.delete")
def undo_deletion(request: OrgRequest) -> HttpResponse:
    services.undo_deletion(request.org, by=request.user)
    messages.success(request, "The organization stays. Everybody has been told.")
    return redirect("privacy:settings")


@login_required
@require_http_methods(["GET", "POST"])
@reauthentication_required  # type: ignore[untyped-decorator]  # allauth has no types
@never_cache
def delete_account(request: OrgRequest) -> HttpResponse:
    """Say what becomes of each organization, have the address typed, then do it."""
    form = DeleteAccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            is_gone = account.delete_account(
                request.user, typed_email=form.cleaned_data["email"]
            )
        except AppError as refusal:
            form.add_error("email", refusal.message)
        else:
            return _after(request, is_gone=is_gone)
    stakes = account.stakes_of(request.user)
    context = {
        "form": form,
        "stakes": stakes,
        "is_stuck": any(stake.fate == account.Fate.STUCK for stake in stakes),
        "days": services.DELETED_AFTER.days,
    }
    status = 422 if form.errors else 200
    return render(request, "privacy/delete_account.html", context, status=status)


def _after(request: OrgRequest, *, is_gone: bool) -> HttpResponse:
    if is_gone:
        logout(request)
        messages.success(request, "Your account is deleted.")
        return redirect("web:home")
    messages.warning(request, "Your account goes with the organization, in 14 days.")
    return redirect("privacy:settings")


def _page(request: OrgRequest, form: PrivacyForm, *, status: int = 200) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "current": queries.settings_of_scope(),
        "kept": queries.kept_now(),
        "deletion": queries.planned_deletion(),
        "can_manage": may(request.membership.role, "privacy.manage"),
        "can_delete": may(request.membership.role, "organization.delete"),
        **_exports(request),
    }
    return render(request, "privacy/settings.html", context, status=status)


def _exports(request: OrgRequest) -> dict[str, Any]:
    can_export = may(request.membership.role, "exports.manage")
    exports = queries.recent_exports() if can_export else []
    is_building = any(export.state in exporting.OPEN for export in exports)
    return {
        "can_export": can_export,
        "exports": [(export, _link(export)) for export in exports],
        "is_building": is_building,
    }


def _link(export: Export) -> str:
    if export.state != Export.State.READY:
        return ""
    return exporting.link_to(export.org_id, export.id)


def _form_of(current: Any) -> PrivacyForm:
    return PrivacyForm(
        initial={
            "stores_prompts": current.stores_prompts,
            "retention_days": current.retention_days,
            "redacts": current.redacts,
        }
    )

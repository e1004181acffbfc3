"""Pages of the organization: its name, its members, founding, leaving, handing over.

`accounts/organization.html` takes `form` (OrganizationForm), `membership`, `owners`,
`seats` and what the role may do; `accounts/members.html` takes `members` (each with
whether the reader may change them), `invitations`, `seats`, `form` (InviteForm) and
`roles`; `accounts/going.html`, which
asks before somebody goes, takes `member`, `keys_count` and `form` (GoingForm).
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
)

from apps.accounts import member_services, services
from apps.accounts.callers import ORG_IN_SESSION
from apps.accounts.http import OrgRequest
from apps.accounts.models import APIKey, Membership
from apps.accounts.organization_forms import (
    ROLES,
    GoingForm,
    InviteForm,
    OrganizationForm,
    RoleForm,
)
from apps.accounts.queries import list_invitations, list_members
from apps.accounts.roles import Role, governs, may, role_required
from apps.accounts.seats import count_seats
from apps.kit.errors import AppError, NotFoundError, PermissionDeniedError


@login_required
@require_http_methods(["GET", "POST"])
def organization(request: OrgRequest) -> HttpResponseBase:
    """Show the organization, or rename it."""
    return _rename(request) if request.method == "POST" else _show(request)


@role_required("organization.read")
def _show(request: OrgRequest) -> HttpResponse:
    form = OrganizationForm(initial={"name": request.org.name})
    return _organization_page(request, form)


@role_required("organization.rename")
def _rename(request: OrgRequest) -> HttpResponse:
    form = OrganizationForm(request.POST)
    if not form.is_valid():
        return _organization_page(request, form, status=422)
    member_services.rename_organization(form.cleaned_data["name"])
    messages.success(request, "The name is changed.")
    return redirect("accounts:organization")


def _organization_page(
    request: OrgRequest, form: OrganizationForm, *, status: int = 200
) -> HttpResponse:
    role = request.membership.role
    owners = Membership.objects.filter(role=Role.OWNER).select_related("user")
    context: dict[str, Any] = {
        "form": form,
        "membership": request.membership,
        "owners": list(owners.order_by("created_at", "id")),
        "seats": count_seats(),
        "can_rename": may(role, "organization.rename"),
        "can_manage": may(role, "organization.manage"),
    }
    return render(request, "accounts/organization.html", context, status=status)


@login_required
@require_http_methods(["GET", "POST"])
def new_organization(request: OrgRequest) -> HttpResponse:
    """Found another organization, and work for it from now on."""
    form = OrganizationForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        org = services.create_organization(request.user, form.cleaned_data["name"])
        choose(request, org.id)
        messages.success(request, f"You now work for {org.name}.")
        return redirect("accounts:organization")
    status = 422 if form.errors else 200
    context = {"form": form}
    return render(request, "accounts/new_organization.html", context, status=status)


def choose(request: HttpRequest, org_id: UUID) -> None:
    """Have this session work for an organization; what it may do changes with it."""
    request.session[ORG_IN_SESSION] = str(org_id)
    request.session.cycle_key()


@login_required
@require_GET
@role_required("members.read")
def members(request: OrgRequest) -> HttpResponse:
    """Who belongs to the organization, and who is invited."""
    return members_page(request, InviteForm())


def members_page(
    request: OrgRequest, form: InviteForm, *, status: int = 200
) -> HttpResponse:
    role = request.membership.role
    can_invite = may(role, "invitations.manage")
    # What each row offers to this reader; the services check again.
    listed = [(member, governs(role, member.role)) for member in list_members()]
    context: dict[str, Any] = {
        "members": listed,
        "me": request.membership,
        "invitations": list(list_invitations()) if can_invite else [],
        "seats": count_seats(),
        "form": form,
        "roles": [one for one in ROLES if governs(role, one[0])],
        "can_manage": may(role, "members.manage"),
        "can_invite": can_invite,
        "can_transfer": may(role, "organization.manage"),
    }
    return render(request, "accounts/members.html", context, status=status)


@login_required
@require_POST
@role_required("members.manage")
def change_role(request: OrgRequest, member_id: UUID) -> HttpResponse:
    """Give a member another role."""
    form = RoleForm(request.POST)
    member = _member(member_id)
    if form.is_valid():
        role = form.cleaned_data["role"]
        attempt(
            request,
            lambda: member_services.change_role(member_id, role, by=request.membership),
            done=f"{member.user} is now {role}.",
        )
    return redirect("accounts:members")


@login_required
@require_http_methods(["GET", "POST"])
@role_required("members.manage")
def remove_member(request: OrgRequest, member_id: UUID) -> HttpResponse:
    """Ask what goes with a member, then take them out."""
    member = _member(member_id)
    form = GoingForm(request.POST if request.method == "POST" else None)
    if request.method == "GET" or not form.is_valid():
        return _going_page(request, member, form)
    attempt(
        request,
        lambda: member_services.remove_member(
            member_id,
            by=request.membership,
            is_revoking_keys=form.cleaned_data["revoke_keys"],
        ),
        done=f"{member.user} is no longer a member.",
    )
    return redirect("accounts:members")


@login_required
@require_http_methods(["GET", "POST"])
@role_required("members.leave")
def leave(request: OrgRequest) -> HttpResponse:
    """Ask, then leave: the dashboard is another organization's, or offers a new one."""
    form = GoingForm(request.POST if request.method == "POST" else None)
    if request.method == "GET" or not form.is_valid():
        return _going_page(request, _member(request.membership.id), form)
    is_gone = attempt(
        request,
        lambda: member_services.leave(
            request.membership, is_revoking_keys=form.cleaned_data["revoke_keys"]
        ),
        done=f"You left {request.org.name}.",
    )
    if not is_gone:
        return redirect("accounts:organization")
    request.session.pop(ORG_IN_SESSION, None)
    request.session.cycle_key()
    return redirect("web:dashboard")


@login_required
@require_http_methods(["GET", "POST"])
@role_required("organization.manage")
def transfer(request: OrgRequest, member_id: UUID) -> HttpResponse:
    """Ask, then make a member owner in one's own place."""
    member = _member(member_id)
    if request.method == "GET":
        return render(request, "accounts/transfer.html", {"member": member})
    attempt(
        request,
        lambda: member_services.transfer_ownership(member_id, by=request.membership),
        done=f"{member.user} is now owner, and you are an admin.",
    )
    return redirect("accounts:members")


def attempt(request: HttpRequest, act: Callable[[], object], *, done: str) -> bool:
    """Do it and say so; what the rules refuse is said as well, on the next page."""
    try:
        act()
    except (NotFoundError, PermissionDeniedError):
        raise
    except AppError as refusal:
        messages.error(request, refusal.message)
        return False
    messages.success(request, done)
    return True


def _member(member_id: UUID) -> Membership:
    return get_object_or_404(Membership.objects.select_related("user"), id=member_id)


def _going_page(
    request: OrgRequest, member: Membership, form: GoingForm
) -> HttpResponse:
    made = APIKey.objects.filter(created_by=member.user, revoked_at=None)
    context: dict[str, Any] = {
        "member": member,
        "is_me": member.id == request.membership.id,
        "keys_count": made.count(),
        "form": form,
    }
    return render(request, "accounts/going.html", context)

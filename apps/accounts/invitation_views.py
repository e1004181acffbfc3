"""Pages of invitations: sending, sending again and revoking one, and the link's own.

`accounts/invitation.html` takes `found` (FoundInvitation or None), `is_mine` (the
invited address belongs to whoever is signed in) and `is_member`.
"""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts import invitation_services
from apps.accounts.http import OrgRequest
from apps.accounts.models import User
from apps.accounts.organization_forms import InviteForm
from apps.accounts.organization_views import attempt, choose, members_page
from apps.accounts.queries import memberships_of
from apps.accounts.roles import role_required
from apps.kit.errors import AppError, NotFoundError, QuotaExceededError


@login_required
@require_POST
@role_required("invitations.manage")
def invite(request: OrgRequest) -> HttpResponse:
    """Send an invitation, or show the form again with what is wrong."""
    form = InviteForm(request.POST)
    if form.is_valid():
        email, role = form.cleaned_data["email"], form.cleaned_data["role"]
        try:
            invitation_services.invite(email, role, by=request.user)
        except AppError as refusal:
            form.add_error(refusal.param, refusal.message)
        else:
            messages.success(request, f"{email} is invited.")
            return redirect("accounts:members")
    return members_page(request, form, status=422)


@login_required
@require_POST
@role_required("invitations.manage")
def resend(request: OrgRequest, invitation_id: UUID) -> HttpResponse:
    """Send a new link; the one before stops working."""
    attempt(
        request,
        lambda: invitation_services.resend_invitation(invitation_id, by=request.user),
        done="A new link is on its way; the one before no longer works.",
    )
    return redirect("accounts:members")


@login_required
@require_POST
@role_required("invitations.manage")
def revoke(request: OrgRequest, invitation_id: UUID) -> HttpResponse:
    """Make an invitation's link useless."""
    attempt(
        request,
        lambda: invitation_services.revoke_invitation(invitation_id),
        done="The invitation is revoked: its link no longer works.",
    )
    return redirect("accounts:members")


@require_http_methods(["GET", "POST"])
@never_cache
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """What a link offers, to whom, and the button that accepts it."""
    if request.method == "POST" and isinstance(request.user, User):
        return _accept(request, token, request.user)
    return _page(request, token)


def _accept(request: HttpRequest, token: str, user: User) -> HttpResponse:
    try:
        org_id = invitation_services.accept(token, user=user)
    except NotFoundError:
        return _page(request, token)
    except QuotaExceededError:
        messages.error(
            request, "Every place is taken by now: ask for one, then open this again."
        )
        return redirect(request.path)
    choose(request, org_id)
    messages.success(request, "Welcome.")
    return redirect("web:dashboard")


def _page(request: HttpRequest, token: str) -> HttpResponse:
    found = invitation_services.look_up(token)
    context: dict[str, Any] = {"found": found, "is_mine": False, "is_member": False}
    if found and isinstance(request.user, User):
        context["is_mine"] = invitation_services.is_for(found, request.user)
        joined = {one.org_id for one in memberships_of(request.user)}
        context["is_member"] = found.org_id in joined
    is_usable = found is not None and found.is_open
    status = 200 if is_usable or context["is_member"] else 404
    return render(request, "accounts/invitation.html", context, status=status)

"""Pages of API keys, the organization switch, and mail in development.

`accounts/keys.html` takes `keys` (APIKey rows), `form` (NewKeyForm), `token` (a key
just made, shown this once, or empty), `can_manage` and `now`; its partial `panel` is
what HTMX swaps. `accounts/dev_mail.html` takes `messages_sent` (KeptMessage values).
"""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
)

from apps.accounts import services
from apps.accounts.callers import ORG_IN_SESSION
from apps.accounts.forms import NewKeyForm
from apps.accounts.http import OrgRequest
from apps.accounts.mail import kept_messages
from apps.accounts.queries import list_keys, memberships_of
from apps.accounts.roles import may, role_required
from apps.kit.clock import utc_now


@login_required
@require_http_methods(["GET", "POST"])
@never_cache
def keys(request: OrgRequest) -> HttpResponseBase:
    """List the organization's keys, or make one."""
    return _create(request) if request.method == "POST" else _list(request)


@role_required("keys.read")
def _list(request: OrgRequest) -> HttpResponse:
    return _keys_page(request, form=NewKeyForm())


@role_required("keys.manage")
def _create(request: OrgRequest) -> HttpResponse:
    form = NewKeyForm(request.POST)
    if not form.is_valid():
        return _keys_page(request, form=form, status=422)
    _, token = services.create_key(form.wanted(), by=request.user)
    return _keys_page(request, form=NewKeyForm(), token=token)


@login_required
@require_POST
@role_required("keys.manage")
def revoke_key(request: OrgRequest, key_id: UUID) -> HttpResponse:
    """Revoke a key and show the list without it among the live ones."""
    services.revoke_key(key_id)
    if request.headers.get("HX-Request"):
        return _keys_page(request, form=NewKeyForm())
    return redirect("accounts:keys")


def _keys_page(
    request: OrgRequest, *, form: NewKeyForm, token: str = "", status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {
        "keys": list(list_keys()),
        "form": form,
        "token": token,
        "can_manage": may(request.membership.role, "keys.manage"),
        "now": utc_now(),
    }
    name = "accounts/keys.html"
    if request.headers.get("HX-Request"):
        name += "#panel"
    return render(request, name, context, status=status)


@login_required
@require_POST
def choose_organization(request: OrgRequest) -> HttpResponse:
    """Work for another of one's organizations from now on."""
    wanted = request.POST.get("org", "")
    if wanted not in {str(m.org_id) for m in memberships_of(request.user)}:
        raise Http404
    request.session[ORG_IN_SESSION] = wanted
    return redirect(settings.LOGIN_REDIRECT_URL)


@require_GET
def dev_mail(request: HttpRequest) -> HttpResponse:
    """What a development installation sent, since it has no mail server."""
    if not settings.DEBUG:
        raise Http404
    context = {"messages_sent": kept_messages()}
    return render(request, "accounts/dev_mail.html", context)

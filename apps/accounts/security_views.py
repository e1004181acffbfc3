"""A person's own pages: profile and security, and the proof before accounts are linked.

`accounts/security.html` takes `form` (ProfileForm), `ways` (WayIn values, the one that
opened the account first), `services` (those elsewhere), and what stands in `_ways_of`.
`accounts/link.html` takes `waiting` (Pending), `ways` and `next`.
"""

from typing import Any

from allauth.account.utils import get_next_redirect_url
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from apps.accounts import linking
from apps.accounts.http import OrgRequest
from apps.accounts.models import User
from apps.accounts.sign_in_forms import ProfileForm


@login_required
@require_http_methods(["GET", "POST"])
def security(request: OrgRequest) -> HttpResponse:
    """Show what opens one's account, and take another name."""
    user = request.user
    is_post = request.method == "POST"
    form = ProfileForm(request.POST if is_post else None, initial={"name": user.name})
    if is_post and form.is_valid():
        user.name = form.cleaned_data["name"]
        user.save(update_fields=["name"])
        messages.success(request, "Your name is saved.")
        return redirect("accounts:security")
    context = {"form": form, **_ways_of(user)}
    status = 422 if form.errors else 200
    return render(request, "accounts/security.html", context, status=status)


def _ways_of(user: User) -> dict[str, Any]:
    factors = Authenticator.objects.filter(user=user).order_by("created_at")
    kinds = [factor.type for factor in factors]
    ways = linking.ways_in(user)
    return {
        "ways": ways,
        "services": [way for way in ways if not way.is_password],
        "session_count": UserSession.objects.filter(user=user).count(),
        "passkey_count": kinds.count(Authenticator.Type.WEBAUTHN),
        "has_app": Authenticator.Type.TOTP in kinds,
        "has_codes": Authenticator.Type.RECOVERY_CODES in kinds,
    }


@never_cache
@require_GET
def link(request: HttpRequest) -> HttpResponse:
    """Ask who comes from elsewhere to sign in the way they used to, once."""
    waiting = linking.pending(request)
    if waiting is None:
        return redirect("account_login")
    context = {
        "waiting": waiting,
        "ways": linking.ways_in(waiting.user),
        "next": get_next_redirect_url(request) or "",
    }
    return render(request, "accounts/link.html", context)

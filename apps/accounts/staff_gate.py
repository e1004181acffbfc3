"""Who may enter the admin: staff whose session has proven a second factor."""

import time
from typing import Any, Final
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from allauth.mfa.utils import is_mfa_enabled
from django.contrib import messages
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse

from apps.accounts.models import User
from apps.kit.errors import PermissionDeniedError

# A second factor counts for a working day; after that it is asked for again.
GOOD_FOR_S: Final = 12 * 3600


def may_enter(request: HttpRequest) -> bool:
    user = request.user
    return isinstance(user, User) and user.is_staff and has_proven_factor(request)


def has_proven_factor(request: HttpRequest) -> bool:
    """Whether a second factor was used in this very session, not long ago."""
    if not is_mfa_enabled(request.user):
        return False
    records: list[dict[str, Any]] = get_authentication_records(request, request.user)
    proven = [record["at"] for record in records if record.get("method") == "mfa"]
    return bool(proven) and time.time() - max(proven) < GOOD_FOR_S


def lead_in(request: HttpRequest, *, to: str) -> HttpResponseRedirect:
    """The next step on the way into the admin; refuses whoever is not staff."""
    user = request.user
    if not isinstance(user, User):
        return _redirect(reverse("account_login"), to)
    if not user.is_staff:
        raise PermissionDeniedError("Only staff of this installation may enter here.")
    if not is_mfa_enabled(user):
        messages.warning(
            request, "The admin needs a second factor: set one up here, then go back."
        )
        return _redirect(reverse("mfa_index"), to)
    if not has_proven_factor(request):
        methods = get_adapter(request).get_reauthentication_methods(user)
        urls = [one["url"] for one in methods if one["id"].startswith("mfa_")]
        return _redirect(urls[0], to)
    return HttpResponseRedirect(to)


def _redirect(url: str, to: str) -> HttpResponseRedirect:
    return HttpResponseRedirect(f"{url}?{urlencode({'next': to})}")

"""Pages of API keys.

`accounts/keys.html` takes `keys` (APIKey rows), `form` (NewKeyForm), `token` (a key
just made, shown this once, or empty), `can_manage` and `now`; its partial `panel` is
what HTMX swaps. `accounts/key.html` takes `key`, `form` (KeyForm), `rotation`
(RotationForm), `token` (the secret of a rotation just made), `can_manage` and `now`.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts import key_services
from apps.accounts.forms import KeyForm, KeySettingsForm, NewKeyForm, RotationForm
from apps.accounts.http import OrgRequest
from apps.accounts.keys import SCOPES
from apps.accounts.queries import get_key, list_keys
from apps.accounts.roles import is_beyond, may, role_required
from apps.kit.clock import utc_now
from apps.kit.errors import PermissionDeniedError, ValidationError


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
    form = _for_role(request, NewKeyForm(request.POST))
    if not form.is_valid():
        return _keys_page(request, form=form, status=422)
    _, token = key_services.create_key(form.wanted(), by=request.user)
    return _keys_page(request, form=NewKeyForm(), token=token)


@login_required
@require_POST
@role_required("keys.manage")
def revoke_key(request: OrgRequest, key_id: UUID) -> HttpResponse:
    """Revoke a key and show the list without it among the live ones."""
    key_services.revoke_key(key_id)
    if request.headers.get("HX-Request"):
        return _keys_page(request, form=NewKeyForm())
    return redirect("accounts:keys")


@login_required
@require_http_methods(["GET", "POST"])
@never_cache
def key(request: OrgRequest, key_id: UUID) -> HttpResponseBase:
    """Show one key, or change it."""
    if request.method == "POST":
        return _change(request, key_id)
    return _show(request, key_id)


@role_required("keys.read")
def _show(request: OrgRequest, key_id: UUID) -> HttpResponse:
    return _key_page(request, key_id)


@role_required("keys.manage")
def _change(request: OrgRequest, key_id: UUID) -> HttpResponse:
    refuse_beyond_role(request, get_key(key_id).scopes)
    form = _for_role(request, KeyForm(request.POST))
    if not form.is_valid():
        return _key_page(request, key_id, form=form, status=422)
    try:
        changed = key_services.change_key(key_id, form.cleaned_data)
    except ValidationError as problem:
        form.add_error(None, problem.message)
        return _key_page(request, key_id, form=form, status=422)
    messages.success(request, f"{changed.name} is saved and in force.")
    return redirect("accounts:key", key_id=key_id)


@login_required
@require_POST
@never_cache
@role_required("keys.manage")
def rotate_key(request: OrgRequest, key_id: UUID) -> HttpResponse:
    """Give a key a new secret, and show that once."""
    refuse_beyond_role(request, get_key(key_id).scopes)
    rotation = RotationForm(request.POST)
    if not rotation.is_valid():
        return _key_page(request, key_id, rotation=rotation, status=422)
    try:
        _, token = key_services.rotate_key(key_id, overlap=rotation.overlap())
    except ValidationError as problem:
        rotation.add_error(None, problem.message)
        return _key_page(request, key_id, rotation=rotation, status=422)
    return _key_page(request, key_id, token=token)


def refuse_beyond_role(request: HttpRequest, scopes: Iterable[str]) -> None:
    """Raise when a key with these scopes may do more than who is asking."""
    membership: Any = getattr(request, "membership", None)
    if is_beyond(membership and membership.role, scopes):
        raise PermissionDeniedError("Your role may not give a key these scopes.")


def _for_role[F: KeySettingsForm](request: OrgRequest, form: F) -> F:
    """The form with the scopes that the role may give."""
    role = request.membership.role
    given = [(one, text) for one, text in SCOPES.items() if not is_beyond(role, [one])]
    form.fields["scopes"].choices = given  # type: ignore[attr-defined]  # a ChoiceField
    return form


def _keys_page(
    request: OrgRequest, *, form: NewKeyForm, token: str = "", status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {
        "keys": list(list_keys()),
        "form": _for_role(request, form),
        "token": token,
        "can_manage": may(request.membership.role, "keys.manage"),
        "now": utc_now(),
    }
    name = "accounts/keys.html"
    if request.headers.get("HX-Request"):
        name += "#panel"
    return render(request, name, context, status=status)


def _key_page(
    request: OrgRequest,
    key_id: UUID,
    *,
    form: KeyForm | None = None,
    rotation: RotationForm | None = None,
    token: str = "",
    status: int = 200,
) -> HttpResponse:
    found = get_key(key_id)
    now = utc_now()
    is_over = found.revoked_at or (found.expires_at and found.expires_at <= now)
    role = request.membership.role
    can_manage = may(role, "keys.manage") and not is_beyond(role, found.scopes)
    context = {
        "key": found,
        "form": _for_role(request, form or KeyForm.of(found)),
        "rotation": rotation or RotationForm(),
        "token": token,
        "can_manage": can_manage,
        "is_live": not is_over,
        "now": now,
    }
    return render(request, "accounts/key.html", context, status=status)

"""The page of provider keys.

`vault/keys.html` takes `groups` (ProviderGroup values), `form` (NewKeyForm), `orders`
(choices), `can_manage`, `has_providers`, `tested` (the id of a key just tried) and
`broken` (the ReplaceForm that came back, by `broken_id`); its partial `panel` is what
HTMX swaps.
"""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.http import OrgRequest
from apps.accounts.roles import may, role_required
from apps.kit.errors import UnprocessableError, ValidationError
from apps.vault import queries, services
from apps.vault.forms import ChangeForm, NewKeyForm, OrderForm, ReplaceForm
from apps.vault.models import ProviderPreference


@sensitive_post_parameters("key")
@login_required
@require_http_methods(["GET", "POST"])
@never_cache
def keys(request: OrgRequest) -> HttpResponseBase:
    """List the organization's provider keys, or add one."""
    return _add(request) if request.method == "POST" else _list(request)


@role_required("provider_keys.read")
def _list(request: OrgRequest) -> HttpResponse:
    return _page(request)


@role_required("provider_keys.manage")
def _add(request: OrgRequest) -> HttpResponse:
    form = NewKeyForm(request.POST, providers=queries.key_providers())
    if not form.is_valid():
        return _page(request, form=form, status=422)
    try:
        services.add_key(form.wanted(), by=request.user)
    except UnprocessableError as problem:
        form.add_error("provider", problem.message)
        return _page(request, form=form, status=422)
    return _changed(request)


@sensitive_post_parameters("key")
@login_required
@require_POST
@role_required("provider_keys.manage")
def replace(request: OrgRequest, key_id: UUID) -> HttpResponse:
    """Put another secret in a key's place."""
    form = ReplaceForm(request.POST)
    if not form.is_valid():
        return _page(request, broken=form, broken_id=key_id, status=422)
    services.replace_key(key_id, form.cleaned_data["key"])
    return _changed(request)


@login_required
@require_POST
@role_required("provider_keys.manage")
def change(request: OrgRequest, key_id: UUID) -> HttpResponse:
    """Switch a key on or off, or move it one place."""
    action = _cleaned(ChangeForm(request.POST))["action"]
    if action in {"enable", "disable"}:
        services.change_key(key_id, is_enabled=action == "enable")
    else:
        services.shift_key(key_id, by=-1 if action == "up" else 1)
    return _changed(request)


@login_required
@require_POST
@role_required("provider_keys.manage")
def test(request: OrgRequest, key_id: UUID) -> HttpResponse:
    """Try a key out at its provider and show what it said."""
    services.test_key(key_id)
    return _changed(request, tested=key_id)


@login_required
@require_POST
@role_required("provider_keys.manage")
def delete(request: OrgRequest, key_id: UUID) -> HttpResponse:
    """Forget a key."""
    services.delete_key(key_id)
    return _changed(request)


@login_required
@require_POST
@role_required("provider_keys.manage")
def order(request: OrgRequest) -> HttpResponse:
    """Say whose keys go first at one provider."""
    data = _cleaned(OrderForm(request.POST))
    services.prefer(data["provider"], ProviderPreference.Order(data["order"]))
    return _changed(request)


def _cleaned(form: forms.Form) -> dict[str, Any]:
    """What a form of buttons sends: only a forged one can be wrong."""
    if not form.is_valid():
        raise ValidationError("This form cannot be understood.")
    return form.cleaned_data


def _changed(request: OrgRequest, *, tested: UUID | None = None) -> HttpResponse:
    if request.headers.get("HX-Request"):
        return _page(request, tested=tested)
    return redirect("vault:keys")


def _page(
    request: OrgRequest,
    *,
    form: NewKeyForm | None = None,
    status: int = 200,
    **extra: Any,
) -> HttpResponse:
    providers = queries.key_providers()
    context = {
        "groups": queries.groups(providers),
        "form": form or NewKeyForm(providers=providers),
        "has_providers": bool(providers),
        "orders": ProviderPreference.Order.choices,
        "can_manage": may(request.membership.role, "provider_keys.manage"),
        **extra,
    }
    part = "#panel" if request.headers.get("HX-Request") else ""
    return render(request, f"vault/keys.html{part}", context, status=status)

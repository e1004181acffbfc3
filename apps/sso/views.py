"""Pages of single sign-on: the way in by an address's domain, and the settings.

`sso/settings.html` takes `connection`, `domains` (with the record each one needs),
the forms of both kinds, `kind` (the one that is open) and `addresses` (what the
identity provider must be told). `sso/entry.html` takes `form`, and `org_name` when
an organization asks for its own way in. `sso/leaving.html` takes `url`.
"""

from typing import Any
from uuid import UUID

import requests
from allauth.account.utils import get_next_redirect_url
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.decorators import rate_limit
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.providers.base import AuthProcess
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
)

from apps.accounts import entitlements
from apps.accounts.http import OrgRequest
from apps.accounts.roles import role_required
from apps.kit.errors import PermissionDeniedError, ValidationError
from apps.sso import dns, queries, services
from apps.sso.forms import DomainForm, EntryForm, OIDCForm, SAMLForm
from apps.sso.models import Connection, provider_id_of

UNKNOWN_DOMAIN = "No organization here uses single sign-on for this domain."


@rate_limit(action="login")  # type: ignore[untyped-decorator]  # allauth has no types
@never_cache
@require_http_methods(["GET", "POST"])
def entry(request: HttpRequest) -> HttpResponse:
    """Find the way in by an address's domain, or take the one that was asked for."""
    org_id = _org_asked_for(request)
    form = EntryForm(request.POST or None)
    if request.method == "POST" and org_id is None and form.is_valid():
        org_id = queries.find_entry(form.cleaned_data["email"])
        if org_id is None:
            form.add_error("email", UNKNOWN_DOMAIN)
    if request.method == "POST" and org_id is not None:
        return _leave(request, org_id)
    context = {
        "form": form,
        "asked_org": org_id,
        "org_name": queries.organization_name(org_id) if org_id else "",
        "next": get_next_redirect_url(request) or "",
    }
    return render(request, "sso/entry.html", context)


def _org_asked_for(request: HttpRequest) -> UUID | None:
    text = request.POST.get("org") or request.GET.get("org") or ""
    if not text:
        return None
    org_id = queries.org_id_of(text)
    if org_id is None or queries.find_connection(org_id) is None:
        raise Http404
    return org_id


def _leave(request: HttpRequest, org_id: UUID) -> HttpResponse:
    """Send the browser on by a page of its own.

    A form's answer may not redirect to another site (form-action of our policy), and
    customers' identity providers cannot all stand in the policy.
    """
    provider = get_adapter().get_provider(request, provider=provider_id_of(org_id))
    wanted = get_next_redirect_url(request)
    try:
        answer = provider.redirect(request, AuthProcess.LOGIN, next_url=wanted)
    except ImmediateHttpResponse as stop:
        answer = stop.response
    except (requests.RequestException, OAuth2Error) as problem:
        answer = render_authentication_error(request, provider, exception=problem)
    if answer.status_code != 302:
        return answer  # type: ignore[no-any-return]  # allauth has no types
    return render(request, "sso/leaving.html", {"url": answer.headers["Location"]})


@login_required
@require_GET
@role_required("sso.manage")
def settings_page(request: OrgRequest) -> HttpResponse:
    """Show how the organization signs in."""
    return _page(request)


@login_required
@require_POST
@role_required("sso.manage")
def save(request: OrgRequest, kind: str) -> HttpResponse:
    """Keep a connection, once what it names was read and makes sense."""
    _require_plan(request)
    known = queries.current_connection()
    make = OIDCForm if kind == Connection.Kind.OIDC else SAMLForm
    form = make(request.POST, known=known)
    if not form.is_valid():
        return _page(request, forms={kind: form}, status=422)
    services.save_connection(form.wanted(), by=request.membership)
    messages.success(request, "The connection is saved. Try it in a private window.")
    return redirect("sso:settings")


@login_required
@require_POST
@role_required("sso.manage")
def remove(request: OrgRequest) -> HttpResponse:
    services.remove_connection()
    messages.success(request, "Single sign-on is switched off.")
    return redirect("sso:settings")


@login_required
@require_POST
@role_required("sso.manage")
def enforce(request: OrgRequest) -> HttpResponse:
    """Require single sign-on of the members, or stop requiring it."""
    is_enforced = request.POST.get("enforce") == "on"
    if is_enforced:
        _require_plan(request)
    key = request.session.session_key
    return _told(
        request,
        lambda: services.set_enforced(is_enforced=is_enforced, by_session=key),
    )


@login_required
@require_POST
@role_required("sso.manage")
def add_domain(request: OrgRequest) -> HttpResponse:
    _require_plan(request)
    form = DomainForm(request.POST)
    if not form.is_valid():
        return _page(request, forms={"domain": form}, status=422)
    return _told(request, lambda: services.add_domain(form.cleaned_data["name"]))


@login_required
@require_POST
@role_required("sso.manage")
def verify_domain(request: OrgRequest, domain_id: UUID) -> HttpResponse:
    """Look for the domain's DNS record now."""
    try:
        is_found = services.verify_domain(domain_id)
    except dns.LookUpError:
        messages.error(request, "The name servers did not answer. Try again later.")
    except ValidationError as problem:
        messages.error(request, problem.message)
    else:
        text = "The domain is proven." if is_found else NOT_FOUND
        (messages.success if is_found else messages.error)(request, text)
    return redirect("sso:settings")


NOT_FOUND = "The record is not there yet. New records can take an hour to show."


@login_required
@require_POST
@role_required("sso.manage")
def remove_domain(request: OrgRequest, domain_id: UUID) -> HttpResponse:
    return _told(request, lambda: services.remove_domain(domain_id))


def _told(request: OrgRequest, act: Any) -> HttpResponse:
    """Do it, and say on the page why it cannot be done."""
    try:
        act()
    except ValidationError as problem:
        messages.error(request, problem.message)
    return redirect("sso:settings")


def _require_plan(request: OrgRequest) -> None:
    if not entitlements.allows(request.org.id, queries.FEATURE):
        raise PermissionDeniedError("Your plan has no single sign-on.")


def _page(
    request: OrgRequest, *, forms: dict[str, Form] | None = None, status: int = 200
) -> HttpResponse:
    known = queries.current_connection()
    given = forms or {}
    kind = next(
        (k for k in ("oidc", "saml") if k in given), known.kind if known else "oidc"
    )
    context = {
        "connection": known,
        "domains": [
            (one, f"{services.RECORD}.{one.name}", services.expected_value(one))
            for one in queries.list_domains()
        ],
        "oidc_form": given.get("oidc") or OIDCForm(known=known),
        "saml_form": given.get("saml") or SAMLForm(known=known),
        "domain_form": given.get("domain") or DomainForm(),
        "kind": request.GET.get("kind", kind),
        "is_allowed": entitlements.allows(request.org.id, queries.FEATURE),
        "addresses": _addresses(request),
    }
    return render(request, "sso/settings.html", context, status=status)


def _addresses(request: OrgRequest) -> dict[str, str]:
    """What an identity provider must be told of this organization."""
    org_id = str(request.org.id)
    paths = {
        "callback": reverse("sso_oidc_callback", args=[provider_id_of(request.org.id)]),
        "acs": reverse("saml_acs", args=[org_id]),
        "metadata": reverse("saml_metadata", args=[org_id]),
    }
    return {name: request.build_absolute_uri(path) for name, path in paths.items()}

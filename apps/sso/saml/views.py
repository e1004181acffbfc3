"""What comes back from a SAML identity provider.

It posts from another site, so the session's cookie is not there: allauth keeps the
post aside and goes on in a request of our own. What cannot be an answer at all is
refused before anything is kept.
"""

import base64
import binascii
from typing import Final

from allauth.account.internal.decorators import login_not_required
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.providers.saml import views as allauth_views
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST
from lxml import etree

MOST_BYTES: Final = 256 * 1024


@csrf_exempt
@login_not_required  # type: ignore[untyped-decorator]  # allauth has no types
@never_cache
@require_POST
def acs(request: HttpRequest, organization_slug: str) -> HttpResponse:
    """Take the provider's post, which our own next request looks into."""
    if not is_answer(request.POST.get("SAMLResponse", "")):
        return _refused(request, organization_slug)
    response: HttpResponse = allauth_views.acs(request, organization_slug)
    return response


@login_not_required  # type: ignore[untyped-decorator]  # as above
@never_cache
@require_GET
def finish(request: HttpRequest, organization_slug: str) -> HttpResponse:
    """Finish the sign-in, once: an answer that came before finds no one waiting."""
    try:
        response: HttpResponse = allauth_views.finish_acs(request, organization_slug)
    except (PermissionDenied, ImproperlyConfigured, ValueError):
        return _refused(request, organization_slug)
    return response


@login_not_required  # type: ignore[untyped-decorator]  # as above
def signed_out(request: HttpRequest, organization_slug: str) -> HttpResponse:
    """Who signs out at the provider is asked here; no other site signs anybody out."""
    return redirect("account_logout")


def is_answer(text: str) -> bool:
    """Whether this can be an answer: base64 of XML of a sane size, without a DTD."""
    if not 0 < len(text) <= MOST_BYTES:
        return False
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(base64.b64decode(text), parser)
    except (binascii.Error, ValueError, etree.XMLSyntaxError):
        return False
    return bool(root.getroottree().docinfo.doctype == "")


def _refused(request: HttpRequest, organization_slug: str) -> HttpResponse:
    provider = get_adapter().get_provider(
        request, provider="saml", client_id=organization_slug
    )
    response: HttpResponse = render_authentication_error(request, provider)
    return response

"""The way back from an OpenID Connect provider."""

from allauth.account.internal.decorators import login_not_required
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from apps.sso.oidc.client import OIDCAdapter


@login_not_required  # type: ignore[untyped-decorator]  # allauth has no types
@never_cache
@require_GET
def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Finish a sign-in; an unknown connection is not found."""
    view = OAuth2CallbackView.adapter_view(OIDCAdapter(request, provider_id))
    response: HttpResponse = view(request)
    return response

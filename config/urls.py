"""Every address of the product; the raw ASGI front answers most of `/v1` before."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

from apps.web.views import api_reference

handler400 = "apps.accounts.http.bad_request"
handler403 = "apps.accounts.http.permission_denied"
handler404 = "apps.accounts.http.not_found"
handler500 = "apps.accounts.http.server_error"

urlpatterns = [
    path("", include("apps.web.urls")),
    path("", include("apps.catalog.urls")),
    path("", include("apps.router.urls")),
    path("", include("apps.accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("api/v1/", include("apps.accounts.api_urls")),
    path("v1/", include("apps.router.api_urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs/api/", api_reference, name="api-docs"),
]

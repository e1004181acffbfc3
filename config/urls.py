"""Every address of the product; the raw ASGI front answers most of `/v1` before."""

from django.contrib import admin
from django.contrib.sitemaps.views import sitemap
from django.urls import include, path
from django.views.decorators.http import require_safe
from drf_spectacular.views import SpectacularAPIView

from apps.catalog.sitemaps import SITEMAPS
from apps.web.views import api_reference
from config.static import admin_file

handler400 = "apps.accounts.http.bad_request"
handler403 = "apps.accounts.http.permission_denied"
handler404 = "apps.accounts.http.not_found"
handler500 = "apps.accounts.http.server_error"

urlpatterns = [
    path("admin/static/<path:path>", admin_file),
    path("admin/", admin.site.urls),
    path("", include("apps.web.urls")),
    path("", include("apps.catalog.urls")),
    path("", include("apps.router.urls")),
    path("", include("apps.portfolio.urls")),
    path("", include("apps.opportunities.urls")),
    path("", include("apps.checks.urls")),
    path("", include("apps.savings.urls")),
    path("", include("apps.alerts.urls")),
    path("", include("apps.accounts.urls")),
    path("", include("apps.vault.urls")),
    path("", include("apps.mail.urls")),
    path("", include("apps.privacy.urls")),
    path("", include("apps.sso.urls")),
    path("accounts/", include("allauth.urls")),
    path("api/v1/", include("apps.accounts.api_urls")),
    path("api/v1/", include("apps.router.control_urls")),
    path("api/v1/", include("apps.portfolio.api_urls")),
    path("api/v1/", include("apps.opportunities.api_urls")),
    path("api/v1/", include("apps.checks.api_urls")),
    path("api/v1/", include("apps.savings.api_urls")),
    path("api/v1/", include("apps.alerts.api_urls")),
    path("api/v1/", include("apps.privacy.api_urls")),
    path("api/v1/", include("apps.vault.api_urls")),
    path("api/v1/catalog/", include("apps.catalog.api_urls")),
    path("v1/", include("apps.router.api_urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("sitemap.xml", require_safe(sitemap), {"sitemaps": SITEMAPS}, name="sitemap"),
    path("docs/api/", api_reference, name="api-docs"),
]

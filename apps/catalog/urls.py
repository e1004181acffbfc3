"""Public pages."""

from django.urls import path
from django.views.decorators.http import require_safe

from apps.catalog.views import changes, comparison, deprecations, models, providers

app_name = "catalog"
urlpatterns = [
    path("models/", models.models, name="models"),
    path("models/<path:slug>/", models.model, name="model"),
    path("compare/", comparison.comparison, name="compare"),
    path("changes/", changes.changes, name="changes"),
    path("changes/feed.rss", require_safe(changes.ChangesFeed()), name="changes-rss"),
    path("changes/feed.json", changes.json_feed, name="changes-json"),
    path("deprecations/", deprecations.deprecations, name="deprecations"),
    path("deprecations.ics", deprecations.calendar, name="deprecations-ics"),
    path("providers/", providers.providers, name="providers"),
    path("providers/<slug:name>/", providers.provider, name="provider"),
]

"""The catalog for programs, below `/api/v1/catalog/`."""

from django.urls import path

from apps.catalog.api import ChangesView, ModelsView, OffersView

urlpatterns = [
    path("models", ModelsView.as_view(), name="api-catalog-models"),
    path("offers", OffersView.as_view(), name="api-catalog-offers"),
    path("changes", ChangesView.as_view(), name="api-catalog-changes"),
]

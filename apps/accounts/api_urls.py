"""The control plane of accounts, below `/api/v1/`."""

from django.urls import path

from apps.accounts.api import KeysView, KeyView

urlpatterns = [
    path("keys", KeysView.as_view(), name="api-keys"),
    path("keys/<uuid:key_id>", KeyView.as_view(), name="api-key"),
]

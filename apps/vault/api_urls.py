"""The control plane of the vault, below `/api/v1/`."""

from django.urls import path

from apps.vault import api

urlpatterns = [
    path("provider-keys", api.ProviderKeysView.as_view(), name="api-provider-keys"),
    path(
        "provider-keys/<uuid:key_id>",
        api.ProviderKeyView.as_view(),
        name="api-provider-key",
    ),
    path(
        "provider-keys/<uuid:key_id>/test",
        api.ProviderKeyTestView.as_view(),
        name="api-provider-key-test",
    ),
    path(
        "provider-preferences/<slug:provider>",
        api.ProviderPreferenceView.as_view(),
        name="api-provider-preference",
    ),
]

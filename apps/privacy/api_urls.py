"""Privacy's part of the control plane, below `/api/v1/`."""

from django.urls import path

from apps.privacy.api import DeletionView, ExportsView, ExportView, PrivacyView

urlpatterns = [
    path("privacy", PrivacyView.as_view(), name="api-privacy"),
    path("privacy/exports", ExportsView.as_view(), name="api-exports"),
    path("privacy/exports/<uuid:export_id>", ExportView.as_view(), name="api-export"),
    path("privacy/deletion", DeletionView.as_view(), name="api-deletion"),
]

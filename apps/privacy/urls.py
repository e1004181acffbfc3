"""Addresses of "Data & privacy"."""

from django.urls import path

from apps.privacy import views

app_name = "privacy"
urlpatterns = [
    path("organization/privacy/", views.settings_page, name="settings"),
    path("organization/privacy/exports/", views.exports_panel, name="exports"),
    path("organization/privacy/export/", views.ask_export, name="export"),
    path("exports/<str:token>/", views.download, name="download"),
    path("organization/delete/", views.delete_organization, name="delete-organization"),
    path("organization/delete/undo/", views.undo_deletion, name="undo-deletion"),
    path("account/delete/", views.delete_account, name="delete-account"),
]

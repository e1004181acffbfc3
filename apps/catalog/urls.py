"""Public pages."""

from django.urls import path

from apps.catalog import views

app_name = "catalog"
urlpatterns = [
    path("models/", views.models, name="models"),
    path("models/<path:slug>/", views.model, name="model"),
]

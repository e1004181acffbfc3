"""Pages of the vault."""

from django.urls import path

from apps.vault import views

app_name = "vault"
urlpatterns = [
    path("provider-keys/", views.keys, name="keys"),
    path("provider-keys/order/", views.order, name="order"),
    path("provider-keys/<uuid:key_id>/change/", views.change, name="change"),
    path("provider-keys/<uuid:key_id>/replace/", views.replace, name="replace"),
    path("provider-keys/<uuid:key_id>/test/", views.test, name="test"),
    path("provider-keys/<uuid:key_id>/delete/", views.delete, name="delete"),
]

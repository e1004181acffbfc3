"""Pages of accounts."""

from django.urls import path

from apps.accounts import views

app_name = "accounts"
urlpatterns = [
    path("keys/", views.keys, name="keys"),
    path("keys/<uuid:key_id>/revoke/", views.revoke_key, name="revoke-key"),
    path("organization/choose/", views.choose_organization, name="choose-organization"),
    path("dev/mail/", views.dev_mail, name="dev-mail"),
]

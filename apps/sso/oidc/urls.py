"""Where an identity provider sends people back to; allauth puts it below /accounts/."""

from django.urls import path

from apps.sso.oidc import views

urlpatterns = [
    path(
        "sso/oidc/<str:provider_id>/callback/", views.callback, name="sso_oidc_callback"
    )
]

"""Pages of single sign-on; identity providers send back to below /accounts/."""

from django.urls import path

from apps.sso import views

app_name = "sso"
urlpatterns = [
    path("accounts/sso/", views.entry, name="entry"),
    path("settings/sso/", views.settings_page, name="settings"),
    path("settings/sso/oidc/", views.save, {"kind": "oidc"}, name="save-oidc"),
    path("settings/sso/saml/", views.save, {"kind": "saml"}, name="save-saml"),
    path("settings/sso/remove/", views.remove, name="remove"),
    path("settings/sso/enforce/", views.enforce, name="enforce"),
    path("settings/sso/domains/", views.add_domain, name="add-domain"),
    path(
        "settings/sso/domains/<uuid:domain_id>/verify/",
        views.verify_domain,
        name="verify-domain",
    ),
    path(
        "settings/sso/domains/<uuid:domain_id>/remove/",
        views.remove_domain,
        name="remove-domain",
    ),
]

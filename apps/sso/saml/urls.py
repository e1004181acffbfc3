"""What an identity provider is told of us; allauth puts it below /accounts/.

The names are those that allauth's SAML code looks up. Two of its views are left out:
sign-in starts at our own page, and a single logout only leads to our own.
"""

from allauth.socialaccount.providers.saml import views as allauth_views
from django.urls import path

from apps.sso.saml import views

urlpatterns = [
    path("sso/saml/<str:organization_slug>/acs/", views.acs, name="saml_acs"),
    path(
        "sso/saml/<str:organization_slug>/acs/finish/",
        views.finish,
        name="saml_finish_acs",
    ),
    path(
        "sso/saml/<str:organization_slug>/metadata/",
        allauth_views.metadata,
        name="saml_metadata",
    ),
    path("sso/saml/<str:organization_slug>/sls/", views.signed_out, name="saml_sls"),
]

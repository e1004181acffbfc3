"""An organization's OpenID Connect provider, as allauth knows it."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.socialaccount.providers.openid_connect.provider import (
    OpenIDConnectProvider,
)
from django.http import HttpRequest
from django.urls import reverse

from apps.sso.oidc.client import OIDCAdapter, nonce_of

KEPT = ("sub", "email", "name")


class OIDCProvider(OpenIDConnectProvider):  # type: ignore[misc]  # allauth has no types
    """One organization's; always with PKCE and a nonce."""

    id = "sso_oidc"
    name = "Single sign-on"
    package = "apps.sso.oidc"
    oauth2_adapter_class = OIDCAdapter
    pkce_enabled_default = True
    supports_token_authentication = False

    def get_login_url(self, request: HttpRequest, **kwargs: Any) -> str:
        return reverse("sso:entry")

    def get_callback_url(self) -> str:
        return reverse("sso_oidc_callback", args=[self.app.provider_id])

    def get_pkce_params(self) -> dict[str, str]:
        params: dict[str, str] = super().get_pkce_params()
        return {**params, "nonce": nonce_of(params["code_verifier"])}

    def get_scope_from_request(self, request: HttpRequest) -> list[str]:
        # Nothing in a query adds to what we ask for.
        return list(self.get_scope())

    def get_auth_params_from_request(
        self, request: HttpRequest, action: str
    ) -> dict[str, str]:
        return {}

    def extract_uid(self, data: dict[str, Any]) -> str:
        return str(data["sub"])

    def extract_extra_data(self, data: dict[str, Any]) -> dict[str, Any]:
        return {name: data[name] for name in KEPT if name in data}

    def extract_common_fields(self, data: dict[str, Any]) -> dict[str, Any]:
        return {
            "email": data.get("email"),
            "name": data.get("name"),
            "first_name": data.get("given_name"),
            "last_name": data.get("family_name"),
        }

    def extract_email_addresses(self, data: dict[str, Any]) -> list[EmailAddress]:
        email = data.get("email")
        if not isinstance(email, str) or not email:
            return []
        # Many leave the claim out; the proven domain speaks then. A no is a no.
        is_verified = data.get("email_verified", True) in {True, "true"}
        return [EmailAddress(email=email.lower(), verified=is_verified, primary=True)]

    def serialize(self) -> dict[str, Any]:
        return {"id": self.app.provider_id}

"""An organization's SAML identity provider, as allauth knows it."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.socialaccount.providers.saml.provider import SAMLProvider
from django.http import HttpRequest
from django.urls import reverse

ATTRIBUTES = {
    "uid": ["urn:oasis:names:tc:SAML:attribute:subject-id"],
    "email": [
        "urn:oid:0.9.2342.19200300.100.1.3",
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
        "email",
        "mail",
    ],
    "email_verified": ["http://schemas.auth0.com/email_verified", "email_verified"],
    "first_name": [
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname",
        "urn:oid:2.5.4.42",
        "firstName",
    ],
    "last_name": [
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname",
        "urn:oid:2.5.4.4",
        "lastName",
    ],
}


class OrganizationSAMLProvider(SAMLProvider):  # type: ignore[misc]  # allauth has no types
    """One organization's; the views are allauth's, so the id is too."""

    package = "apps.sso.saml"
    default_attribute_mapping = ATTRIBUTES

    def get_login_url(self, request: HttpRequest, **kwargs: Any) -> str:
        return reverse("sso:entry")

    def extract_extra_data(self, data: Any) -> dict[str, Any]:
        return {"nameid": data.get_nameid()}

    def extract_email_addresses(self, data: Any) -> list[EmailAddress]:
        facts = self._extract(data)
        email = facts.get("email")
        if not email:
            return []
        # As with OpenID Connect: unsaid is vouched for by the proven domain.
        is_verified = facts.get("email_verified", True) is not False
        return [EmailAddress(email=email.lower(), verified=is_verified, primary=True)]

    def _extract(self, data: Any) -> dict[str, Any]:
        facts: dict[str, Any] = super()._extract(data)
        if not facts.get("email") and "@" in (data.get_nameid() or ""):
            facts["email"] = data.get_nameid()
        return facts

    def serialize(self) -> dict[str, Any]:
        return {"id": self.app.provider_id}

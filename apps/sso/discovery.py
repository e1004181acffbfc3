"""Read what an identity provider says of itself, before a connection is kept."""

from dataclasses import dataclass
from typing import Any, Final
from xml.etree.ElementTree import ParseError

import requests
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from django.conf import settings
from django.core.exceptions import ValidationError
from lxml import etree
from onelogin.saml2.errors import OneLogin_Saml2_Error
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser

from apps.kit.addresses import AddressError, refuse_private
from apps.kit.pinned import PinnedSession
from apps.sso.oidc.client import ENDPOINTS, check_configuration

CONFIGURATION: Final = "/.well-known/openid-configuration"


@dataclass(frozen=True)
class SAMLFacts:
    """What a sign-in needs of a SAML identity provider."""

    entity_id: str
    sso_url: str
    certificate: str


def check_issuer(issuer: str) -> None:
    """Fetch the issuer's configuration; ValidationError says what is wrong with it."""
    found = _fetch(issuer.rstrip("/") + CONFIGURATION)
    try:
        configuration = check_configuration(issuer, found.json())
    except (OAuth2Error, requests.RequestException) as problem:
        raise ValidationError(f"{issuer} is no issuer we can use: {problem}") from None
    for name in ENDPOINTS:
        check_url(configuration[name])


def fetch_metadata(url: str) -> bytes:
    """The metadata at a URL; at most 1 MB."""
    return bytes(_fetch(url).content)


def read_metadata(xml: bytes) -> SAMLFacts:
    """What the metadata says; ValidationError for what is no such thing."""
    try:
        found = OneLogin_Saml2_IdPMetadataParser.parse(xml)
    except (OneLogin_Saml2_Error, etree.XMLSyntaxError, ParseError, ValueError):
        raise ValidationError("This is no SAML metadata.") from None
    idp: dict[str, Any] = found.get("idp", {})
    certificate = idp.get("x509cert") or _first(idp.get("x509certMulti", {}))
    sso_url = idp.get("singleSignOnService", {}).get("url", "")
    if not (idp.get("entityId") and sso_url and certificate):
        raise ValidationError(
            "The metadata lacks the entity id, a certificate, or an address for"
            " sign-in by HTTP-Redirect."
        )
    check_url(sso_url)
    return SAMLFacts(idp["entityId"], sso_url, certificate)


def check_url(url: str) -> None:
    """ValidationError for an address that this installation must not be sent to."""
    try:
        refuse_private(url, allow_private=settings.PRIVATE_ADDRESSES_ALLOWED)
    except AddressError as problem:
        raise ValidationError(f"{url}: {problem}") from None


def _fetch(url: str) -> requests.Response:
    session = PinnedSession(allow_private=settings.PRIVATE_ADDRESSES_ALLOWED)
    try:
        with session:
            answer = session.get(url)
            answer.raise_for_status()
    except requests.RequestException as problem:
        raise ValidationError(f"{url} cannot be read: {problem}") from None
    return answer


def _first(certificates: dict[str, list[str]]) -> str:
    return next(iter(certificates.get("signing", [])), "")

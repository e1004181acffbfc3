"""A connection in the shape that allauth takes its providers from."""

from typing import Any

from allauth.socialaccount.models import SocialApp

from apps.sso.models import Connection
from apps.sso.services import client_secret


def as_app(connection: Connection) -> SocialApp:
    """The provider of one organization; never saved, made anew for each request."""
    is_oidc = connection.kind == Connection.Kind.OIDC
    facts = _oidc(connection) if is_oidc else _saml(connection)
    name = f"{connection.org.name}'s single sign-on"
    return SocialApp(provider_id=connection.provider_id, name=name, **facts)


def _oidc(connection: Connection) -> dict[str, Any]:
    return {
        "provider": "sso_oidc",
        "client_id": connection.client_id,
        "secret": client_secret(connection).reveal(),
        "settings": {"server_url": connection.issuer, "issuer": connection.issuer},
    }


def _saml(connection: Connection) -> dict[str, Any]:
    idp = {
        "entity_id": connection.issuer,
        "sso_url": connection.sso_url,
        "x509cert": connection.certificate,
    }
    # A signature is asked for in any case: on the answer or on the assertion.
    advanced = {
        "strict": True,
        "want_name_id": True,
        "reject_idp_initiated_sso": True,
        # It judges our own address, which may be `localhost`.
        "allow_single_label_domains": True,
    }
    return {
        "provider": "saml",
        "client_id": str(connection.org_id),
        "settings": {"idp": idp, "advanced": advanced},
    }

"""What is asked of an OpenID Connect provider, and what of its answers is believed.

allauth does the exchange. Added here: the nonce, the signature also of a token that
came directly, and the checks of OpenID Connect Core 1.0, 3.1.3.7 and 5.3.2, that
allauth leaves to the connection's own security.
"""

import hashlib
import hmac
from typing import Any, Final

import jwt
from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.models import SocialApp, SocialToken
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.views import (
    OpenIDConnectOAuth2Adapter,
)
from django.http import HttpRequest
from django.urls import reverse

from allauth.utils import build_absolute_uri  # isort: skip

# Signed with a key pair. With a shared secret, whoever verifies could also sign.
ALGORITHMS: Final = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"}
)
ENDPOINTS: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")
LONGEST_SUBJECT: Final = 191


def nonce_of(code_verifier: str) -> str:
    """The nonce of a sign-in: it follows from the secret that only this session has."""
    return hashlib.sha256(b"nonce:" + code_verifier.encode()).hexdigest()


def check_configuration(issuer: str, found: Any) -> dict[str, Any]:
    """The provider's own description; raises OAuth2Error for another issuer's."""
    if not isinstance(found, dict) or found.get("issuer") != issuer:
        raise OAuth2Error("The provider's configuration names another issuer.")
    if not all(isinstance(found.get(name), str) for name in ENDPOINTS):
        raise OAuth2Error("The provider's configuration lacks an endpoint.")
    return found


class OIDCAdapter(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]  # allauth has no types
    """The exchange with one organization's provider."""

    code_verifier = ""

    @property
    def openid_config(self) -> dict[str, Any]:
        issuer = self.get_provider().app.settings["issuer"]
        return check_configuration(issuer, super().openid_config)

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        path = reverse("sso_oidc_callback", args=[self.provider_id])
        return str(build_absolute_uri(request, path))

    def get_access_token_data(
        self,
        request: HttpRequest,
        app: Any,
        client: Any,
        pkce_code_verifier: Any = None,
    ) -> Any:
        if not pkce_code_verifier:
            raise OAuth2Error("This sign-in has no code verifier.")
        self.code_verifier = pkce_code_verifier
        return super().get_access_token_data(request, app, client, pkce_code_verifier)

    def complete_login(
        self, request: HttpRequest, app: SocialApp, token: SocialToken, **kwargs: Any
    ) -> Any:
        try:
            claims = self._claims(app, kwargs["response"]["id_token"])
            if "email" not in claims and self.openid_config.get("userinfo_endpoint"):
                claims = self._with_user_info(claims, token.token)
        except (KeyError, TypeError, ValueError, jwt.PyJWTError) as problem:
            raise OAuth2Error(f"The provider's answer is unusable: {problem}") from None
        return self.get_provider().sociallogin_from_response(request, claims)

    def _claims(self, app: SocialApp, id_token: str) -> dict[str, Any]:
        """The token's claims, once all that vouches for them holds."""
        if jwt.get_unverified_header(id_token).get("alg") not in ALGORITHMS:
            raise OAuth2Error("The token is signed in a way that proves nothing.")
        claims: dict[str, Any] = jwtkit.verify_and_decode(
            credential=id_token,
            keys_url=self.openid_config["jwks_uri"],
            issuer=self.openid_config["issuer"],
            audience=app.client_id,
            lookup_kid=jwtkit.lookup_kid_jwk,
        )
        self._check(app, claims)
        return claims

    def _check(self, app: SocialApp, claims: dict[str, Any]) -> None:
        nonce = str(claims.get("nonce", ""))
        if not hmac.compare_digest(nonce, nonce_of(self.code_verifier)):
            raise OAuth2Error("The token belongs to another sign-in.")
        if claims.get("azp", app.client_id) != app.client_id:
            raise OAuth2Error("The token was made for another client.")
        if not 0 < len(str(claims["sub"])) <= LONGEST_SUBJECT:
            raise OAuth2Error("The token names its subject in an unusable way.")

    def _with_user_info(self, claims: dict[str, Any], token: str) -> dict[str, Any]:
        info = self._fetch_user_info(token)
        # Or somebody else's profile could be slipped in beside a good token.
        if info.get("sub") != claims["sub"]:
            raise OAuth2Error("The profile is of somebody else.")
        return {**info, **claims}

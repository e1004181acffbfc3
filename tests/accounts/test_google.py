"""Google's token is taken only when it was made by Google, and for us."""

import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from allauth.socialaccount.providers.google.views import GoogleOAuth2Adapter
from django.test import Client

from apps.accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def google(settings: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The claims of the token that Google hands out."""
    settings.SOCIALACCOUNT_PROVIDERS = {
        "google": {
            "OAUTH_PKCE_ENABLED": True,
            "APPS": [{"client_id": "our-id", "secret": "our-secret", "key": ""}],
        }
    }
    claims: dict[str, Any] = {
        "iss": "https://accounts.google.com",
        "aud": "our-id",
        "sub": "7",
        "exp": int(time.time()) + 300,
        "email": "gina@example.com",
        "email_verified": True,
    }

    def exchange(self: Any, request: Any, app: Any, client: Any, **kwargs: Any) -> Any:
        assert kwargs["pkce_code_verifier"]
        self.did_fetch_access_token = True
        token = jwt.encode(claims, "k" * 32, algorithm="HS256")
        return {"access_token": "token", "id_token": token}

    monkeypatch.setattr(GoogleOAuth2Adapter, "get_access_token_data", exchange)
    return claims


def sign_in(client: Client) -> Any:
    started = client.post("/accounts/google/login/").headers["Location"]
    query = parse_qs(urlsplit(started).query)
    assert query["code_challenge_method"] == ["S256"]
    answer = {"code": "code", "state": query["state"][0]}
    return client.get("/accounts/google/login/callback/", answer)


def test_a_token_of_google_for_us_signs_in(
    google: dict[str, Any], client: Client
) -> None:
    sign_in(client)

    assert User.objects.get().email == "gina@example.com"


@pytest.mark.parametrize(
    "changes",
    [{"aud": "another"}, {"iss": "https://another.example"}, {"exp": 1_700_000_000}],
)
def test_another_token_is_refused(
    google: dict[str, Any], client: Client, changes: dict[str, Any]
) -> None:
    google.update(changes)

    assert sign_in(client).status_code == 401
    assert not User.objects.exists()

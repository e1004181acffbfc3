"""Sign-in through Google and GitHub: only where their keys are set."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.socialaccount.providers.github.views import GitHubOAuth2Adapter
from django.test import Client

from apps.accounts.models import User
from apps.accounts.queries import memberships_of

pytestmark = pytest.mark.django_db
EMAIL = "octo@example.com"


class _GitHub(BaseHTTPRequestHandler):
    """GitHub's three addresses, and what was asked of them."""

    asked: dict[str, str] = {}

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.asked.update({k: v[0] for k, v in parse_qs(body).items()})
        self._answer({"access_token": "token", "token_type": "bearer"})

    def do_GET(self) -> None:
        profile = {"id": 7, "login": "octo", "name": "Octo Cat", "email": None}
        emails = [{"email": EMAIL, "primary": True, "verified": True}]
        self._answer(emails if self.path.endswith("/emails") else profile)

    def _answer(self, body: Any) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def github(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    settings.SOCIALACCOUNT_PROVIDERS = {
        "github": {
            "SCOPE": ["read:user", "user:email"],
            "OAUTH_PKCE_ENABLED": True,
            "APPS": [{"client_id": "our-id", "secret": "our-secret", "key": ""}],
        }
    }
    with HTTPServer(("127.0.0.1", 0), _GitHub) as server:
        base = f"http://127.0.0.1:{server.server_port}"
        for name in ("access_token_url", "profile_url", "emails_url"):
            path = "/user/emails" if name == "emails_url" else f"/{name}"
            monkeypatch.setattr(GitHubOAuth2Adapter, name, base + path)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield _GitHub.asked
        server.shutdown()
        thread.join()


def _sign_in(client: Client) -> Any:
    started = client.post("/accounts/github/login/")
    sent = parse_qs(urlsplit(started.headers["Location"]).query)
    assert sent["code_challenge_method"] == ["S256"]
    answer = {"code": "code", "state": sent["state"][0]}
    return client.get("/accounts/github/login/callback/", answer)


def test_a_new_person_owns_an_organization(
    github: dict[str, str], client: Client
) -> None:
    answer = _sign_in(client)

    assert answer.headers["Location"] == "/dashboard/"
    assert github["code_verifier"]
    user = User.objects.get()
    assert (user.email, user.name) == (EMAIL, "Octo Cat")
    (membership,) = memberships_of(user)
    assert (membership.role, membership.org.name) == (
        "owner",
        "Octo Cat's organization",
    )


def test_the_same_person_comes_back_to_it(
    github: dict[str, str], client: Client
) -> None:
    _sign_in(Client())
    _sign_in(client)

    assert User.objects.count() == 1
    assert "_auth_user_id" in client.session


def test_an_address_with_a_password_is_not_taken_over(
    github: dict[str, str], client: Client
) -> None:
    User.objects.create_user(EMAIL, "correct horse battery staple")
    _sign_in(client)

    assert "_auth_user_id" not in client.session


def test_the_buttons_follow_the_settings(
    github: dict[str, str], client: Client
) -> None:
    page = client.get("/accounts/login/").content.decode()

    assert "/accounts/github/login/" in page
    assert "/accounts/google/login/" not in page


@pytest.mark.parametrize("provider", ["google", "github"])
def test_a_way_that_is_not_configured_is_not_there(
    client: Client, provider: str
) -> None:
    assert (
        f"/accounts/{provider}/" not in client.get("/accounts/login/").content.decode()
    )
    for path in ("login/", "login/callback/"):
        assert client.post(f"/accounts/{provider}/{path}").status_code == 404

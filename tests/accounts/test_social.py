"""Sign-in through Google and GitHub: only where their keys are set, linked by proof."""

from collections.abc import Iterator
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.github.views import GitHubOAuth2Adapter
from django.core.mail import EmailMessage
from django.test import Client

from apps.accounts.models import User
from apps.accounts.queries import memberships_of
from tests.accounts.github import GitHub, running_github
from tests.accounts.test_sign_up import _link
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db
EMAIL = "octo@example.com"
CALLBACK = "/accounts/github/login/callback/"


@pytest.fixture
def github(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHub]:
    settings.PRIVATE_ADDRESSES_ALLOWED = True
    settings.SOCIALACCOUNT_PROVIDERS = {
        "github": {
            "SCOPE": ["read:user", "user:email"],
            "OAUTH_PKCE_ENABLED": True,
            "APPS": [{"client_id": "our-id", "secret": "our-secret", "key": ""}],
        }
    }
    with running_github() as (github, base):
        for name in ("access_token_url", "profile_url", "emails_url"):
            path = "/user/emails" if name == "emails_url" else f"/{name}"
            monkeypatch.setattr(GitHubOAuth2Adapter, name, base + path)
        yield github


def leave(client: Client, **data: str) -> str:
    return str(client.post("/accounts/github/login/", data).headers["Location"])


def sign_in(client: Client, github: GitHub, **data: str) -> Any:
    return client.get(CALLBACK, github.authorize(leave(client, **data)))


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def make_owner(**fields: Any) -> User:
    """Somebody who opened an account with the address before."""
    password = fields.get("password", PASSWORD)
    user = User.objects.create_user(EMAIL, password)
    verified = fields.get("verified", True)
    EmailAddress.objects.create(user=user, email=EMAIL, verified=verified, primary=True)
    return user


def test_a_new_person_owns_an_organization(github: GitHub, client: Client) -> None:
    answer = sign_in(client, github)

    assert answer.headers["Location"] == "/dashboard/"
    user = User.objects.get()
    assert (user.email, user.name) == (EMAIL, "Octo Cat")
    (membership,) = memberships_of(user)
    assert (membership.role, membership.org.name) == (
        "owner",
        "Octo Cat's organization",
    )


def test_the_same_person_comes_back_to_the_page_asked_for(
    github: GitHub, client: Client
) -> None:
    sign_in(Client(), github)
    answer = sign_in(client, github, next="/keys/")

    assert answer.headers["Location"] == "/keys/"
    assert User.objects.count() == 1
    assert is_signed_in(client)


def test_another_site_is_not_come_back_to(github: GitHub, client: Client) -> None:
    answer = sign_in(client, github, next="//evil.example/keys/")

    assert answer.headers["Location"] == "/dashboard/"


@pytest.mark.parametrize("state", [None, "made-up"])
def test_a_missing_or_unknown_state_is_refused(
    github: GitHub, client: Client, state: str | None
) -> None:
    answer = github.authorize(leave(client))
    sent = {"code": answer["code"], **({"state": state} if state else {})}

    assert client.get(CALLBACK, sent).status_code == 401
    assert not User.objects.exists()


def test_a_state_works_once(github: GitHub, client: Client) -> None:
    first = github.authorize(leave(client))
    client.get(CALLBACK, first)
    client.post("/accounts/logout/")
    second = github.authorize(leave(client))

    assert client.get(CALLBACK, {**second, "state": first["state"]}).status_code == 401
    assert not is_signed_in(client)


def test_a_code_works_once(github: GitHub, client: Client) -> None:
    first = github.authorize(leave(client))
    client.get(CALLBACK, first)
    client.post("/accounts/logout/")
    second = github.authorize(leave(client))

    assert client.get(CALLBACK, {**second, "code": first["code"]}).status_code == 401
    assert github.refusals == ["code"]


def test_a_code_of_another_session_fails_its_verifier(
    github: GitHub, client: Client
) -> None:
    stolen, own = github.authorize(leave(Client())), github.authorize(leave(client))

    assert client.get(CALLBACK, {**own, "code": stolen["code"]}).status_code == 401
    assert github.refusals == ["pkce"]
    assert not User.objects.exists()


def test_an_account_of_the_same_address_is_linked_after_its_password(
    github: GitHub, client: Client
) -> None:
    owner = make_owner()
    asked = sign_in(client, github, next="/keys/")
    page = client.get(asked.headers["Location"]).content.decode()
    assert "You opened <b>octo@example.com</b> with a password" in page
    assert not is_signed_in(client)
    assert not SocialAccount.objects.exists()

    answer = client.post(
        "/accounts/login/", {"login": EMAIL, "password": PASSWORD, "next": "/keys/"}
    )

    assert answer.headers["Location"] == "/keys/"
    assert SocialAccount.objects.get().user == owner
    sign_in(other := Client(), github)
    assert is_signed_in(other)


def test_a_session_alone_links_nothing(github: GitHub, client: Client) -> None:
    """Whoever finds an open session must still know the password."""
    owner = make_owner()
    client.force_login(owner)
    github.email = "another@example.com"

    answer = sign_in(client, github, process="connect")

    assert answer.headers["Location"].startswith("/accounts/reauthenticate/")
    assert not SocialAccount.objects.exists()
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert SocialAccount.objects.get().user == owner


def test_a_wrong_password_links_nothing(github: GitHub, client: Client) -> None:
    make_owner()
    sign_in(client, github)
    client.post("/accounts/login/", {"login": EMAIL, "password": "wrong"})

    assert not SocialAccount.objects.exists()


def test_another_persons_password_links_nothing(
    github: GitHub, client: Client, olga: User
) -> None:
    make_owner()
    sign_in(client, github)
    client.post("/accounts/login/", {"login": olga.email, "password": PASSWORD})

    assert is_signed_in(client)
    assert not SocialAccount.objects.exists()


def test_the_page_names_the_service_that_opened_the_account(
    github: GitHub, client: Client
) -> None:
    owner = make_owner(password=None)
    SocialAccount.objects.create(user=owner, provider="google", uid="1")
    asked = sign_in(client, github)

    page = client.get(asked.headers["Location"]).content.decode()

    assert "You opened <b>octo@example.com</b> with Google" in page
    assert "Your password here" not in page


def test_the_page_is_there_only_for_who_came_from_elsewhere(client: Client) -> None:
    assert client.get("/accounts/link/").headers["Location"] == "/accounts/login/"


def test_an_unverified_address_links_nothing_and_tells_nothing(
    github: GitHub, mailoutbox: list[EmailMessage]
) -> None:
    github.is_verified = False
    make_owner()
    taken = sign_in(known := Client(), github)
    github.email = "new@example.com"
    new = sign_in(Client(), github)

    assert taken.status_code == new.status_code
    assert taken.headers["Location"] == new.headers["Location"]
    assert len(mailoutbox) == 2
    assert not is_signed_in(known)
    assert not SocialAccount.objects.filter(user__email=EMAIL).exists()


def test_who_takes_an_address_beforehand_is_thrown_out_by_its_owner(
    github: GitHub, client: Client, mailoutbox: list[EmailMessage]
) -> None:
    github.is_verified = False
    sign_in(Client(), github)
    assert SocialAccount.objects.filter(user__email=EMAIL).exists()

    client.post("/accounts/password/reset/", {"email": EMAIL})
    form = client.get(_link(mailoutbox[-1]), follow=True)
    new = "another fine passphrase"
    client.post(form.redirect_chain[-1][0], {"password1": new, "password2": new})

    assert not SocialAccount.objects.exists()


def test_the_buttons_follow_the_settings(github: GitHub, client: Client) -> None:
    page = client.get("/accounts/login/").content.decode()

    assert "/accounts/github/login/" in page
    assert "/accounts/google/login/" not in page


@pytest.mark.parametrize("provider", ["google", "github"])
def test_a_way_that_is_not_configured_is_not_there(
    client: Client, provider: str
) -> None:
    page = client.get("/accounts/login/").content.decode()

    assert f"/accounts/{provider}/" not in page
    for path in ("login/", "login/callback/"):
        assert client.post(f"/accounts/{provider}/{path}").status_code == 404

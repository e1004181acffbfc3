"""The whole flow of OpenID Connect against a provider on loopback."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.test import Client
from django.urls import reverse

from apps.accounts.models import Membership, Organization, User
from apps.accounts.queries import memberships_of
from apps.sso.models import Connection
from apps.tenancy.scope import scope
from tests.factories import PASSWORD
from tests.sso.oidc_idp import OIDCProvider

pytestmark = pytest.mark.django_db
EMAIL = "nina@acme.test"


def leave(client: Client, email: str = EMAIL, **data: str) -> str:
    """Ask for single sign-on; where the browser is sent."""
    page = client.post("/accounts/sso/", {"email": email, **data})
    assert page.status_code == 200, page.headers
    return str(page.context["url"])


def come_back(client: Client, connection: Connection, answer: dict[str, str]) -> Any:
    return client.get(
        reverse("sso_oidc_callback", args=[connection.provider_id]), answer
    )


def sign_in(
    client: Client, connection: Connection, idp: OIDCProvider, **claims: Any
) -> Any:
    claims = {"email": EMAIL, "email_verified": True, **claims}
    return come_back(client, connection, idp.authorize(leave(client), **claims))


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def nothing_happened(client: Client) -> bool:
    is_in = is_signed_in(client) or User.objects.filter(email=EMAIL).exists()
    return not is_in and not SocialAccount.objects.exists()


def test_a_new_person_becomes_a_member_and_nothing_else(
    client: Client, oidc: Connection, idp: OIDCProvider
) -> None:
    answer = sign_in(client, oidc, idp, name="Nina")

    assert answer.headers["Location"] == "/dashboard/"
    user = User.objects.get(email=EMAIL)
    (membership,) = memberships_of(user)
    assert (user.name, membership.org_id, membership.role) == (
        "Nina",
        oidc.org_id,
        "member",
    )
    assert client.session["org_id"] == str(oidc.org_id)
    assert EmailAddress.objects.get(user=user).verified


def test_an_address_in_capitals_is_the_same_address(
    client: Client, oidc: Connection, idp: OIDCProvider
) -> None:
    sign_in(Client(), oidc, idp, email="Nina@Acme.TEST", name="N" * 300)
    sign_in(client, oidc, idp)

    assert is_signed_in(client)
    assert User.objects.filter(email=EMAIL).count() == 1


def test_the_same_person_comes_back_to_the_page_asked_for(
    client: Client, oidc: Connection, idp: OIDCProvider
) -> None:
    sign_in(Client(), oidc, idp)
    url = leave(client, next="/keys/")
    answer = come_back(client, oidc, idp.authorize(url, email=EMAIL))

    assert answer.headers["Location"] == "/keys/"
    assert User.objects.filter(email=EMAIL).count() == 1


def test_another_site_is_not_come_back_to(
    client: Client, oidc: Connection, idp: OIDCProvider
) -> None:
    url = leave(client, next="https://evil.example/")
    answer = come_back(client, oidc, idp.authorize(url, email=EMAIL))

    assert answer.headers["Location"] == "/dashboard/"


@pytest.mark.parametrize("state", [None, "", "made-up"])
def test_a_missing_or_unknown_state_is_refused(
    client: Client, oidc: Connection, idp: OIDCProvider, state: str | None
) -> None:
    answer = idp.authorize(leave(client), email=EMAIL)
    sent = {"code": answer["code"], **({} if state is None else {"state": state})}

    assert come_back(client, oidc, sent).status_code == 401
    assert nothing_happened(client)
    assert idp.tokens == []


def test_a_state_of_another_session_is_refused(
    client: Client, oidc: Connection, idp: OIDCProvider
) -> None:
    answer = idp.authorize(leave(Client()), email=EMAIL)

    assert come_back(client, oidc, answer).status_code == 401
    assert nothing_happened(client)


def test_a_state_works_once(
    client: Client, oidc: Connection, idp: OIDCProvider
) -> None:
    answer = idp.authorize(leave(client), email=EMAIL)
    come_back(client, oidc, answer)
    client.post("/accounts/logout/")
    again = idp.authorize(leave(client), email=EMAIL)

    refused = come_back(client, oidc, {**again, "state": answer["state"]})

    assert refused.status_code == 401
    assert not is_signed_in(client)


def test_a_code_works_once(client: Client, oidc: Connection, idp: OIDCProvider) -> None:
    answer = idp.authorize(leave(client), email=EMAIL)
    come_back(client, oidc, answer)
    client.post("/accounts/logout/")
    fresh = idp.authorize(leave(client), email=EMAIL)

    refused = come_back(client, oidc, {**fresh, "code": answer["code"]})

    assert refused.status_code == 401
    assert idp.refusals == ["code"]
    assert not is_signed_in(client)


def test_a_code_of_another_session_fails_its_verifier(
    client: Client, oidc: Connection, idp: OIDCProvider
) -> None:
    stolen = idp.authorize(leave(Client()), email=EMAIL)
    own = idp.authorize(leave(client), email=EMAIL)

    refused = come_back(client, oidc, {**own, "code": stolen["code"]})

    assert refused.status_code == 401
    assert idp.refusals == ["pkce"]
    assert nothing_happened(client)


WRONG: dict[str, dict[str, Any]] = {
    "audience": {"aud": "another-client"},
    "issuer": {"iss": "https://another.example"},
    "nonce": {"nonce": "another"},
    "no nonce": {"nonce": None},
    "expired": {"exp": 1_700_000_000},
    "authorized party": {"aud": ["our-client", "other"], "azp": "other"},
    "no subject": {"sub": None},
    "long subject": {"sub": "s" * 300},
}


@pytest.mark.parametrize("claims", WRONG.values(), ids=WRONG.keys())
def test_a_token_that_is_not_for_us_is_refused(
    client: Client, oidc: Connection, idp: OIDCProvider, claims: dict[str, Any]
) -> None:
    idp.claims = claims

    assert sign_in(client, oidc, idp).status_code == 401
    assert len(idp.tokens) == 1
    assert nothing_happened(client)


@pytest.mark.parametrize(
    ("key", "algorithm"), [("another", "ES256"), ("good", "HS256"), ("good", "none")]
)
def test_a_token_with_another_signature_is_refused(
    client: Client, oidc: Connection, idp: OIDCProvider, key: str, algorithm: str
) -> None:
    idp.key, idp.algorithm = key, algorithm

    assert sign_in(client, oidc, idp).status_code == 401
    assert nothing_happened(client)


def test_a_configuration_of_another_issuer_is_refused(
    client: Client, oidc: Connection, idp: OIDCProvider
) -> None:
    idp.configuration = {"issuer": "https://another.example"}

    assert client.post("/accounts/sso/", {"email": EMAIL}).status_code == 401


def test_a_replayed_token_is_refused(
    client: Client, oidc: Connection, idp: OIDCProvider
) -> None:
    idp.claims = {"jti": "once"}
    sign_in(client, oidc, idp)
    client.post("/accounts/logout/")

    assert sign_in(client, oidc, idp).status_code == 401
    assert not is_signed_in(client)


def test_the_profile_of_somebody_else_is_refused(
    client: Client, oidc: Connection, idp: OIDCProvider
) -> None:
    idp.profile = {"sub": "somebody-else", "email": EMAIL}
    answer = idp.authorize(leave(client))

    assert come_back(client, oidc, answer).status_code == 401
    assert nothing_happened(client)


def test_the_profile_completes_a_short_token(
    client: Client, oidc: Connection, idp: OIDCProvider
) -> None:
    idp.profile = {"sub": "subject-1", "email": EMAIL}

    come_back(client, oidc, idp.authorize(leave(client)))

    assert is_signed_in(client)


def test_an_address_the_provider_has_not_verified_is_refused(
    client: Client, oidc: Connection, idp: OIDCProvider
) -> None:
    refused = sign_in(client, oidc, idp, email_verified=False)

    assert refused.status_code == 403
    assert nothing_happened(client)


def test_an_address_of_another_domain_is_refused(
    client: Client, oidc: Connection, idp: OIDCProvider, gil: User
) -> None:
    refused = sign_in(client, oidc, idp, email=gil.email)

    assert refused.status_code == 403
    assert nothing_happened(client)


def test_somebody_who_says_no_at_the_provider_is_told(
    client: Client, oidc: Connection, idp: OIDCProvider
) -> None:
    answer = idp.authorize(leave(client), email=EMAIL)
    refused = {"state": answer["state"], "error": "access_denied"}

    there = come_back(client, oidc, refused).headers["Location"]
    assert there == "/accounts/3rdparty/login/cancelled/"


@pytest.mark.parametrize("name", ["sso-x", "sso-", "google", "unknown"])
def test_an_unknown_connection_is_not_found(client: Client, name: str) -> None:
    assert client.get(f"/accounts/sso/oidc/{name}/callback/").status_code == 404


def test_an_account_of_the_same_address_is_linked_after_its_password_only(
    client: Client, oidc: Connection, idp: OIDCProvider
) -> None:
    user = User.objects.create_user(EMAIL, PASSWORD)
    EmailAddress.objects.create(user=user, email=EMAIL, verified=True, primary=True)

    asked = sign_in(client, oidc, idp)
    assert asked.headers["Location"] == "/accounts/link/"
    assert not is_signed_in(client)
    assert not SocialAccount.objects.exists()
    client.post("/accounts/login/", {"login": EMAIL, "password": PASSWORD})

    assert is_signed_in(client)
    assert SocialAccount.objects.get(user=user).provider == oidc.provider_id
    assert oidc.org_id in {m.org_id for m in memberships_of(user)}


def test_who_was_removed_does_not_come_back_by_it(
    client: Client, oidc: Connection, idp: OIDCProvider, acme: Organization
) -> None:
    sign_in(Client(), oidc, idp)
    with scope(acme.id):
        Membership.objects.filter(user__email=EMAIL).delete()

    assert sign_in(client, oidc, idp).status_code == 403
    assert not is_signed_in(client)


def test_the_secret_is_not_readable_in_the_database(oidc: Connection) -> None:
    assert b"our-client-secret" not in bytes(oidc.sealed_secret)

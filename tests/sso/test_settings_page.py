"""The settings of single sign-on: domains, the connection, who may change them."""

from collections.abc import Callable
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from apps.accounts.models import Organization, User
from apps.audit.models import AuditEntry
from apps.sso import dns
from apps.sso.models import Connection, Domain
from apps.sso.services import client_secret
from apps.tenancy.scope import scope
from tests.sso import saml_idp
from tests.sso.conftest import prove
from tests.sso.oidc_idp import OIDCProvider

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
URL = "/settings/sso/"
RECORDS: dict[str, list[str]] = {}


def recorded(name: str) -> list[str]:
    return RECORDS.get(name, [])


def away(name: str) -> list[str]:
    raise dns.LookUpError("no answer")


@pytest.fixture
def zone(settings: Any) -> dict[str, list[str]]:
    """The DNS that the product sees."""
    settings.TXT_RESOLVER = "tests.sso.test_settings_page.recorded"
    RECORDS.clear()
    return RECORDS


def add(client: Client, org: Organization, name: str = "acme.test") -> Domain:
    client.post(f"{URL}domains/", {"name": name})
    with scope(org.id):
        return Domain.objects.get(name=name.lower())


def check(client: Client, domain: Domain) -> bool:
    client.post(f"{URL}domains/{domain.id}/verify/")
    with scope(domain.org_id):
        return Domain.objects.get(id=domain.id).verified_at is not None


def publish(zone: dict[str, list[str]], domain: Domain) -> None:
    zone[f"_modeloptix-challenge.{domain.name}"] = [
        "something else",
        f"modeloptix-domain-verification={domain.token}",
    ]


def test_a_domain_is_proven_by_its_record(
    sign_in: SignIn, adam: User, acme: Organization, zone: dict[str, list[str]]
) -> None:
    client = sign_in(adam)
    domain = add(client, acme, "ACME.test")
    assert domain.token in client.get(URL).content.decode()
    assert not check(client, domain)

    publish(zone, domain)

    assert check(client, domain)


def test_the_token_of_another_organization_proves_nothing(
    sign_in: SignIn,
    olga: User,
    gil: User,
    acme: Organization,
    globex: Organization,
    zone: dict[str, list[str]],
) -> None:
    theirs = add(sign_in(gil), globex)
    mine = add(sign_in(olga), acme)
    publish(zone, theirs)

    assert not check(sign_in(olga), mine)


def test_a_domain_is_proven_by_one_organization_only(
    sign_in: SignIn,
    olga: User,
    acme: Organization,
    globex: Organization,
    zone: dict[str, list[str]],
) -> None:
    prove(globex, "acme.test")
    client = sign_in(olga)
    domain = add(client, acme)
    publish(zone, domain)

    assert not check(client, domain)
    assert "Another organization has proven" in client.get(URL).content.decode()


def test_name_servers_that_are_away_are_told(
    sign_in: SignIn, olga: User, acme: Organization, settings: Any
) -> None:
    settings.TXT_RESOLVER = "tests.sso.test_settings_page.away"
    client = sign_in(olga)

    assert not check(client, add(client, acme))
    assert "did not answer" in client.get(URL).content.decode()


@pytest.mark.parametrize(
    "name", ["", "x", "acme", "a b.test", "https://acme.test", "-a.test", "a..test"]
)
def test_what_is_no_domain_is_shown_again(
    sign_in: SignIn, olga: User, name: str
) -> None:
    answer = sign_in(olga).post(f"{URL}domains/", {"name": name})

    assert answer.status_code == 422


def test_a_domain_is_claimed_once_and_given_up(
    sign_in: SignIn, olga: User, acme: Organization
) -> None:
    client = sign_in(olga)
    domain = add(client, acme)
    client.post(f"{URL}domains/", {"name": "acme.test"})
    client.post(f"{URL}domains/{domain.id}/remove/")

    with scope(acme.id):
        assert not Domain.objects.exists()


def test_the_last_domain_stays_while_it_is_required(
    sign_in: SignIn,
    olga: User,
    oidc: Connection,
    proven: Domain,
    enforce: Callable[[], None],
) -> None:
    enforce()
    sign_in(olga).post(f"{URL}domains/{proven.id}/remove/")

    with scope(oidc.org_id):
        assert Domain.objects.exists()


def oidc_form(idp: OIDCProvider, **changes: str) -> dict[str, str]:
    return {
        "issuer": idp.issuer,
        "client_id": "our-client",
        "client_secret": "our-client-secret",
        "default_role": "viewer",
        **changes,
    }


def test_an_oidc_connection_is_read_checked_and_kept(
    sign_in: SignIn, olga: User, acme: Organization, idp: OIDCProvider
) -> None:
    answer = sign_in(olga).post(f"{URL}oidc/", oidc_form(idp))

    assert answer.status_code == 302
    with scope(acme.id):
        connection = Connection.objects.get()
        entry = AuditEntry.objects.get(action="sso.saved")
    assert client_secret(connection).reveal() == "our-client-secret"
    assert "our-client-secret" not in str(entry.after)


def test_the_secret_is_kept_when_left_empty_and_never_shown(
    sign_in: SignIn, olga: User, oidc: Connection, idp: OIDCProvider
) -> None:
    client = sign_in(olga)
    client.post(f"{URL}oidc/", oidc_form(idp, client_secret=""))

    with scope(oidc.org_id):
        connection = Connection.objects.get()
    assert client_secret(connection).reveal() == "our-client-secret"
    assert connection.default_role == "viewer"
    assert "our-client-secret" not in client.get(URL).content.decode()


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "http://127.0.0.1:1/"},
        {"issuer": "nonsense"},
        {"issuer": ""},
        {"client_secret": ""},
        {"default_role": "owner"},
    ],
)
def test_a_connection_that_makes_no_sense_is_shown_again(
    sign_in: SignIn,
    olga: User,
    acme: Organization,
    idp: OIDCProvider,
    changes: dict[str, str],
) -> None:
    answer = sign_in(olga).post(f"{URL}oidc/", oidc_form(idp, **changes))

    assert answer.status_code == 422
    with scope(acme.id):
        assert not Connection.objects.exists()


def test_an_issuer_inside_the_network_is_refused(
    sign_in: SignIn, olga: User, idp: OIDCProvider, settings: Any
) -> None:
    settings.PRIVATE_ADDRESSES_ALLOWED = False

    assert sign_in(olga).post(f"{URL}oidc/", oidc_form(idp)).status_code == 422


def test_a_saml_connection_is_read_from_its_metadata(
    sign_in: SignIn,
    olga: User,
    acme: Organization,
    private_allowed: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The name of the test's provider is in no DNS.
    monkeypatch.setattr("apps.sso.discovery.check_url", lambda url: None)
    form = {"metadata": saml_idp.metadata(), "default_role": "member"}

    answer = sign_in(olga).post(f"{URL}saml/", form)

    assert answer.status_code == 302
    with scope(acme.id):
        connection = Connection.objects.get()
    assert connection.issuer == saml_idp.ENTITY_ID
    assert connection.sso_url == saml_idp.SSO_URL
    assert connection.certificate == saml_idp.bare_certificate()


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"metadata": "<x/>"},
        {"metadata": "not xml"},
        {"metadata": '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'},
        {"metadata": "<x/>", "metadata_url": "https://idp.test/metadata"},
        {"metadata_url": "http://127.0.0.1:1/metadata"},
    ],
)
def test_what_is_no_metadata_is_shown_again(
    sign_in: SignIn, olga: User, form: dict[str, str]
) -> None:
    answer = sign_in(olga).post(f"{URL}saml/", {"default_role": "member", **form})

    assert answer.status_code == 422


def test_a_connection_is_removed_with_its_links(
    sign_in: SignIn, olga: User, oidc: Connection, mia: User
) -> None:
    for provider in (oidc.provider_id, "google"):
        SocialAccount.objects.create(user=mia, provider=provider, uid="7")
    sign_in(olga).post(f"{URL}remove/")

    with scope(oidc.org_id):
        assert not Connection.objects.exists()
    assert [one.provider for one in SocialAccount.objects.all()] == ["google"]


def test_it_is_required_and_optional_again(
    sign_in: SignIn, olga: User, oidc: Connection
) -> None:
    client = sign_in(olga)
    client.post(f"{URL}enforce/", {"enforce": "on"})
    assert "before requiring it" in client.get(URL).content.decode()
    with scope(oidc.org_id):
        Connection.objects.update(last_used_at="2026-01-01T00:00Z")
    client.post(f"{URL}enforce/", {"enforce": "on"})
    assert "Stop requiring it" in client.get(URL).content.decode()

    client.post(f"{URL}enforce/")

    with scope(oidc.org_id):
        assert not Connection.objects.get().is_enforced


@pytest.mark.parametrize("kind", ["oidc", "saml"])
def test_the_page_says_what_the_provider_must_be_told(
    sign_in: SignIn, olga: User, acme: Organization, kind: str
) -> None:
    page = sign_in(olga).get(URL, {"kind": kind}).content.decode()

    part = "oidc/sso-" if kind == "oidc" else "saml/"
    assert f"http://testserver/accounts/sso/{part}{acme.id}/" in page


@pytest.mark.parametrize(
    "path", ["", "oidc/", "saml/", "remove/", "enforce/", "domains/"]
)
def test_a_member_may_not(sign_in: SignIn, mia: User, path: str) -> None:
    client = sign_in(mia)
    answer = client.get(URL) if not path else client.post(URL + path)

    assert answer.status_code == 403

"""The way in by the domain of an address, and what it does not tell."""

from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Organization, User
from apps.sso.models import Connection, Domain
from apps.tenancy.scope import scope
from tests.sso.oidc_idp import OIDCProvider

pytestmark = pytest.mark.django_db
URL = "/accounts/sso/"
# Nobody's id, and the same in every process that collects the tests.
NOBODY = "01a1fd93-0000-7000-8000-000000000000"


def test_the_browser_leaves_by_a_page_of_its_own(
    client: Client, oidc: Connection, idp: OIDCProvider
) -> None:
    page = client.post(URL, {"email": "anybody@ACME.test"}).content.decode()

    # A redirect of a form's answer to another site is refused by our own policy.
    assert f'content="0; url={idp.issuer}/authorize?' in page


def test_an_address_with_an_account_and_one_without_look_alike(
    client: Client, oidc: Connection
) -> None:
    User.objects.create_user("known@acme.test", "a fine passphrase")
    pages = [
        client.post(URL, {"email": f"{name}@acme.test"}) for name in ("known", "other")
    ]

    ends = {page.context["url"].partition("?")[0] for page in pages}
    assert len(ends) == 1


def test_an_unknown_domain_is_told(client: Client, oidc: Connection) -> None:
    page = client.post(URL, {"email": "mia@unknown.test"})

    assert "No organization here uses single sign-on" in page.content.decode()


def test_an_unproven_domain_leads_nowhere(client: Client, oidc: Connection) -> None:
    with scope(oidc.org_id):
        Domain.objects.update(verified_at=None)

    page = client.post(URL, {"email": "mia@acme.test"})
    assert "No organization here" in page.content.decode()


def test_an_organization_is_asked_for_by_its_name(
    client: Client, oidc: Connection, acme: Organization
) -> None:
    page = client.get(URL, {"org": str(acme.id), "next": "/keys/"}).content.decode()

    assert "Acme uses single sign-on" in page
    assert 'name="next" value="/keys/"' in page


@pytest.mark.parametrize("org", ["x", NOBODY])
def test_an_unknown_organization_is_not_found(
    client: Client, oidc: Connection, org: str
) -> None:
    assert client.get(URL, {"org": org}).status_code == 404
    assert client.post(URL, {"org": org}).status_code == 404


def test_bad_input_is_shown_again(client: Client) -> None:
    assert client.post(URL, {"email": "nonsense"}).context["form"].errors


def test_a_provider_that_is_away_is_told(
    client: Client, oidc: Connection, idp: OIDCProvider
) -> None:
    idp.configuration = {"token_endpoint": None}

    page = client.post(URL, {"email": "mia@acme.test"})

    assert page.status_code == 401


def test_a_provider_inside_the_network_is_not_asked(
    client: Client, oidc: Connection, idp: OIDCProvider, settings: Any
) -> None:
    settings.PRIVATE_ADDRESSES_ALLOWED = False

    assert client.post(URL, {"email": "mia@acme.test"}).status_code == 401


def test_guessing_domains_is_slowed_down(client: Client, oidc: Connection) -> None:
    answers = [client.post(URL, {"email": f"a@d{n}.test"}) for n in range(35)]

    assert answers[-1].status_code == 429


def test_the_buttons_of_sign_in_show_no_organization(
    client: Client, oidc: Connection
) -> None:
    page = client.get("/accounts/login/").content.decode()

    assert 'href="/accounts/sso/"' in page
    assert "Acme" not in page

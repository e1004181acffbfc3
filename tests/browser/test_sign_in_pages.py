"""The pages of a person's own account and of single sign-on, looked at by a machine."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from apps.accounts.models import Membership, Organization, User
from apps.kit.clock import utc_now
from apps.kit.sealing import Secret
from apps.sso import services
from apps.sso.models import Domain
from apps.tenancy.scope import scope
from tests.browser.conftest import Visit

Axe = Callable[[Page], list[str]]
OVERFLOW = "document.documentElement.scrollWidth - innerWidth"
PRIVATE = [
    "/settings/security/",
    "/accounts/2fa/",
    "/accounts/2fa/webauthn/",
    "/accounts/sessions/",
    "/accounts/3rdparty/",
    "/accounts/email/",
    "/accounts/password/change/",
]


@pytest.mark.parametrize("path", PRIVATE)
def test_a_page_of_ones_own_is_sound(
    visit: Visit, axe: Axe, owner: User, path: str
) -> None:
    visit.sign_in(owner)
    page = visit.open(path)

    expect(page.locator(".tab[aria-current]")).to_have_text("Profile & security")
    assert page.evaluate(OVERFLOW) <= 0
    assert axe(page) == []


@pytest.fixture
def connected(org: Organization, owner: User) -> Organization:
    """Acme with a domain of each kind and a connection."""
    wanted = services.Wanted(
        kind="oidc",
        issuer="https://login.example.com/a-rather-long-tenant-name/v2.0",
        client_id="client",
        client_secret=Secret("secret"),
        default_role="member",
    )
    with scope(org.id):
        Domain.objects.create(name="acme-international.example.com", token="t" * 32)
        Domain.objects.create(name="acme.test", token="t", verified_at=utc_now())
        services.save_connection(wanted, by=Membership.objects.get(user=owner))
    return org


@pytest.mark.parametrize("query", ["", "?kind=saml"])
def test_the_settings_of_single_sign_on_are_sound(
    visit: Visit, axe: Axe, owner: User, connected: Organization, query: str
) -> None:
    visit.sign_in(owner)
    page = visit.open(f"/settings/sso/{query}")

    assert page.evaluate(OVERFLOW) <= 0
    assert axe(page) == []


def test_the_way_in_by_a_domain_is_sound(
    visit: Visit, axe: Axe, connected: Organization
) -> None:
    page = visit.open(f"/accounts/sso/?org={connected.id}")
    assert axe(page) == []

    page = visit.open("/accounts/sso/")
    page.fill("[name=email]", "mia@unknown.test")
    page.get_by_role("button", name="Go on").click()

    expect(page.get_by_text("No organization here uses")).to_be_visible()
    assert page.evaluate(OVERFLOW) <= 0
    assert axe(page) == []

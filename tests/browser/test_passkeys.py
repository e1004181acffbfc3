"""Passkeys with the virtual authenticator of Chromium, and a second factor by hand."""

import time
from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import CDPSession, Page, expect

from apps.accounts.models import User
from tests.browser.conftest import Visit
from tests.factories import PASSWORD

Axe = Callable[[Page], list[str]]
OVERFLOW = "document.documentElement.scrollWidth - innerWidth"


@pytest.fixture
def by_name(visit: Visit) -> Visit:
    """The same server under a name: passkeys belong to names, not to addresses."""
    visit.url = visit.url.replace("127.0.0.1", "localhost")
    return visit


@pytest.fixture
def device(visit: Visit) -> CDPSession:
    """A device with a fingerprint reader, on which every finger fits."""
    session = visit.page.context.new_cdp_session(visit.page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return session


def sign_in(visit: Visit, user: User, path: str) -> Page:
    page = visit.open(f"/accounts/login/?next={path}")
    page.fill("[name=login]", user.email)
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(visit.url + path)
    return page


def confirm(page: Page) -> None:
    page.fill("main [name=password]", PASSWORD)
    page.get_by_role("button", name="Go on", exact=True).click()


def sign_out(visit: Visit) -> None:
    page = visit.open("/accounts/logout/")
    page.locator("main").get_by_role("button", name="Sign out").click()
    page.wait_for_url(visit.url + "/")


def test_a_passkey_is_added_signs_in_and_goes(
    by_name: Visit, device: CDPSession, owner: User, axe: Axe
) -> None:
    page = sign_in(by_name, owner, "/accounts/2fa/webauthn/")
    page.get_by_role("link", name="Add a passkey").click()
    confirm(page)
    expect(page.get_by_label("Sign in with it alone")).to_be_checked()
    assert page.evaluate(OVERFLOW) <= 0
    assert axe(page) == []
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_text("shown this once")).to_be_visible()
    assert page.evaluate(OVERFLOW) <= 0
    assert axe(page) == []

    sign_out(by_name)
    page = by_name.open("/accounts/login/?next=/keys/")
    page.get_by_role("button", name="Go on with a passkey").click()
    page.wait_for_url(f"{by_name.url}/keys/")

    page = by_name.open("/accounts/2fa/webauthn/")
    assert axe(page) == []
    page.get_by_role("link", name="Remove").click()
    page.get_by_role("link", name="Use a security key").click()
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("button", name="Remove it").click()
    expect(page.get_by_text("You have no passkey")).to_be_visible()


def test_a_device_without_a_passkey_is_told(by_name: Visit, device: CDPSession) -> None:
    page = by_name.open("/accounts/login/")

    page.get_by_role("button", name="Go on with a passkey").click()

    expect(page.get_by_text("Your device gave no passkey")).to_be_visible()


def test_an_address_of_numbers_offers_no_passkey(visit: Visit) -> None:
    page = visit.open("/accounts/login/")

    expect(page.get_by_role("button", name="Go on with a passkey")).to_have_count(0)


def test_an_app_is_set_up_and_asked_for(visit: Visit, owner: User, axe: Axe) -> None:
    page = sign_in(visit, owner, "/accounts/2fa/")
    page.get_by_role("link", name="Set it up").click()
    confirm(page)
    assert page.evaluate(OVERFLOW) <= 0
    assert axe(page) == []
    secret = page.locator("[data-copy-source]").inner_text()
    page.fill("[name=code]", code_of(secret))
    page.get_by_role("button", name="Switch it on").click()
    codes = page.locator("[data-copy-source]").inner_text().split()
    assert len(codes) == 10
    assert Authenticator.objects.filter(type="totp").exists()

    sign_out(visit)
    page = visit.open("/accounts/login/?next=/keys/")
    page.fill("[name=login]", owner.email)
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    assert axe(page) == []
    # A recovery code, as the app's own may not have changed since.
    page.fill("[name=code]", codes[0])
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"{visit.url}/keys/")


def code_of(secret: str) -> str:
    # Not in the last moments of a step: the code would be another one on arrival.
    if (left := 30 - time.time() % 30) < 5:
        time.sleep(left)
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))

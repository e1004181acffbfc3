"""Provider keys and staff looking as a member, in a real browser."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from apps.accounts.models import Organization, User
from tests.accounts.staff import add_factor, make_staff, sign_in_with_factor
from tests.browser.conftest import Visit
from tests.vault.conftest import KEY, make_provider, make_provider_key

PANEL = "#provider-keys-panel"


def test_a_key_is_added_tested_and_deleted(
    visit: Visit, owner: User, axe: Callable[[Page], list[str]]
) -> None:
    make_provider("openai", name="OpenAI")
    page = visit.sign_in(owner)
    visit.open("/provider-keys/")
    assert axe(page) == []

    page.click("[data-open=new-provider-key]")
    page.fill("#new-provider-key [name=name]", "Production")
    page.fill("#new-provider-key [name=key]", KEY)
    page.click("#new-provider-key button[type=submit]")
    expect(page.locator(".key-item")).to_contain_text("…cdef")
    assert KEY not in page.content()
    page.click("[aria-label='Test Production']")
    expect(page.locator(".key-item [role=status]")).to_contain_text("not reached")
    assert axe(page) == []

    page.click(".key-item [data-open^=delete]")
    page.fill("dialog[open] [data-must-equal]", "Production")
    page.click("dialog[open] button[type=submit]")
    expect(page.locator(PANEL)).to_contain_text("no key of your own yet")


def test_a_refused_key_comes_back_empty_with_its_error(
    visit: Visit, owner: User
) -> None:
    make_provider("openai", name="OpenAI")
    page = visit.sign_in(owner)
    visit.open("/provider-keys/")

    page.click("[data-open=new-provider-key]")
    page.fill("#new-provider-key [name=name]", "Production")
    page.fill("#new-provider-key [name=key]", "too short")
    page.click("#new-provider-key button[type=submit]")

    expect(page.locator("#new-provider-key .field-error")).to_be_visible()
    expect(page.locator("#new-provider-key .form-errors")).to_be_focused()
    expect(page.locator("#new-provider-key [name=key]")).to_have_value("")


def test_the_order_is_changed_by_keyboard(
    visit: Visit, owner: User, org: Organization
) -> None:
    make_provider("openai", name="OpenAI")
    for name in ("One", "Two"):
        make_provider_key(org, name=name)
    page = visit.sign_in(owner)
    visit.open("/provider-keys/")

    page.focus("[aria-label='Try Two earlier']")
    page.keyboard.press("Enter")

    expect(page.locator(".key-item b").first).to_have_text("Two")


def test_staff_look_as_a_member_under_a_banner(
    visit: Visit, owner: User, axe: Callable[[Page], list[str]]
) -> None:
    stella = make_staff()
    add_factor(stella)
    session = sign_in_with_factor(stella).cookies["sessionid"].value
    visit.page.context.add_cookies(
        [{"name": "sessionid", "value": session, "url": visit.url}]
    )
    page = visit.open("/admin/accounts/membership/")

    page.click(f"text=Look as {owner.email}")
    page.fill("[name=reason]", "Ticket 4711: empty dashboard")
    page.click("text=Look as this member")

    banner = page.locator(".impersonation")
    expect(banner).to_contain_text(f"is looking as {owner.email}")
    assert axe(page) == []
    banner.locator("button").click()
    page.wait_for_url("**/admin/accounts/membership/")

"""Keys in a browser: made, refused, revoked, limited and rotated."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from apps.accounts.models import Organization, User
from tests.browser.conftest import Visit
from tests.factories import make_key

Axe = Callable[[Page], list[str]]


def test_a_new_key_is_shown_once_with_its_command(visit: Visit, owner: User) -> None:
    page = visit.sign_in(owner)
    visit.open("/keys/")

    page.click("[data-open=new-key]")
    page.fill("#new-key [name=name]", "CI pipeline")
    page.click("#new-key button[type=submit]")

    token = page.locator("[data-token]").inner_text()
    assert token.startswith("mx_live_")
    expect(page.locator("pre")).to_contain_text(f"Bearer {token}")
    page.reload()
    expect(page.locator("[data-token]")).to_have_count(0)


def test_a_refused_key_comes_back_with_its_error(visit: Visit, owner: User) -> None:
    page = visit.sign_in(owner)
    visit.open("/keys/")

    page.click("[data-open=new-key]")
    page.fill("#new-key [name=name]", "   ")
    page.click("#new-key button[type=submit]")

    expect(page.locator("#new-key .field-error")).to_be_visible()
    expect(page.locator("#new-key .form-errors")).to_be_focused()


def test_a_key_is_revoked_only_by_its_name(
    visit: Visit, owner: User, org: Organization
) -> None:
    make_key(org, name="CI (old)")
    page = visit.sign_in(owner)
    visit.open("/keys/")
    page.click("tbody [data-open^=revoke]")
    name = page.locator("dialog[open] [data-must-equal]")

    name.fill("CI")
    page.click("dialog[open] button[type=submit]")
    expect(page.locator("dialog[open]")).to_be_visible()
    name.fill("CI (old)")
    page.click("dialog[open] button[type=submit]")

    expect(page.locator("tbody .badge-bad")).to_have_text("revoked")


def test_a_key_is_limited_and_rotated_on_its_page(
    visit: Visit, axe: Axe, owner: User, org: Organization
) -> None:
    _, old = make_key(org, name="Nightly")
    page = visit.sign_in(owner)
    visit.open("/keys/")
    page.click("tbody th a")

    page.fill("[name=allowed_models]", "openai/*, groq/*")
    page.fill("[name=requests_per_minute]", "30")
    page.click("text=Save")
    expect(page.locator("[name=allowed_models]")).to_have_value("openai/*\ngroq/*")
    page.click("main button:text-is('Rotate')")

    new = page.locator("[data-token]").inner_text()
    assert new != old
    expect(page.locator(".page-lede")).to_contain_text(f"…{old[-4:]}, works until")
    assert axe(page) == []


def test_a_key_lives_from_its_making_to_its_end(
    visit: Visit, axe: Axe, owner: User
) -> None:
    page = visit.sign_in(owner)
    visit.open("/keys/")
    assert axe(page) == []

    page.click("[data-open=new-key]")
    page.fill("#new-key [name=name]", "Nightly")
    page.click("#new-key summary")
    page.fill("#new-key [name=tags]", "team:search")
    assert axe(page) == []
    page.click("#new-key button[type=submit]")
    first = page.locator("[data-token]").inner_text()
    page.click("tbody th a")
    expect(page.locator("[data-token]")).to_have_count(0)
    expect(page.locator("[name=tags]")).to_have_value("team:search")
    page.click("main button:text-is('Rotate')")
    assert page.locator("[data-token]").inner_text() != first
    page.click("[data-open^=revoke]")
    page.fill("dialog[open] [data-must-equal]", "Nightly")
    page.click("dialog[open] button[type=submit]")

    expect(page.locator("tbody .badge-bad")).to_have_text("revoked")
    assert axe(page) == []


def test_the_budgets_page_keeps_the_rules(visit: Visit, axe: Axe, owner: User) -> None:
    page = visit.sign_in(owner)
    visit.open("/budgets/")
    assert axe(page) == []

    page.click("[data-open=new-budget]")
    page.fill("#new-budget [name=limit_usd]", "5")
    assert axe(page) == []
    page.click("#new-budget button[type=submit]")

    expect(page.locator(".budget")).to_contain_text("$5.00")
    assert axe(page) == []

"""Aliases in a browser: made, tried, deleted and taken back."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from apps.accounts.models import Organization, User
from apps.router.alias_services import NewAlias, create_alias
from apps.tenancy.scope import scope
from tests.browser.conftest import Visit

Axe = Callable[[Page], list[str]]
NAME = "uc/support-triage"


def test_an_alias_is_made_with_names_found_while_typing(
    visit: Visit, axe: Axe, owner: User
) -> None:
    page = visit.sign_in(owner)
    visit.open("/router/aliases/")
    assert axe(page) == []

    page.click("main a:has-text('Create alias')")
    page.fill("[name=name]", NAME)
    adder = page.get_by_role("combobox", name="Add to: Allowed models")
    adder.fill("modeloptix/echo")
    adder.press("Enter")
    assert axe(page) == []
    page.click("button:text-is('Save alias')")

    expect(page.locator("h1")).to_contain_text(NAME)
    expect(page.locator("[name=models]")).to_have_value("modeloptix/echo")
    assert axe(page) == []
    page.click("button:has-text('Preview on past requests')")
    expect(page.locator("#preview")).to_contain_text("no answered request")


def test_a_deleted_alias_is_taken_back_from_the_toast(
    visit: Visit, axe: Axe, owner: User, org: Organization
) -> None:
    with scope(org.id):
        create_alias(NewAlias(NAME))
    page = visit.sign_in(owner)
    visit.open("/router/aliases/")
    page.click("tbody th a")

    page.click("[data-open=delete-alias]")
    assert axe(page) == []
    page.click("dialog[open] button[type=submit]")
    expect(page.locator(".empty-title")).to_be_visible()
    page.click(".toast button:text-is('Undo')")

    expect(page.locator("tbody th a")).to_have_text(NAME)
    assert axe(page) == []


def test_the_policy_s_page_keeps_the_rules(visit: Visit, axe: Axe, owner: User) -> None:
    page = visit.sign_in(owner)
    visit.open("/router/policy/")
    assert axe(page) == []

    page.check("[name=no_training]")
    page.click("button:text-is('Save policy')")

    expect(page.locator("[name=no_training]")).to_be_checked()
    expect(page.locator(".toast")).to_contain_text("in force")

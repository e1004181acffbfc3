import pytest
from django.db import connections
from playwright.sync_api import Page, expect

from apps.accounts.models import User
from tests.browser.conftest import Visit

OFFERED = "#models option[value='modeloptix/echo']"


@pytest.fixture
def page(visit: Visit, owner: User) -> Page:
    """The playground, once the router has seen the catalog of this test."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT pg_notify('modeloptix_catalog', '')")
    page = visit.sign_in(owner)
    for _ in range(50):
        visit.open("/playground/")
        if page.locator(OFFERED).count():
            return page
        page.wait_for_timeout(100)
    raise AssertionError("The router does not see the catalog.")


def test_an_answer_streams_in_with_its_cost_and_its_reason(page: Page) -> None:
    page.fill("[name=prompt]", "Say hello")
    page.keyboard.press("Control+Enter")

    first = page.locator("[data-column=model]")
    expect(first.locator("[data-part=answer]")).to_contain_text("Say hello")
    expect(first.locator("[data-fact=model]")).to_contain_text("echo")
    expect(first.locator(".row-picked")).to_contain_text("modeloptix/echo")
    expect(first.locator("[data-part=answer]")).to_have_attribute("aria-busy", "false")
    expect(page.locator("[data-column=model_b]")).to_be_hidden()


def test_two_models_answer_side_by_side(page: Page) -> None:
    page.fill("[name=prompt]", "Say hello")
    page.fill("[name=model]", "modeloptix/echo")
    page.fill("[name=model_b]", "nobody/nothing")
    page.click("#send")

    first, second = page.locator("[data-column]").all()
    expect(first.locator("[data-fact=model]")).to_contain_text("modeloptix/echo")
    expect(second.locator("[role=alert]")).to_contain_text("not_found")
    expect(page.locator("#send")).to_be_enabled()


def test_the_outcome_leads_to_the_request(page: Page) -> None:
    page.fill("[name=prompt]", "Say hello")
    page.click("#send")
    page.wait_for_selector("[data-part=outcome]:not([hidden])")

    # The row is shipped within a second of the answer.
    page.wait_for_timeout(1500)
    page.click("[data-part=outcome] a")

    expect(page.locator("h1")).to_contain_text("modeloptix/echo")
    expect(page.locator(".timeline")).to_contain_text("answered")


def test_an_unknown_model_is_refused_in_words(page: Page) -> None:
    page.fill("[name=prompt]", "Hi")
    page.fill("[name=model]", "nobody/nothing")
    page.click("#send")

    first = page.locator("[data-column=model]")
    expect(first.locator("[role=alert]")).to_contain_text("not_found")
    expect(first.locator("[data-part=state]")).to_have_text("No answer")

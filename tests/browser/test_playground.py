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

    expect(page.locator("#answer")).to_contain_text("Say hello")
    expect(page.locator("#outcome [data-fact=model]")).to_contain_text("echo")
    expect(page.locator("#decision .row-picked")).to_contain_text("modeloptix/echo")
    expect(page.locator("#answer")).to_have_attribute("aria-busy", "false")


def test_the_outcome_leads_to_the_request(page: Page) -> None:
    page.fill("[name=prompt]", "Say hello")
    page.click("#send")
    page.wait_for_selector("#outcome:not([hidden])")

    # The row is shipped within a second of the answer.
    page.wait_for_timeout(1500)
    page.click("#outcome a")

    expect(page.locator("h1")).to_contain_text("modeloptix/echo")
    expect(page.locator(".timeline")).to_contain_text("answered")


def test_an_unknown_model_is_refused_in_words(page: Page) -> None:
    page.fill("[name=prompt]", "Hi")
    page.fill("[name=model]", "nobody/nothing")
    page.click("#send")

    expect(page.locator("#answer [role=alert]")).to_contain_text("not_found")
    expect(page.locator("#state")).to_have_text("No answer")

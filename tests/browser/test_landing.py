"""The public side in a browser: sound everywhere, and whole without a script."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Visit
from tests.browser.test_pages import OVERFLOW, Axe
from tests.web.market import make_market

PATHS = [
    "/",
    "/calculator/",
    "/calculator/?calls=1&model=nobody",
    "/calculator/embed/",
    "/pricing/",
]


@pytest.fixture(autouse=True)
def _market(transactional_db: None) -> None:
    make_market()


def test_the_public_side_is_sound(visit: Visit, axe: Axe) -> None:
    for path in PATHS:
        page = visit.open(path)
        assert page.evaluate(OVERFLOW) <= 0, path
        assert axe(page) == [], path

    page.set_viewport_size({"width": 360, "height": 740})
    for path in PATHS:
        visit.open(path)
        assert page.evaluate(OVERFLOW) <= 0, path


def test_the_calculator_answers_while_it_is_filled_in(visit: Visit) -> None:
    page = visit.open("/calculator/")
    today = page.locator(".calc-stats .stat-value").first
    before = today.inner_text()

    page.get_by_label("Calls a month").fill("500000")

    expect(today).not_to_have_text(before)
    expect(page.locator("[data-shows=calc-calls]")).to_have_text("500,000")
    assert "calls=500000" in page.url
    page.get_by_label("Use case").select_option("agent")
    expect(page.get_by_label("Tokens in")).to_have_value("8000")
    page.reload()
    expect(page.get_by_label("Tokens in")).to_have_value("8000")


def test_the_landing_page_calculates_in_place(visit: Visit) -> None:
    page = visit.open("/")
    today = page.locator(".calc-stats .stat-value").first
    before = today.inner_text()

    page.get_by_label("Calls a month").fill("500000")

    expect(today).not_to_have_text(before)
    assert page.url == f"{visit.url}/"


def test_without_a_script_all_of_it_works(
    transactional_db: None, browser: Browser, server: str
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{server}/")
    page.get_by_label("Use case", exact=True).select_option("classifier")
    page.get_by_role("button", name="Calculate").click()

    assert "/calculator/" in page.url
    assert page.get_by_label("Tokens in").input_value() == "500"
    assert page.locator(".calc-stats .stat-value").first.is_visible()
    context.close()

from decimal import Decimal

from playwright.sync_api import expect

from apps.accounts.models import Organization, User
from tests.browser.conftest import Visit
from tests.web.usage import make_usage


def test_the_range_swaps_in_place_and_stays_in_the_address(
    visit: Visit, owner: User, org: Organization
) -> None:
    make_usage(org, cost_usd=Decimal("0.5"), baseline_usd=Decimal(1))
    page = visit.sign_in(owner)

    page.click("#range-30d")

    expect(page.locator("#range-30d")).to_have_attribute("aria-current", "true")
    assert "range=30d" in page.url
    page.go_back()
    expect(page.locator("#range-7d")).to_have_attribute("aria-current", "true")


def test_the_chart_shows_what_the_table_says(
    visit: Visit, owner: User, org: Organization
) -> None:
    make_usage(org, cost_usd=Decimal("0.5"), baseline_usd=Decimal(1))
    page = visit.sign_in(owner)

    # The buttons work from when the chart stands.
    expect(page.locator(".u-over")).to_be_visible()
    page.click("[data-series=cost]")
    expect(page.locator("[data-series=cost]")).to_have_attribute("aria-pressed", "true")
    page.locator(".u-over").hover(position={"x": 40, "y": 40})

    expect(page.locator(".chart-tip")).to_contain_text("cost")
    expect(page.locator("[data-chart] canvas")).to_be_visible()


def test_a_figure_tells_where_it_comes_from(
    visit: Visit, owner: User, org: Organization
) -> None:
    make_usage(org, cost_usd=Decimal("0.5"), baseline_usd=Decimal(1))
    page = visit.sign_in(owner)

    page.locator(".stat-key .provenance summary").click()

    body = page.locator(".stat-key .provenance-body")
    expect(body).to_contain_text("Another model would have written")
    page.keyboard.press("Escape")
    expect(body).to_be_hidden()


def test_the_theme_is_kept(visit: Visit, owner: User, org: Organization) -> None:
    page = visit.open("/")

    page.locator("[data-theme-choice=dark]").click()
    visit.open("/accounts/login/")

    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_the_search_goes_to_a_model(
    visit: Visit, owner: User, org: Organization
) -> None:
    page = visit.sign_in(owner)

    page.keyboard.press("Control+k")
    page.wait_for_selector("#palette-results a")
    page.keyboard.type("echo")
    page.keyboard.press("Enter")  # Before the results for it are there.

    page.wait_for_url("**/models/modeloptix/echo/")

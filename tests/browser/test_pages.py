"""Every page in a browser: no complaint, no overflow, no broken rule of access."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from playwright.sync_api import Page

from apps.accounts.models import Organization, User
from tests.browser.conftest import Visit
from tests.factories import make_key, make_routed_request
from tests.web.usage import make_usage

Axe = Callable[[Page], list[str]]
PUBLIC = ["/", "/models/", "/accounts/login/", "/accounts/signup/", "/no-such-page/"]
PRIVATE = [
    "/dashboard/",
    "/requests/",
    "/playground/",
    "/router/usage/",
    "/router/runs/",
    "/router/runs/run-1/",
    "/router/health/",
    "/router/connect/",
    "/router/reconcile/",
    "/keys/",
    "/budgets/",
    "/alerts/",
    "/alerts/preferences/",
    "/alerts/channels/",
    "/alerts/rules/",
    "/models/modeloptix/echo/",
    "/accounts/email/",
    "/accounts/password/change/",
]
OVERFLOW = "document.documentElement.scrollWidth - innerWidth"


@pytest.mark.parametrize("path", PUBLIC)
def test_a_public_page_is_sound(visit: Visit, axe: Axe, path: str) -> None:
    page = visit.open(path)

    assert page.evaluate(OVERFLOW) <= 0
    assert axe(page) == []


@pytest.mark.parametrize("path", PRIVATE)
def test_a_private_page_is_sound(
    visit: Visit, axe: Axe, owner: User, org: Organization, path: str
) -> None:
    make_key(org, by=owner)
    costs = {"cost_usd": Decimal("0.5"), "baseline_usd": Decimal("0.25")}
    make_usage(org, run_id="run-1", step=1, alias="uc/support", tags="team:a", **costs)
    visit.sign_in(owner)

    page = visit.open(path)
    page.wait_for_timeout(200)

    assert page.evaluate(OVERFLOW) <= 0
    assert axe(page) == []


def test_a_request_is_explained(
    visit: Visit, axe: Axe, owner: User, org: Organization
) -> None:
    row = make_routed_request(org)
    page = visit.sign_in(owner)

    page.goto(f"{visit.url}/requests/")
    page.click("tbody tr a")

    assert str(row.id) in page.url
    assert page.evaluate(OVERFLOW) <= 0
    assert axe(page) == []


def test_the_narrowest_screen_holds_every_page(
    visit: Visit, owner: User, org: Organization
) -> None:
    make_key(org)
    name = "a-rather-long-author-name/and-a-model-name-to-go-with-it"
    make_usage(org, model=name, run_id="run-1", step=1)
    page = visit.sign_in(owner)
    page.set_viewport_size({"width": 360, "height": 740})

    for path in PRIVATE:
        visit.open(path)
        assert page.evaluate(OVERFLOW) <= 0, path

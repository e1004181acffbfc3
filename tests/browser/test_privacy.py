"""Data & privacy in a browser: sound at both widths and in both themes, by keyboard."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page

from apps.accounts.models import Organization, User
from apps.kit.clock import utc_now
from apps.privacy.models import Export, PrivacySettings
from apps.tenancy.scope import scope
from tests.browser.conftest import Visit
from tests.factories import PASSWORD, make_routed_request
from tests.privacy.conftest import keep

Axe = Callable[[Page], list[str]]
OVERFLOW = "document.documentElement.scrollWidth - innerWidth"
PAGES = ("/organization/privacy/", "/account/delete/", "/organization/delete/")


@pytest.fixture
def filled(org: Organization) -> str:
    """Something in every part of the pages; the address of a kept request."""
    row = make_routed_request(org)
    keep(org, "What was asked", request_id=row.id, created_at=row.created_at)
    with scope(org.id):
        Export.objects.create(
            state=Export.State.READY,
            rows_total=12,
            size_bytes=4096,
            expires_at=utc_now() + timedelta(days=7),
        )
        Export.objects.create(state=Export.State.RUNNING, rows_done=5, rows_total=5000)
    return f"/requests/{row.id}/"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_are_sound(
    visit: Visit, axe: Axe, owner: User, filled: str, theme: str
) -> None:
    page = visit.sign_in(owner)
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # one of both
    for path in (*PAGES, filled):
        page.goto(visit.url + path)
        if "reauthenticate" in page.url:
            page.fill("input[type=password]", PASSWORD)
            page.press("input[type=password]", "Enter")
            page.wait_for_url(f"**{path}")
        for width in (1440, 390):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate(OVERFLOW) <= 0, (path, width)
            assert axe(page) == [], (path, width)


def test_storing_is_switched_on_by_keyboard(
    visit: Visit, owner: User, org: Organization
) -> None:
    page = visit.sign_in(owner)
    page.goto(f"{visit.url}/organization/privacy/")
    page.focus("input[name=stores_prompts]")
    page.keyboard.press("Space")
    page.fill("input[name=retention_days]", "9")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=stored for 9 days")

    with scope(org.id):
        row = PrivacySettings.objects.get()
    assert (row.stores_prompts, row.retention_days) == (True, 9)

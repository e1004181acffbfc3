from playwright.sync_api import expect

from apps.accounts.models import User
from tests.browser.conftest import Visit
from tests.factories import PASSWORD


def test_a_person_signs_in_and_out(visit: Visit, owner: User) -> None:
    page = visit.open("/accounts/login/?next=/keys/")

    page.fill("[name=login]", owner.email)
    page.fill("[name=password]", PASSWORD)
    page.click("main button[type=submit]")

    page.wait_for_url("**/keys/")
    page.click("summary[aria-label='Your account']")
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("h1")).to_contain_text("Stop overpaying")


def test_a_wrong_password_is_said_and_focused(visit: Visit, owner: User) -> None:
    page = visit.open("/accounts/login/")

    page.fill("[name=login]", owner.email)
    page.fill("[name=password]", "wrong")
    page.click("main button[type=submit]")

    expect(page.locator(".form-errors")).to_be_focused()
    expect(page.locator("[name=login]")).to_have_value(owner.email)

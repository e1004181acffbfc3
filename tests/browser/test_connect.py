"""A first request, and a bill, as a person sees them come in."""

from playwright.sync_api import FilePayload, expect

from apps.accounts.models import Organization, User
from apps.catalog.models import Provider
from tests.browser.conftest import Visit
from tests.browser.test_pages import OVERFLOW, Axe
from tests.factories import make_key, make_routed_request
from tests.router.invoices import bills


def test_the_connect_page_sees_a_first_request_by_itself(
    visit: Visit, owner: User, org: Organization
) -> None:
    key, _ = make_key(org, name="CI")
    page = visit.sign_in(owner)
    visit.open("/router/connect/")
    page.click("text=LangChain")
    expect(page.locator("#seen")).to_contain_text("Waiting for a first request")

    make_routed_request(org, key_id=key.id, model="first/one")

    expect(page.locator("#seen")).to_contain_text("first/one")


def test_a_bill_is_uploaded_looked_at_and_kept(
    visit: Visit, axe: Axe, owner: User, org: Organization
) -> None:
    Provider.objects.using("owner").get_or_create(
        slug="openai", defaults={"name": "OpenAI"}
    )
    page = visit.sign_in(owner)
    visit.open("/router/reconcile/")
    page.select_option("[name=provider]", "openai")
    content = bills.OPENAI_COSTS.encode()
    file = FilePayload(name="november.csv", mimeType="text/csv", buffer=content)
    page.set_input_files("[name=file]", file)
    page.click("text=Compare >> nth=-1")

    expect(page.locator("h1")).to_contain_text("preview")
    assert page.evaluate(OVERFLOW) <= 0
    assert axe(page) == []
    page.click("text=Keep report")
    expect(page.locator("h1")).not_to_contain_text("preview")

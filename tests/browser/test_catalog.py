"""The catalog's pages in a browser: sound, sorted by a click, compared by ticking."""

from datetime import timedelta
from pathlib import Path

import pytest

from apps.catalog.models import ModelChange, Offer
from apps.catalog.seeding import load_seed
from apps.kit.clock import utc_now
from tests.browser.conftest import Visit
from tests.browser.test_pages import OVERFLOW, Axe
from tests.catalog.seeds import seed_model, seed_offer, write_seed

COMPARE = "/compare/?m=openai/gpt-6-sol&m=z-ai/glm-5.3"


@pytest.fixture
def market(transactional_db: None, tmp_path: Path) -> None:
    """Two models, a price that moved, and one whose end is announced."""
    models = [
        seed_model("openai/gpt-6-sol", context_tokens=900_000, has_vision=True),
        seed_model("z-ai/glm-5.3", context_tokens=200_000, has_tools=True),
    ]
    offers = [
        seed_offer("openai/gpt-6-sol"),
        seed_offer("z-ai/glm-5.3", "zai", input_usd="0.6", output_usd="2.2"),
    ]
    load_seed(write_seed(tmp_path, models, offers))
    last = utc_now().date() + timedelta(days=30)
    Offer.objects.using("jobs").filter(provider__slug="zai").update(sunset_on=last)
    offer = Offer.objects.using("jobs").get(provider__slug="openai")
    ModelChange.objects.using("jobs").create(
        at=utc_now(),
        what="price",
        ai_model_id=offer.ai_model_id,
        offer=offer,
        field="input",
        old="2",
        new="2.5",
        change_share=0.25,
        origin="litellm",
        source="https://example.com/prices",
    )


@pytest.mark.parametrize(
    "path",
    [
        *("/models/", "/models/?capability=vision", "/models/openai/gpt-6-sol/"),
        *("/compare/", COMPARE, "/changes/", "/deprecations/", "/providers/"),
        "/providers/openai/",
    ],
)
def test_a_page_of_the_catalog_is_sound(
    visit: Visit, axe: Axe, market: None, path: str
) -> None:
    page = visit.open(path)

    assert page.evaluate(OVERFLOW) <= 0
    assert axe(page) == []


def test_a_click_sorts_and_the_address_keeps_it(visit: Visit, market: None) -> None:
    page = visit.open("/models/")

    page.click("thead a:has-text('Input from')")

    page.wait_for_url("**/models/?sort=input")
    assert page.locator("tbody th a").first.text_content() == "z-ai/glm-5.3"


def test_two_ticked_models_are_compared(visit: Visit, market: None) -> None:
    page = visit.open("/models/")

    page.check("[aria-label='Compare openai/gpt-6-sol']")
    page.check("[aria-label='Compare z-ai/glm-5.3']")
    page.click("text=Compare the ticked")

    page.wait_for_url("**/compare/?*")
    assert page.locator("tr.differs").count() > 0


def test_typing_narrows_the_list_without_a_reload(visit: Visit, market: None) -> None:
    page = visit.open("/models/")

    page.fill("#id_q", "glm")

    page.wait_for_url("**/models/?q=glm*")
    page.wait_for_selector("text=openai/gpt-6-sol", state="detached")
    assert page.locator("tbody tr").count() == 1

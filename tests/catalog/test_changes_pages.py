"""The feed of changes as a page, RSS and JSON; deprecations with their calendar."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.test import Client
from icalendar import Calendar

from apps.catalog.models import AIModel, ModelChange, Offer
from apps.catalog.seeding import load_seed
from apps.kit.clock import utc_now
from tests.catalog.seeds import seed_model, seed_offer, write_seed

pytestmark = pytest.mark.django_db(transaction=True)
AT = datetime(2026, 11, 20, 9, tzinfo=UTC)


@pytest.fixture
def offer(tmp_path: Path) -> Offer:
    models = [seed_model("openai/gpt-6-sol"), seed_model("z-ai/glm-5.3")]
    load_seed(write_seed(tmp_path, models, [seed_offer("openai/gpt-6-sol")]))
    return Offer.objects.using("jobs").select_related("ai_model").get()


def note(offer: Offer, **fields: Any) -> ModelChange:
    plain: dict[str, Any] = {
        "at": AT,
        "what": "price",
        "ai_model": offer.ai_model,
        "offer": offer,
        "field": "input",
        "old": "2.00",
        "new": "2.50",
        "change_share": 0.25,
        "origin": "litellm",
        "source": "https://example.com/prices",
    }
    return ModelChange.objects.using("jobs").create(**plain | fields)


def test_a_price_change_shows_both_prices_share_and_source(
    client: Client, offer: Offer
) -> None:
    note(offer)

    html = client.get("/changes/").content.decode()

    assert "$2.00 / M → $2.50 / M" in html
    assert "+25 %" in html
    assert "https://example.com/prices" in html


def test_the_first_look_and_what_waits_for_an_editor_are_not_news(
    client: Client, offer: Offer
) -> None:
    note(offer, is_first_look=True)
    note(offer, what="price_held")

    assert "Nothing changed yet" in client.get("/changes/").content.decode()


def test_the_feed_is_narrowed_by_topic_and_model(client: Client, offer: Offer) -> None:
    note(offer)
    note(offer, what="model_added", field="", old=None, new=None)

    html = client.get("/changes/", {"topic": "new"}).content.decode()
    other = client.get("/changes/", {"model": "z-ai/glm-5.3"}).content.decode()

    assert "New model" in html
    assert "→" not in html
    assert "Nothing changed yet" in other


@pytest.mark.parametrize(
    "query", [{"topic": "x"}, {"model": "a\0b"}, {"page": "-3"}, {"model": "y" * 999}]
)
def test_bad_input_is_a_page_and_not_an_error(
    client: Client, offer: Offer, query: dict[str, str]
) -> None:
    for path in ("/changes/", "/changes/feed.rss", "/changes/feed.json"):
        assert client.get(path, query).status_code == 200


def test_rss_holds_the_change_with_a_stable_id(client: Client, offer: Offer) -> None:
    change = note(offer)

    root = ET.fromstring(client.get("/changes/feed.rss").content)  # noqa: S314  # our own
    item = root.find("./channel/item")

    assert item is not None
    assert item.findtext("guid") == str(change.pk)
    assert "$2.50 / M" in str(item.findtext("title"))
    assert str(item.findtext("link")).endswith("/models/openai/gpt-6-sol/")


def test_the_json_feed_holds_the_values(client: Client, offer: Offer) -> None:
    change = note(offer)

    body = client.get("/changes/feed.json").json()

    assert body["version"] == "https://jsonfeed.org/version/1.1"
    assert body["items"][0]["id"] == str(change.pk)
    assert body["items"][0]["_modeloptix"]["new"] == "2.50"


def test_an_ending_is_listed_and_reminds_from_the_calendar(
    client: Client, offer: Offer
) -> None:
    last = utc_now().date() + timedelta(days=40)
    Offer.objects.using("jobs").update(sunset_on=last)
    successor = AIModel.objects.using("jobs").get(slug="z-ai/glm-5.3")
    AIModel.objects.using("jobs").filter(pk=offer.ai_model_id).update(
        successor=successor
    )

    html = client.get("/deprecations/").content.decode()
    feed = Calendar.from_ical(client.get("/deprecations.ics").content)
    [event] = feed.walk("VEVENT")

    assert "in 40 days" in html
    assert "z-ai/glm-5.3" in html
    assert event.decoded("dtstart") == last
    assert len(event.walk("VALARM")) == 2
    assert str(event["uid"]) == f"{offer.pk}@modeloptix"


def test_regions_of_one_provider_are_one_line(client: Client, tmp_path: Path) -> None:
    offers = [
        seed_offer("openai/gpt-6-sol", "bedrock", upstream_id="sol", region=region)
        for region in ("eu", "us", "ap")
    ]
    load_seed(write_seed(tmp_path, [seed_model("openai/gpt-6-sol")], offers))
    Offer.objects.using("jobs").update(sunset_on=utc_now().date())

    html = client.get("/deprecations/").content.decode()

    assert "3 offers" in html
    assert html.count("today") == 1


def test_without_endings_the_page_says_so(client: Client, offer: Offer) -> None:
    assert "No end is announced" in client.get("/deprecations/").content.decode()


def test_a_provider_shows_its_policy_and_its_offers(
    client: Client, offer: Offer
) -> None:
    listed = client.get("/providers/").content.decode()
    html = client.get("/providers/openai/").content.decode()

    assert "/providers/openai/" in listed
    assert "Trains on prompts: not assessed" in html
    assert "openai/gpt-6-sol" in html


def test_an_unknown_provider_is_not_found(client: Client, offer: Offer) -> None:
    assert client.get("/providers/nobody/").status_code == 404


def test_the_sitemap_names_every_listed_model(client: Client, offer: Offer) -> None:
    xml = client.get("/sitemap.xml").content.decode()

    assert "/models/openai/gpt-6-sol/</loc>" in xml
    assert "/providers/openai/</loc>" in xml

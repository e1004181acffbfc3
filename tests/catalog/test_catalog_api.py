"""The catalog for programs: public, paged, and strict about what it is asked."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from apps.catalog.seeding import load_seed
from tests.catalog.seeds import seed_model, seed_offer, write_seed

pytestmark = pytest.mark.django_db(transaction=True)
BASE = "/api/v1/catalog"


@pytest.fixture
def market(tmp_path: Path) -> None:
    models = [seed_model(f"openai/gpt-{n}", context_tokens=n * 1000) for n in (6, 7, 8)]
    offers = [seed_offer(m.slug, input_usd=str(i)) for i, m in enumerate(models)]
    load_seed(write_seed(tmp_path, models, offers))


def ask(client: Client, path: str, **query: str) -> dict[str, Any]:
    response = client.get(f"{BASE}/{path}", query)
    assert response.status_code == 200, response.content
    return dict(response.json())


def test_models_carry_their_headline_and_null_for_unknown(
    client: Client, market: None
) -> None:
    body = ask(client, "models", q="gpt-7")

    assert body["total_count"] == 1
    [model] = body["data"]
    assert model["slug"] == "openai/gpt-7"
    assert model["input_usd_from"] == "1.000000000"
    assert model["has_vision"] is None
    assert model["providers"] == ["openai"]


def test_pages_follow_their_next_address_to_the_end(
    client: Client, market: None
) -> None:
    seen, url = [], f"{BASE}/models?limit=2&sort=-name"
    while url:
        body = client.get(url).json()
        seen += [model["slug"] for model in body["data"]]
        url = (body["next"] or "").partition("//")[2].partition("/")[2]
        url = f"/{url}" if url else ""

    assert seen == ["openai/gpt-8", "openai/gpt-7", "openai/gpt-6"]


def test_offers_carry_each_price_with_its_source(client: Client, market: None) -> None:
    [offer] = ask(client, "offers", model="openai/gpt-7")["data"]

    prices = {price["component"]: price["usd"] for price in offer["prices"]}
    assert prices == {"input": "1.000000000", "output": "10.000000000"}
    assert offer["prices"][0]["sourced_on"] == "2026-11-21"
    assert offer["parameters"] is None


def test_changes_are_empty_at_first(client: Client, market: None) -> None:
    assert ask(client, "changes") == {"data": [], "total_count": 0, "next": None}


@pytest.mark.parametrize(
    ("path", "query", "param"),
    [
        ("models", {"limit": "0"}, "limit"),
        ("models", {"limit": "501"}, "limit"),
        ("models", {"offset": "-1"}, "offset"),
        ("models", {"kind": "nonsense"}, "kind"),
        ("models", {"sort": "price"}, "sort"),
        ("models", {"colour": "red"}, "colour"),
        ("offers", {"provider": "not a slug"}, "provider"),
        ("offers", {"model": "a\0b"}, "model"),
        ("changes", {"topic": "gossip"}, "topic"),
        ("changes", {"since": "yesterday"}, "since"),
    ],
)
def test_a_filter_that_is_not_understood_is_refused_by_name(
    client: Client, market: None, path: str, query: dict[str, str], param: str
) -> None:
    response = client.get(f"{BASE}/{path}", query)

    assert response.status_code == 400
    assert response.json()["error"]["param"] == param


def test_nobody_may_write(client: Client, market: None) -> None:
    for path in ("models", "offers", "changes"):
        assert client.post(f"{BASE}/{path}").status_code == 405


def test_the_schema_documents_the_three_lists(client: Client) -> None:
    schema = client.get("/api/schema/?format=json").content.decode()

    for name in ("models", "offers", "changes"):
        assert f"list_catalog_{name}" in schema

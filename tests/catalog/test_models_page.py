"""The public list of models and the page of one: search, filters, provenance."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from apps.catalog.models import Offer
from apps.catalog.seeding import load_seed
from tests.catalog.seeds import seed_model, seed_offer, seed_score, write_seed

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def market(tmp_path: Path) -> None:
    """Three models: two chats with prices, one embedding without."""
    models = [
        seed_model("openai/gpt-6-sol", context_tokens=900_000, has_vision=True),
        seed_model("z-ai/glm-5.3", context_tokens=200_000, has_tools=True),
        seed_model("voyageai/voyage-4", kind="embedding"),
    ]
    offers = [
        seed_offer("openai/gpt-6-sol", input_usd="2"),
        seed_offer(
            "openai/gpt-6-sol",
            "bedrock",
            input_usd="2.2",
            upstream_id="openai.gpt-6-sol",
            region="eu",
        ),
        seed_offer("z-ai/glm-5.3", "zai", input_usd="0.6", output_usd="2.2"),
        seed_offer("voyageai/voyage-4", "nebius", input_usd=None, output_usd=None),
    ]
    scores = [seed_score(), seed_score("z-ai/glm-5.3", score=0.5)]
    load_seed(write_seed(tmp_path, models, offers, scores))


def slugs(html: str) -> list[str]:
    """The models of the list, in its order."""
    known = ("openai/gpt-6-sol", "voyageai/voyage-4", "z-ai/glm-5.3")
    places = {slug: html.find(f"/models/{slug}/") for slug in known}
    return sorted((s for s in known if places[s] >= 0), key=places.__getitem__)


def listed(client: Client, **query: str) -> list[str]:
    response = client.get("/models/", query)
    assert response.status_code == 200
    return slugs(response.content.decode())


def test_anyone_sees_the_models_with_their_lowest_price(
    client: Client, market: None
) -> None:
    html = client.get("/models/").content.decode()

    assert slugs(html) == ["openai/gpt-6-sol", "voyageai/voyage-4", "z-ai/glm-5.3"]
    assert "$2.00 / M" in html
    assert "$2.20 / M" in html  # the output of glm-5.3
    assert "not assessed" in html
    assert "21 Nov 2026" in html


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"q": "GPT sol"}, ["openai/gpt-6-sol"]),
        ({"q": "openai.gpt-6"}, ["openai/gpt-6-sol"]),
        ({"q": "nothing"}, []),
        ({"provider": "zai"}, ["z-ai/glm-5.3"]),
        ({"kind": "embedding"}, ["voyageai/voyage-4"]),
        ({"capability": "vision"}, ["openai/gpt-6-sol"]),
        (
            {"sort": "input"},
            ["z-ai/glm-5.3", "openai/gpt-6-sol", "voyageai/voyage-4"],
        ),
        (
            {"sort": "context"},
            ["openai/gpt-6-sol", "z-ai/glm-5.3", "voyageai/voyage-4"],
        ),
        (
            {"q": "g", "kind": "chat", "sort": "dearest", "provider": "bedrock"},
            ["openai/gpt-6-sol"],
        ),
    ],
)
def test_the_list_is_searched_filtered_and_sorted(
    client: Client, market: None, query: dict[str, str], expected: list[str]
) -> None:
    assert listed(client, **query) == expected


@pytest.mark.parametrize(
    "query",
    [
        {"page": "abc"},
        {"page": "999"},
        {"page": "-1"},
        {"q": "%_\\'"},
        {"q": "a\x00b"},
        {"q": "x" * 5000},
        {"sort": "id; drop table"},
        {"kind": "nonsense"},
        {"provider": "nobody"},
        {"capability": "has_vision__in"},
    ],
)
def test_bad_input_is_a_page_and_not_an_error(
    client: Client, market: None, query: dict[str, str]
) -> None:
    assert client.get("/models/", query).status_code == 200


def test_an_empty_answer_says_so(client: Client, market: None) -> None:
    html = client.get("/models/", {"q": "nothing"}).content.decode()

    assert "No model fits" in html


def test_pages_keep_the_filter_in_the_address(client: Client, tmp_path: Path) -> None:
    models = [seed_model(f"openai/gpt-{n:03}") for n in range(60)]
    load_seed(write_seed(tmp_path, models, [seed_offer(m.slug) for m in models]))

    first = client.get("/models/", {"q": "gpt"}).content.decode()
    second = client.get("/models/", {"q": "gpt", "page": "2"}).content.decode()

    assert "?q=gpt&amp;page=2" in first
    assert "Page 2 of 2" in second
    assert "gpt-059" in second


def test_htmx_gets_the_results_alone(client: Client, market: None) -> None:
    headers = {"HX-Request": "true", "HX-Target": "models"}
    response = client.get("/models/", headers=headers)
    html = response.content.decode()

    assert html.lstrip().startswith("<section")
    assert slugs(html)
    assert "HX-Target" in response["Vary"]


def test_a_model_shows_each_price_with_source_and_date(
    client: Client, market: None
) -> None:
    html = client.get("/models/openai/gpt-6-sol/").content.decode()

    assert "$2.00 / M" in html
    assert "$2.20 / M" in html
    assert "Amazon Bedrock" in html
    assert html.count("https://example.com/pricing") == 2
    assert "21 Nov 2026" in html


def test_results_carry_source_licence_and_the_rest_is_not_assessed(
    client: Client, market: None
) -> None:
    html = client.get("/models/openai/gpt-6-sol/").content.decode()

    assert "Aider Polyglot" in html
    assert "https://aider.chat/docs/leaderboards/" in html
    assert "Apache-2.0" in html
    assert html.count('class="not-assessed">not assessed') >= 6


def test_what_is_out_of_service_is_marked(client: Client, market: None) -> None:
    Offer.objects.using("owner").update(is_available=False)

    html = client.get("/models/openai/gpt-6-sol/").content.decode()

    assert "not routed to" in html


def test_an_unknown_model_is_not_found(client: Client, market: None) -> None:
    assert client.get("/models/openai/gpt-7/").status_code == 404
    assert client.get("/models/a%00b/").status_code == 404


def test_the_pages_only_read(client: Client, market: None) -> None:
    assert client.post("/models/").status_code == 405
    assert client.post("/models/openai/gpt-6-sol/").status_code == 405


@pytest.mark.parametrize("path", ["/models/?q=g&sort=input", "/models/z-ai/glm-5.3/"])
def test_a_page_takes_at_most_six_queries(
    client: Client, market: None, path: str
) -> None:
    with CaptureQueriesContext(connections["default"]) as queries:
        client.get(path)

    assert len(queries) <= 6


def test_members_see_the_same_pages(
    market: None, mia: User, sign_in: Callable[[User], Client]
) -> None:
    assert sign_in(mia).get("/models/").status_code == 200
    assert sign_in(mia).get("/models/z-ai/glm-5.3/").status_code == 200

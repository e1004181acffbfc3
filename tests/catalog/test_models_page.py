"""The public list of models and the page of one: search, filters, provenance."""

import json
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
    scores = [seed_score(), seed_score(name="glm-5.3", source_id="glm-5.3", value=50.0)]
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
    assert "3 models" in html


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
            {"sort": "-context"},
            ["openai/gpt-6-sol", "z-ai/glm-5.3", "voyageai/voyage-4"],
        ),
        (
            {"sort": "-name"},
            ["z-ai/glm-5.3", "voyageai/voyage-4", "openai/gpt-6-sol"],
        ),
        ({"context": "200000"}, ["openai/gpt-6-sol", "z-ai/glm-5.3"]),
        ({"price": "0.6"}, ["z-ai/glm-5.3"]),
        ({"price": "0.59"}, []),
        ({"status": "gone"}, []),
        ({"modality": "image"}, []),
        (
            {"q": "g", "kind": "chat", "sort": "-input", "provider": "bedrock"},
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
        {"price": "-1"},
        {"price": "NaN"},
        {"context": "many"},
        {"modality": ">>image"},
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
    assert "<html" not in html
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
def test_a_page_takes_at_most_twelve_queries(
    client: Client, market: None, path: str
) -> None:
    with CaptureQueriesContext(connections["default"]) as queries:
        client.get(path)

    assert len(queries) <= 12


def test_members_see_the_same_pages(
    market: None, mia: User, sign_in: Callable[[User], Client]
) -> None:
    assert sign_in(mia).get("/models/").status_code == 200
    assert sign_in(mia).get("/models/z-ai/glm-5.3/").status_code == 200


def test_the_list_takes_four_queries_at_the_most(client: Client, market: None) -> None:
    with CaptureQueriesContext(connections["default"]) as queries:
        client.get("/models/", {"q": "g", "sort": "-input", "capability": "vision"})

    assert len(queries) <= 4


def test_several_capabilities_must_all_be_there(client: Client, market: None) -> None:
    html = client.get("/models/?capability=vision&capability=tools").content.decode()

    assert slugs(html) == []


def test_a_click_on_a_head_turns_the_order_round(client: Client, market: None) -> None:
    html = client.get("/models/?q=g&sort=input").content.decode()

    assert 'aria-sort="ascending"' in html
    assert "?q=g&amp;sort=-input" in html


def test_a_free_variant_does_not_make_a_model_free(
    client: Client, tmp_path: Path
) -> None:
    paid = seed_offer("openai/gpt-6-sol", input_usd="2")
    free = seed_offer(
        "openai/gpt-6-sol", "bedrock", input_usd="0", output_usd="0", variant="free"
    )
    load_seed(write_seed(tmp_path, [seed_model("openai/gpt-6-sol")], [paid, free]))

    assert "$2.00 / M" in client.get("/models/").content.decode()


def test_1000_runs_are_priced_for_the_mix_of_the_reader(
    client: Client, market: None
) -> None:
    page = "/models/z-ai/glm-5.3/"
    usual = client.get(page).content.decode()
    own = client.get(page, {"tokens_in": "1000", "tokens_out": "0"}).content.decode()

    assert "$2.00" in usual  # 1,000 x (1,500 x 0.60 + 500 x 2.20) / 1M
    assert "$0.60" in own


@pytest.mark.parametrize("value", ["-1", "a", "1e99", "", "9" * 40])
def test_a_mix_that_is_no_number_is_named_and_the_page_stands(
    client: Client, market: None, value: str
) -> None:
    query = {"tokens_in": value, "cached": value}

    assert client.get("/models/z-ai/glm-5.3/", query).status_code == 200


def test_search_engines_get_facts_that_cannot_break_out(
    client: Client, tmp_path: Path
) -> None:
    model = seed_model("openai/gpt-6-sol", name="</script><b>Sol")
    load_seed(write_seed(tmp_path, [model], [seed_offer("openai/gpt-6-sol")]))

    html = client.get("/models/openai/gpt-6-sol/").content.decode()
    block = html.partition('application/ld+json">')[2].partition("</script>")[0]

    assert json.loads(block)["name"] == "</script><b>Sol"
    assert json.loads(block)["offers"]["lowPrice"] == "2.000000000"


def test_visitors_may_keep_the_page_and_members_have_their_own(
    client: Client, market: None, mia: User, sign_in: Callable[[User], Client]
) -> None:
    public = client.get("/models/")
    again = client.get("/models/", headers={"If-None-Match": public["ETag"]})

    assert "public" in public["Cache-Control"]
    assert again.status_code == 304
    assert "private" in sign_in(mia).get("/models/")["Cache-Control"]


def test_a_price_older_than_the_first_look_claims_no_day(
    client: Client, market: None
) -> None:
    html = client.get("/models/z-ai/glm-5.3/").content.decode()

    assert "or before" in html
    assert "2000" not in html.partition("Price history")[2].partition("Trust")[0]

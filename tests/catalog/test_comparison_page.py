"""Two to four models side by side: the address holds the comparison."""

from pathlib import Path

import pytest
from django.test import Client

from apps.catalog.seeding import load_seed
from tests.catalog.seeds import seed_model, seed_offer, write_seed

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def market(tmp_path: Path) -> None:
    models = [
        seed_model("openai/gpt-6-sol", context_tokens=900_000, has_vision=True),
        seed_model("openai/gpt-6-luna", context_tokens=900_000, has_vision=False),
        seed_model("z-ai/glm-5.3", context_tokens=200_000),
    ]
    offers = [
        seed_offer("openai/gpt-6-sol", input_usd="2", output_usd="10"),
        seed_offer("openai/gpt-6-luna", input_usd="0.5", output_usd="2"),
        seed_offer("z-ai/glm-5.3", "zai", input_usd=None, output_usd=None),
    ]
    load_seed(write_seed(tmp_path, models, offers))


def compared(client: Client, *slugs: str, **more: str) -> str:
    response = client.get("/compare/", {"m": slugs, **more})
    assert response.status_code == 200
    return str(response.content.decode())


def row(html: str, label: str) -> str:
    """The table's row whose head begins with `label`."""
    return html[html.index(f'<th scope="row">{label}') :].partition("</tr>")[0]


def test_two_models_show_their_facts_and_where_they_differ(
    client: Client, market: None
) -> None:
    html = compared(client, "openai/gpt-6-sol", "openai/gpt-6-luna")

    assert "differs" not in row(html, "Context")
    assert "differs" in row(html, "Vision")
    assert "$8.00" in row(html, "1,000 runs")  # 1,500 in and 500 out at 2 and 10
    assert "$1.75" in row(html, "1,000 runs")


def test_what_is_unknown_is_not_assessed_and_does_not_count_as_a_difference(
    client: Client, market: None
) -> None:
    html = compared(client, "openai/gpt-6-sol", "z-ai/glm-5.3")

    assert "not assessed" in row(html, "Input")
    assert "differs" not in row(html, "Input")


def test_the_mix_is_part_of_the_address(client: Client, market: None) -> None:
    html = compared(
        client,
        *("openai/gpt-6-sol", "openai/gpt-6-luna"),
        tokens_in="1000",
        tokens_out="0",
    )

    assert "$2.00" in row(html, "1,000 runs")
    assert "tokens_in=1000" in html  # in the links that take a model out


@pytest.mark.parametrize("slugs", [(), ("openai/gpt-6-sol",)])
def test_too_few_models_say_what_to_do(
    client: Client, market: None, slugs: tuple[str, ...]
) -> None:
    html = compared(client, *slugs)

    assert "One more is needed" in html or "Nothing to compare yet" in html


def test_an_unknown_model_is_named_and_the_rest_is_shown(
    client: Client, market: None
) -> None:
    html = compared(client, "openai/gpt-6-sol", "no/such", "openai/gpt-6-luna", "a\0b")

    assert "no/such" in html
    assert "Vision" in html


def test_a_fifth_model_is_left_out_with_a_word(client: Client, tmp_path: Path) -> None:
    models = [seed_model(f"openai/gpt-{n}") for n in range(5)]
    load_seed(write_seed(tmp_path, models, [seed_offer(m.slug) for m in models]))

    html = compared(client, *(m.slug for m in models))

    assert "was left out" in html
    assert html.count('aria-label="Take') == 4


def test_the_same_model_twice_is_one(client: Client, market: None) -> None:
    html = compared(client, "openai/gpt-6-sol", "openai/gpt-6-sol")

    assert "One more is needed" in html

"""Pricing, pictures of links, and what search engines read."""

import io
import json
import re
from typing import Any

import pytest
from django.test import Client
from PIL import Image

from apps.accounts.models import Plan
from tests.web.market import make_market

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_plans_are_those_of_the_table(client: Client) -> None:
    Plan.objects.using("owner").filter(code="solo").update(usd_billed_yearly="12.34")

    page = client.get("/pricing/").content.decode()

    for plan in Plan.objects.all():
        assert f"<h3>{plan.name}</h3>" in page
    assert "$12.34" in page
    assert "Ask us" in page


@pytest.mark.parametrize("name", ["home", "calculator", "pricing"])
def test_a_link_has_a_picture(client: Client, name: str) -> None:
    answer = client.get(f"/cards/{name}.png")

    assert answer["Content-Type"] == "image/png"
    picture = Image.open(io.BytesIO(answer.content))
    assert picture.size == (1200, 630)


def test_the_picture_of_a_calculation_is_its_own(client: Client) -> None:
    make_market()
    plain = client.get("/cards/calculator.png").content

    asked = client.get("/cards/calculator.png?model=openai/gpt-4.1").content
    nonsense = client.get("/cards/calculator.png?model=nobody").content

    assert asked != plain
    assert nonsense == plain
    assert client.get("/cards/nothing.png").status_code == 404


@pytest.mark.parametrize("path", ["/", "/calculator/", "/pricing/"])
def test_a_page_says_what_it_is(client: Client, path: str) -> None:
    make_market()

    page = client.get(path).content.decode()

    for tag in (
        '<meta name="description" content="',
        '<link rel="canonical" href="http',
        '<meta property="og:image" content="http',
    ):
        assert tag in page
    (block,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page)
    facts: dict[str, Any] = json.loads(block)
    assert facts["@context"] == "https://schema.org"


def test_crawlers_find_the_public_pages(client: Client) -> None:
    robots = client.get("/robots.txt")
    sitemap = client.get("/sitemap.xml").content.decode()

    assert robots["Content-Type"].startswith("text/plain")
    assert "Sitemap: http" in robots.content.decode()
    assert "/calculator/</loc>" in sitemap
    assert "/pricing/</loc>" in sitemap

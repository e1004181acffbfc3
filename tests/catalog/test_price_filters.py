"""Prices, their units, conditions and sources, in words."""

from datetime import time
from decimal import Decimal
from typing import Any

import pytest

from apps.catalog.models import Price
from apps.catalog.templatetags.prices import condition, price, source, unit_price, usd


def row(**fields: Any) -> Price:
    return Price(**{"component": "input", "usd": Decimal("2.5")} | fields)


def test_unknown_is_said_and_free_is_shown() -> None:
    assert "not assessed" in price(None)
    assert "$0.00 / M" in price(Decimal(0))
    assert "$0.0075" in usd(Decimal("0.0075"))


def test_a_fee_has_no_million() -> None:
    assert "$2.50 / M" in unit_price(row())
    assert "$0.005 each" in unit_price(row(component="request", usd=Decimal("0.005")))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "always"),
        ({"service_tier": "batch"}, "batch tier"),
        ({"above_prompt_tokens": 272_000}, "prompts above 272,000 tokens"),
        ({"utc_weekdays": "56"}, "Sat Sun"),
        ({"utc_from": time(10), "utc_until": time(0)}, "10:00–00:00 UTC"),
        ({"is_discount": True}, "temporary discount"),
    ],
)
def test_a_condition_is_put_in_words(fields: dict[str, Any], words: str) -> None:
    assert condition(row(**fields)) == words


def test_an_address_becomes_a_link_and_nothing_else_does() -> None:
    linked = source("https://www.example.com/p?a=1&b=2 via a list")

    assert linked == (
        '<a href="https://www.example.com/p?a=1&amp;b=2" rel="noopener nofollow">'
        "example.com</a> via a list"
    )
    assert source("operator, on <2026>") == "operator, on &lt;2026&gt;"
    assert "<a" not in source("javascript:alert(1) x")

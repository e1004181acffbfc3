"""What is at risk in a portfolio, from use cases and prices in memory."""

from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from apps.catalog.models import AIModel
from apps.web.risks import age_word, ahead, dependence, price_ages

TODAY = date(2026, 11, 21)


def _line(
    slug: str,
    *,
    provider: str = "OpenAI",
    usd: str | None = "10",
    checked: date = TODAY,
    **model: Any,
) -> Any:
    fields = {"slug": slug, "name": slug, "sourced_on": TODAY, **model}
    price = SimpleNamespace(
        provider=provider.lower(), provider_name=provider, checked_on=checked
    )
    cost = SimpleNamespace(usd=None if usd is None else Decimal(usd), price=price)
    use_case = SimpleNamespace(current_model=AIModel(**fields))
    return SimpleNamespace(use_case=use_case, cost=cost)


def test_ends_are_listed_soonest_first_with_days_and_successor() -> None:
    lines = [
        _line("a/late", sunset_on=TODAY + timedelta(days=200)),
        _line("a/soon", sunset_on=TODAY + timedelta(days=12)),
        _line("a/soon", sunset_on=TODAY + timedelta(days=12)),
        _line("a/far", sunset_on=TODAY + timedelta(days=400)),
        _line("a/stays"),
        _line("a/told", deprecated_on=TODAY),
        _line("a/over", sunset_on=TODAY - timedelta(days=3), status="retired"),
    ]

    found = ahead(lines, {"a/soon": "a/next"}, today=TODAY)

    assert [one.model for one in found] == ["a/over", "a/soon", "a/late", "a/told"]
    over, soon, late, told = found
    assert (soon.days_left, soon.successor, len(soon.lines)) == (12, "a/next", 2)
    assert soon.is_soon
    assert not soon.is_over
    assert over.is_over
    assert not late.is_soon
    assert told.days_left is None
    assert told.is_soon


def test_dependence_is_the_largest_share_of_the_known_cost() -> None:
    lines = [
        _line("a/one", usd="30"),
        _line("a/two", usd="30"),
        _line("b/one", usd="40", provider="Groq"),
        _line("c/one", usd=None, provider="Nobody"),
    ]

    found = dependence(lines)

    assert found is not None
    assert (found.provider, found.usd, found.share) == ("OpenAI", Decimal(60), 0.6)
    assert found.is_single


def test_without_a_known_cost_dependence_is_not_assessed() -> None:
    assert dependence([]) is None
    assert dependence([_line("a/one", usd=None), _line("a/free", usd="0")]) is None


def test_old_prices_are_counted_once_each() -> None:
    old = TODAY - timedelta(days=9)
    lines = [
        _line("a/one", checked=old),
        _line("a/one", checked=old),
        _line("b/one", provider="Groq"),
    ]

    found = price_ages(lines, today=TODAY)

    assert (found.prices, found.stale, found.oldest) == (2, 1, old)
    assert found.word(TODAY) == "stale"


@pytest.mark.parametrize(
    ("days", "word"),
    [
        (0, "fresh"),
        (1, "fresh"),
        (2, "aging"),
        (7, "aging"),
        (8, "stale"),
        (31, "critical"),
    ],
)
def test_ages_have_the_words_of_the_product(days: int, word: str) -> None:
    assert age_word(days) == word

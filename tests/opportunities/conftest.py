"""A small market, and use cases that run on it."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from apps.accounts.models import Organization
from apps.catalog.models import AIModel, ModelQuality, Offer, Price
from apps.kit.clock import utc_now
from apps.opportunities import market as market_module
from apps.opportunities.finder import Looked, rescore
from apps.opportunities.models import Opportunity
from apps.portfolio.models import Function, Product, UseCase
from apps.tenancy.scope import scope
from tests.factories import Listed, make_offers

# A dear neighbour keeps the scale of prices wide, as the real market does.
LISTED = (
    Listed("openai/gpt-4o", "http://127.0.0.1:9/v1", "2.5", "10"),
    Listed("mini/gpt-4o-mini", "http://127.0.0.1:9/v1", "0.15", "0.6"),
    Listed("dear/o1-pro", "http://127.0.0.1:9/v1", "150", "600"),
    # As good and nearly as dear as GPT-4o: no opportunity for whoever runs on that.
    Listed("third/peer", "http://127.0.0.1:9/v1", "2.6", "10.4"),
)


@pytest.fixture
def catalog(transactional_db: None) -> None:
    """Four models, each rated by independent benchmarks."""
    market_module.forget()
    make_offers(*LISTED)
    for slug, score in (
        ("openai/gpt-4o", 0.55),
        ("mini/gpt-4o-mini", 0.47),
        ("dear/o1-pro", 0.75),
        ("third/peer", 0.55),
    ):
        rate(slug, score)


def model(slug: str) -> AIModel:
    return AIModel.objects.using("owner").get(slug=slug)


def rate(slug: str, score: float) -> None:
    """Its quality at chat and over all."""
    now = utc_now()
    for domain in ("conversation", "general"):
        ModelQuality.objects.using("owner").update_or_create(
            ai_model=model(slug),
            domain=domain,
            defaults={
                "score": score,
                "low": score - 0.02,
                "high": score + 0.02,
                "benchmarks": 3,
                "results": 3,
                "independent": 3,
                "newest": now.date(),
                "updated_at": now,
            },
        )


def set_price(slug: str, input_usd: str, output_usd: str) -> None:
    """Another list price from now on."""
    now = utc_now()
    offer = Offer.objects.using("owner").get(ai_model__slug=slug)
    prices = Price.objects.using("owner").filter(offer=offer, valid_until=None)
    prices.update(valid_until=now)
    for component, usd in (("input", input_usd), ("output", output_usd)):
        Price.objects.using("owner").create(
            offer=offer,
            component=component,
            usd=Decimal(usd),
            valid_from=now,
            source="test",
            sourced_on=now.date(),
        )


def make_use_case(org: Organization, **fields: Any) -> UseCase:
    """100,000 calls of 1,500 and 500 tokens a month on GPT-4o, cost first."""
    values: dict[str, Any] = {
        "name": "Support triage",
        "task": "chat",
        "needs": ["cost"],
        "calls_month": 100_000,
        "input_tokens": 1500,
        "output_tokens": 500,
    }
    with scope(org.id):
        if "current_model" not in fields:
            values["current_model"] = AIModel.objects.get(slug="openai/gpt-4o")
        if "function" not in fields:
            product, _ = Product.objects.get_or_create(name="Helpdesk")
            values["function"], _ = Function.objects.get_or_create(
                product=product, name="Answers"
            )
        return UseCase.objects.create(**{**values, **fields})


def look(org: Organization, *, now: datetime | None = None) -> Looked:
    with scope(org.id):
        return rescore(now=now)


def kept(org: Organization) -> list[Opportunity]:
    with scope(org.id):
        rows = Opportunity.objects.select_related("candidate_model", "use_case")
        return list(rows.order_by("candidate_model__slug"))


@pytest.fixture
def the_one(catalog: None, acme: Organization) -> Callable[[], Opportunity]:
    """The opportunity of acme's one use case, as it is stored now."""
    make_use_case(acme)
    look(acme)

    def read() -> Opportunity:
        [found] = kept(acme)
        return found

    return read

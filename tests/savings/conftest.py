"""A use case of Acme with an alias, a dear model in use and a cheap one beside it."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from apps.accounts.models import Organization, User
from apps.catalog.models import AIModel, Offer, Price
from apps.opportunities import market as market_module
from apps.portfolio import services as portfolio
from apps.portfolio.models import UseCase
from apps.portfolio.queries import get_use_case
from apps.router.alias_models import Alias
from apps.savings import services
from apps.savings.making import NewSwitch
from apps.savings.models import Switch
from apps.tenancy.scope import scope
from tests.factories import Listed, make_member, make_offers, make_org

BIG, SMALL, DEAR = "big-house/big", "small-house/small", "dear-house/dear"
NOWHERE = "http://127.0.0.1:9/v1"
ALIAS = "uc/triage"


@pytest.fixture
def org(transactional_db: None) -> Organization:
    return make_org("Acme")


@pytest.fixture
def adam(org: Organization) -> User:
    return make_member(org, "adam", role="admin")


@pytest.fixture
def base_url() -> str:
    """Where the models are served: nowhere, unless a test has a provider."""
    return NOWHERE


@pytest.fixture
def catalog(transactional_db: None, base_url: str) -> None:
    market_module.forget()
    make_offers(
        Listed(BIG, base_url, "2.50", "10"),
        Listed(SMALL, base_url, "0.15", "0.60"),
        Listed(DEAR, base_url, "30", "60"),
    )
    # The prices hold since long ago, as those of a catalog do.
    Price.objects.using("owner").update(valid_from="2026-01-01T00:00:00Z")


@pytest.fixture
def alias(org: Organization, catalog: None) -> Alias:
    with scope(org.id):
        return Alias.objects.create(name=ALIAS, rules={"forced": BIG})


def make_use_case(org: Organization, name: str, **fields: Any) -> UseCase:
    """A use case on the big model: 100,000 calls of 1,500 and 500 tokens a month."""
    usual = {"calls_month": 100_000, "input_tokens": 1500, "output_tokens": 500}
    with scope(org.id):
        product = portfolio.create_product(portfolio.NewProduct(f"Product of {name}"))
        model = AIModel.objects.get(slug=BIG)
        wanted = portfolio.NewUseCase(name, "chat", model, {**usual, **fields})
        made = portfolio.create_use_case(wanted, product_id=product.id)
        return get_use_case(made.id)


@pytest.fixture
def use_case(org: Organization, alias: Alias) -> UseCase:
    return make_use_case(org, "Triage", alias=alias)


@pytest.fixture
def typed(org: Organization, catalog: None) -> UseCase:
    """A use case whose traffic goes another way."""
    return make_use_case(org, "Reports")


type Make = Callable[..., Switch]


@pytest.fixture
def make(org: Organization) -> Make:
    """Makes a switch to the small model, at once unless told otherwise."""

    def switch(of: UseCase, **fields: Any) -> Switch:
        wanted = {"use_case_id": of.id, "to_model": SMALL, "mode": "at_once", **fields}
        with scope(org.id):
            return services.switch(NewSwitch(**wanted), by=None)

    return switch


def set_price(slug: str, component: str, usd: str, at: Any) -> None:
    """Another list price from a moment on."""
    offer = Offer.objects.using("owner").get(ai_model__slug=slug)
    rows = Price.objects.using("owner").filter(offer=offer, component=component)
    rows.filter(valid_until=None).update(valid_until=at)
    Price.objects.using("owner").create(
        offer=offer,
        component=component,
        usd=Decimal(usd),
        valid_from=at,
        source="test",
        sourced_on=at.date(),
    )

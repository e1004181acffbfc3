"""Rows of the portfolio for tests, made the way the product makes them."""

from decimal import Decimal
from typing import Any

from apps.accounts.models import Organization
from apps.catalog.models import AIModel
from apps.kit.ids import uuid7
from apps.portfolio import services
from apps.portfolio.models import Function, Product, UseCase
from apps.portfolio.queries import get_use_case
from apps.tenancy.scope import scope
from tests.factories import Listed, make_offers

MODEL = "portfolio-house/portfolio-model"


def make_model(
    slug: str = MODEL, *, input_usd: str = "2.5", output_usd: str = "10"
) -> AIModel:
    """A model that its house sells; the one that is there already, if it is."""
    found = AIModel.objects.filter(slug=slug).first()
    if found is None:
        url = "http://127.0.0.1:9/v1"
        make_offers(Listed(slug, url, input_usd, output_usd))
        found = AIModel.objects.get(slug=slug)
    return found


def make_product(org: Organization, name: str = "", **fields: Any) -> Product:
    with scope(org.id):
        wanted = services.NewProduct(name or f"Named {uuid7()}", **fields)
        return services.create_product(wanted)


def make_function(org: Organization, product: Product | None = None) -> Function:
    product = product or make_product(org)
    with scope(org.id):
        wanted = services.NewFunction(f"Named {uuid7()}")
        return services.create_function(product.id, wanted)


def make_use_case(
    org: Organization,
    name: str = "",
    *,
    product: Product | None = None,
    model: AIModel | None = None,
    **fields: Any,
) -> UseCase:
    """A use case of a product of its own; fields are those of the table."""
    model = model or make_model()
    product = product or make_product(org)
    with scope(org.id):
        wanted = services.NewUseCase(
            name or f"Named {uuid7()}", fields.pop("task", "chat"), model, fields
        )
        made = services.create_use_case(wanted, product_id=product.id)
        return get_use_case(made.id)


GOLDEN: dict[str, Any] = {
    "calls_month": 100_000,
    "input_tokens": 1_500,
    "output_tokens": 500,
}
GOLDEN_USD = Decimal("875.00")

"""A small catalog: three models with tasks' quality, at providers of known policy."""

from dataclasses import dataclass
from decimal import Decimal

import pytest

from apps.catalog.models import Provider
from apps.catalog.services import OperatorOffer, add_offer

URL = "http://127.0.0.1:9/v1"


@dataclass(frozen=True)
class Market:
    """What the tests name of the catalog."""

    dear: str = "dear-house/dear"
    cheap: str = "cheap-house/cheap"


@pytest.fixture
def market(transactional_db: None) -> Market:
    """Two models: the dear one of a provider that states its data policy, the cheap
    one of a provider that says nothing.
    """
    _offer("dear-house", "dear", "3", "15")
    _offer("cheap-house", "cheap", "0.5", "2")
    Provider.objects.using("owner").filter(slug="dear-house").update(
        trains_on_prompts=False, retains_prompts=False, datacenters=["DE"]
    )
    return Market()


def _offer(provider: str, model: str, input_usd: str, output_usd: str) -> None:
    add_offer(
        OperatorOffer(
            provider=provider,
            model=model,
            base_url=URL,
            input_usd=Decimal(input_usd),
            output_usd=Decimal(output_usd),
            context_tokens=100_000,
        )
    )

"""A market with both protocols: a house that speaks OpenAI's, one Anthropic's."""

from decimal import Decimal

import pytest
from asgiref.sync import sync_to_async

from apps.catalog.models import AIModel
from apps.catalog.services import OperatorOffer, add_offer
from apps.providers.fake import FakeProvider
from apps.router.front import Front
from tests.asgi import App
from tests.router.conftest import DJANGO, make_market


@pytest.fixture
async def market(transactional_db: None, fake: FakeProvider) -> None:
    await make_bilingual(fake.base_url)


async def make_bilingual(base_url: str) -> None:
    """The usual market, and beside it a model at a house of Anthropic's protocol."""
    await sync_to_async(make_market)(base_url)
    await sync_to_async(_add_houses)(base_url)


@pytest.fixture
def app() -> App:
    """The raw front; each endpoint's last test shows that the other says the same."""
    return Front(DJANGO)


def _add_houses(base_url: str) -> None:
    # OpenAI itself, which has the Responses protocol too.
    add_offer(OperatorOffer(provider="openai", model="gpt", base_url=base_url))
    add_offer(
        OperatorOffer(
            provider="anthropic-house",
            model="claude",
            base_url=base_url,
            protocol="anthropic",
            input_usd=Decimal(3),
            output_usd=Decimal(15),
            context_tokens=200_000,
        )
    )
    add_offer(OperatorOffer(provider="anthropic-house", model="claude-9"))
    AIModel.objects.using("owner").update(
        has_vision=True, has_tools=True, has_json_schema=True
    )

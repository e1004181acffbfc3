"""A laboratory for the chain: real client, scripted provider, no database."""

from collections.abc import AsyncIterator

import pytest

from apps.providers.client import ProviderClient
from apps.providers.fake import FakeProvider
from tests.router.resilience.calls import Lab


@pytest.fixture
async def lab(fake: FakeProvider) -> AsyncIterator[Lab]:
    client = ProviderClient()
    yield Lab(fake, client)
    await client.close()

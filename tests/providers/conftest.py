from collections.abc import AsyncIterator

import pytest

from apps.providers.client import ProviderClient
from apps.providers.fake import FakeProvider


@pytest.fixture
async def fake() -> AsyncIterator[FakeProvider]:
    async with FakeProvider.running() as started:
        yield started


@pytest.fixture
async def client() -> AsyncIterator[ProviderClient]:
    opened = ProviderClient()
    yield opened
    await opened.close()

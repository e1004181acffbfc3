"""A gateway in a process of its own, as clients of others meet it."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import httpx
import openai
import pytest
from asgiref.sync import sync_to_async

from apps.catalog.models import AIModel
from apps.catalog.services import OperatorOffer, add_offer
from apps.providers.fake import FakeProvider
from tests.router.process.web import web_process

PATIENCE_S = 120


@dataclass(frozen=True, slots=True)
class Place:
    """What a client has to be told: all that differs from its own provider's."""

    base_url: str
    api_key: str


@pytest.fixture
async def place(
    market: None, fake: FakeProvider, live_token: str, tmp_path: Path
) -> AsyncIterator[Place]:
    await sync_to_async(_add_embedder)(fake.base_url)
    async with web_process(tmp_path) as web:
        yield Place(f"{web.url}/v1", live_token)


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """Connections for a client that would keep its own open for ever."""
    async with httpx.AsyncClient() as client:
        yield client


@pytest.fixture
async def sdk(place: Place) -> AsyncIterator[openai.AsyncOpenAI]:
    """OpenAI's own; a test of another SDK has another."""
    async with openai.AsyncOpenAI(
        base_url=place.base_url, api_key=place.api_key, max_retries=0
    ) as client:
        yield client


def _add_embedder(base_url: str) -> None:
    add_offer(
        OperatorOffer(
            provider="primary-house",
            model="maker/small",
            base_url=base_url,
            input_usd=Decimal("0.02"),
            context_tokens=8191,
        )
    )
    models = AIModel.objects.using("owner").filter(slug="maker/small")
    models.update(kind=AIModel.Kind.EMBEDDING)


async def run(*command: str, cwd: Path, **environment: str) -> str:
    """Run a program to its end beside the fake provider; gives what it printed."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(PATIENCE_S):
        said, complained = await process.communicate()
    assert process.returncode == 0, complained.decode()[-2000:]
    return said.decode()

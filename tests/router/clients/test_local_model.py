"""Clients of others, answered by the embedded local model through the gateway."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import openai
import pytest
from asgiref.sync import sync_to_async
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from apps.catalog.models import AIModel, Offer, Price, Provider
from apps.kit.clock import utc_now
from tests.router.clients.conftest import Place
from tests.router.process.web import web_process

URL = os.environ.get("MODELOPTIX_TEST_LOCAL_MODEL", "")
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not URL, reason="the local model was not started"),
]
NAME = "smollm2-135m-instruct"


@pytest.fixture
async def local(
    transactional_db: None, live_token: str, tmp_path: Path
) -> AsyncIterator[Place]:
    await sync_to_async(_add_local_model)()
    async with web_process(tmp_path, LOCAL_MODEL_URL=URL) as web:
        yield Place(f"{web.url}/v1", live_token)


def _add_local_model() -> None:
    now = utc_now()
    facts = {"source": "test", "sourced_on": now.date()}
    provider = Provider.objects.using("owner").create(slug="local", name="Local")
    model = AIModel.objects.using("owner").create(
        slug=f"huggingfacetb/{NAME}", name=NAME, author="huggingfacetb", **facts
    )
    offer = Offer.objects.using("owner").create(
        provider=provider, ai_model=model, upstream_id=NAME, is_stand_in=True, **facts
    )
    for component in (Price.Component.INPUT, Price.Component.OUTPUT):
        Price.objects.using("owner").create(
            offer=offer, component=component, usd=0, valid_from=now, **facts
        )


async def test_openai_and_langchain_are_answered(
    local: Place, http: httpx.AsyncClient
) -> None:
    async with openai.AsyncOpenAI(
        base_url=local.base_url, api_key=local.api_key, max_retries=0
    ) as sdk:
        whole = await sdk.chat.completions.create(
            model=NAME,
            messages=[{"role": "user", "content": "Say hello."}],
            max_tokens=8,
        )
        stream = await sdk.chat.completions.create(
            model=NAME,
            messages=[{"role": "user", "content": "Say hello."}],
            max_tokens=8,
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = [chunk async for chunk in stream]
    langchain = ChatOpenAI(
        model=NAME,
        base_url=local.base_url,
        api_key=SecretStr(local.api_key),
        max_completion_tokens=8,
        max_retries=0,
        http_async_client=http,
    )
    said = await langchain.ainvoke("Say hello.")

    assert whole.choices[0].message.content
    assert whole.usage is not None
    assert 0 < whole.usage.completion_tokens <= 8
    assert chunks[-1].usage is not None
    assert any(c.choices and c.choices[0].delta.content for c in chunks)
    assert said.content

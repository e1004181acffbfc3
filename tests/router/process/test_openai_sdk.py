"""The official SDK with only its base URL and key changed, against a real server."""

from collections.abc import AsyncIterator
from pathlib import Path

import openai
import pytest

from apps.providers.fake import FakeProvider
from tests.router.process.web import web_process

pytestmark = pytest.mark.django_db(transaction=True)

HELLO = openai.types.chat.ChatCompletionUserMessageParam(role="user", content="Hi")


@pytest.fixture
async def sdk(
    market: None, live_token: str, tmp_path: Path
) -> AsyncIterator[openai.AsyncOpenAI]:
    async with (
        web_process(tmp_path) as web,
        openai.AsyncOpenAI(
            base_url=f"{web.url}/v1", api_key=live_token, max_retries=0
        ) as client,
    ):
        yield client


async def test_the_sdk_s_usual_calls(
    sdk: openai.AsyncOpenAI, fake: FakeProvider
) -> None:
    fake.script("primary", text="Hello there")

    whole = await sdk.chat.completions.create(model="auto", messages=[HELLO])
    chunks = [
        chunk
        async for chunk in await sdk.chat.completions.create(
            model="auto",
            messages=[HELLO],
            stream=True,
            stream_options={"include_usage": True},
        )
    ]
    models = await sdk.models.list()

    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert whole.choices[0].message.content == text == "Hello there"
    assert whole.usage is not None
    assert chunks[-1].usage == whole.usage
    assert "primary-house/primary" in {model.id for model in models.data}


async def test_errors_are_the_sdk_s_own(
    sdk: openai.AsyncOpenAI, fake: FakeProvider
) -> None:
    with pytest.raises(openai.NotFoundError, match="no model named 'nope'"):
        await sdk.chat.completions.create(model="nope", messages=[HELLO])
    with pytest.raises(openai.BadRequestError):
        await sdk.chat.completions.create(model="auto", messages=[])
    with pytest.raises(openai.AuthenticationError):
        await sdk.with_options(api_key="mx_live_wrong").models.list()
    for model in ("primary", "backup", "third"):
        fake.script(model, status=429, retry_after="7")
    with pytest.raises(openai.RateLimitError):
        await sdk.chat.completions.create(model="auto", messages=[HELLO])

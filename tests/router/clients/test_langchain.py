"""`langchain-openai`, with only its base URL and key changed."""

from typing import Any

import httpx
import openai
import pytest
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel, SecretStr

from apps.providers.fake import FakeProvider, ToolCall
from tests.router.clients.conftest import Place

pytestmark = pytest.mark.django_db(transaction=True)

PICTURE: list[Any] = [
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO"}},
        ],
    }
]


class City(BaseModel):
    """A city."""

    name: str


def weather(city: str) -> str:
    """Tell the weather in a city."""
    return f"rain in {city}"


def model_at(
    place: Place, http: httpx.AsyncClient, name: str = "primary"
) -> ChatOpenAI:
    return ChatOpenAI(
        model=name,
        base_url=place.base_url,
        api_key=SecretStr(place.api_key),
        max_retries=0,
        http_async_client=http,
    )


async def test_the_usual_calls(
    place: Place, http: httpx.AsyncClient, fake: FakeProvider
) -> None:
    model = model_at(place, http)
    fake.script("primary", text="Hello there")

    whole = await model.ainvoke("Hi")
    chunks = [chunk async for chunk in model.astream("Hi", stream_usage=True)]
    seen = await model.ainvoke(PICTURE)

    assert whole.content == seen.content == "Hello there"
    assert "".join(str(chunk.content) for chunk in chunks) == "Hello there"
    assert any(chunk.usage_metadata for chunk in chunks)
    assert whole.usage_metadata is not None
    await _calls_tools_and_parses(model, fake)
    await _embeds(place, http)
    await _fails(place, http)


async def _calls_tools_and_parses(model: ChatOpenAI, fake: FakeProvider) -> None:
    calls = (
        ToolCall("weather", '{"city": "Oslo"}', "call_1"),
        ToolCall("weather", '{"city": "Rome"}', "call_2"),
    )
    fake.forget()
    fake.script("primary", text="", tool_calls=calls)
    fake.script("primary", text='{"name": "Oslo"}')

    asked = await model.bind_tools([weather]).ainvoke("Weather?")
    city = await model.with_structured_output(City, method="json_schema").ainvoke("?")

    called: Any = asked
    assert [call["args"]["city"] for call in called.tool_calls] == ["Oslo", "Rome"]
    assert city == City(name="Oslo")


async def _embeds(place: Place, http: httpx.AsyncClient) -> None:
    # It counts tokens with a table that it would fetch from elsewhere.
    embeddings = OpenAIEmbeddings(
        model="small",
        base_url=place.base_url,
        api_key=SecretStr(place.api_key),
        check_embedding_ctx_length=False,
        http_async_client=http,
    )

    vectors = await embeddings.aembed_documents(["Hi", "Ho"])

    assert [len(vector) for vector in vectors] == [1536, 1536]


async def _fails(place: Place, http: httpx.AsyncClient) -> None:
    with pytest.raises(openai.NotFoundError):
        await model_at(place, http, "nope").ainvoke("Hi")

"""OpenAI's Python SDK at the Responses endpoint, served by either protocol."""

from typing import Any, Literal

import openai
import pytest
from asgiref.sync import sync_to_async
from pydantic import BaseModel

from apps.accounts.models import Organization
from apps.privacy.models import PrivacySettings
from apps.providers.fake import FakeProvider, ToolCall
from apps.tenancy.scope import scope
from tests.router.conftest import eventually
from tests.router.protocols.conftest import make_bilingual

pytestmark = pytest.mark.django_db(transaction=True)

HOUSES: tuple[Literal["primary", "claude"], ...] = ("primary", "claude")
LOOK: Any = {
    "type": "function",
    "name": "look",
    "parameters": {"type": "object", "properties": {}},
    "strict": False,
}


class City(BaseModel):
    name: str


@pytest.fixture
async def market(transactional_db: None, fake: FakeProvider, org: Organization) -> None:
    await make_bilingual(fake.base_url)
    await sync_to_async(_store_prompts)(org)


def _store_prompts(org: Organization) -> None:
    with scope(org.id):
        PrivacySettings.objects.create(stores_prompts=True)


async def test_the_sdk_s_usual_calls(
    sdk: openai.AsyncOpenAI, fake: FakeProvider
) -> None:
    for model in HOUSES:
        await _answers(sdk, fake, model)
        await _streams(sdk, fake, model)
        await _calls_tools(sdk, fake, model)
        await _follows_a_schema(sdk, fake, model)
        await _goes_on(sdk, fake, model)
        await _leaves(sdk, fake, model)
    await _fails(sdk, fake)


async def _answers(sdk: openai.AsyncOpenAI, fake: FakeProvider, model: str) -> None:
    fake.forget()
    fake.script(model, text="Hello there")
    shown: Any = [
        {"type": "input_text", "text": "What is this?"},
        {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo="},
    ]

    said = await sdk.responses.create(
        model=model,
        instructions="Be brief",
        input=[{"role": "user", "content": shown}],
        store=False,
    )

    assert (said.output_text, said.status) == ("Hello there", "completed")
    assert said.usage is not None
    assert said.usage.total_tokens > 0
    parts = fake.requests[0].body["messages"][-1]["content"]
    kinds = {"primary": ["text", "image_url"], "claude": ["text", "image"]}
    assert [part["type"] for part in parts] == kinds[model]


async def _streams(sdk: openai.AsyncOpenAI, fake: FakeProvider, model: str) -> None:
    fake.forget()
    fake.script(model, text="Hello there", reasoning="Hm, hm", chunks=3)

    async with sdk.responses.stream(model=model, input="Hi") as events:
        texts = [
            event.delta
            async for event in events
            if event.type == "response.output_text.delta"
        ]
        final = await events.get_final_response()

    assert "".join(texts) == final.output_text == "Hello there"
    assert [item.type for item in final.output] == ["reasoning", "message"]


async def _calls_tools(sdk: openai.AsyncOpenAI, fake: FakeProvider, model: str) -> None:
    fake.forget()
    calls = (ToolCall("look", '{"at":"a"}', "t1"), ToolCall("look", '{"at":"b"}', "t2"))
    fake.script(model, text="", tool_calls=calls)
    fake.script(model, text="Done")

    async with sdk.responses.stream(model=model, input="Hi", tools=[LOOK]) as events:
        first = await events.get_final_response()
    made = [item for item in first.output if item.type == "function_call"]
    results: Any = [
        {"type": "function_call_output", "call_id": item.call_id, "output": "seen"}
        for item in made
    ]
    again = await sdk.responses.create(
        model=model, previous_response_id=first.id, input=results, tools=[LOOK]
    )

    assert [item.arguments for item in made] == ['{"at":"a"}', '{"at":"b"}']
    assert again.output_text == "Done"


async def _follows_a_schema(
    sdk: openai.AsyncOpenAI, fake: FakeProvider, model: str
) -> None:
    fake.forget()
    fake.script(model, text='{"name": "Oslo"}')

    said = await sdk.responses.parse(model=model, input="Hi", text_format=City)

    assert said.output_parsed == City(name="Oslo")
    sent = fake.requests[0].body
    assert "response_format" in sent or "format" in sent["output_config"]


async def _goes_on(sdk: openai.AsyncOpenAI, fake: FakeProvider, model: str) -> None:
    fake.forget()
    first = await sdk.responses.create(model=model, input="Who?")
    second = await sdk.responses.create(
        model=model, input="And then?", previous_response_id=first.id
    )
    kept = await sdk.responses.retrieve(second.id)
    items = await sdk.responses.input_items.list(second.id)
    await sdk.responses.delete(first.id)

    assert len(fake.requests[-1].body["messages"]) == 3
    assert kept.output_text == second.output_text
    assert [item.type for item in items.data] == ["message"]
    with pytest.raises(openai.NotFoundError):
        await sdk.responses.create(
            model=model, input="And?", previous_response_id=second.id
        )


async def _leaves(sdk: openai.AsyncOpenAI, fake: FakeProvider, model: str) -> None:
    fake.forget()
    fake.script(model, text="word " * 500, chunks=500, gap_s=0.05)

    stream = await sdk.responses.create(model=model, input="Hi", stream=True)
    async for event in stream:
        if event.type == "response.output_text.delta":
            break
    await stream.close()

    await eventually(lambda: fake.aborted(model) == 1)


async def _fails(sdk: openai.AsyncOpenAI, fake: FakeProvider) -> None:
    fake.forget()
    with pytest.raises(openai.NotFoundError, match="no model named 'nope'"):
        await sdk.responses.create(model="nope", input="Hi")
    with pytest.raises(openai.BadRequestError, match="stream"):
        await sdk.responses.create(model="primary", input="Hi", background=True)
    fake.script("primary", text="a b c d", fault="dies", fault_after=3)
    with pytest.raises(openai.APIError, match="No provider could answer"):
        async for _ in await sdk.responses.create(
            model="primary", input="Hi", stream=True
        ):
            pass

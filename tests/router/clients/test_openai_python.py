"""The official Python SDK of OpenAI, with only its base URL and key changed."""

from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam
from pydantic import BaseModel

from apps.providers.fake import FakeProvider, ToolCall
from tests.router.conftest import eventually

pytestmark = pytest.mark.django_db(transaction=True)

HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Hi"}]
PICTURE: list[ChatCompletionMessageParam] = [
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "What is this?"},
            {
                "type": "image_url",
                "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="},
            },
        ],
    }
]
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
TWO_CALLS = (
    ToolCall("weather", '{"city": "Oslo"}', "call_1"),
    ToolCall("weather", '{"city": "Rome"}', "call_2"),
)
STATUSES: dict[int, type[openai.APIStatusError]] = {
    400: openai.BadRequestError,
    404: openai.NotFoundError,
    422: openai.UnprocessableEntityError,
    429: openai.RateLimitError,
    503: openai.InternalServerError,
}


class City(BaseModel):
    name: str
    people: int


async def test_the_usual_calls(sdk: openai.AsyncOpenAI, fake: FakeProvider) -> None:
    await _chats(sdk, fake)
    await _streams(sdk, fake)
    await _calls_tools(sdk, fake)
    await _parses_a_schema(sdk, fake)
    await _shows_a_picture(sdk, fake)
    await _embeds(sdk)
    await _lists_models(sdk)


async def test_errors_and_leaving(sdk: openai.AsyncOpenAI, fake: FakeProvider) -> None:
    await _fails_in_the_sdk_s_own_classes(sdk, fake)
    await _leaves_a_stream(sdk, fake)


async def _chats(sdk: openai.AsyncOpenAI, fake: FakeProvider) -> None:
    fake.script("primary", text="Hello there", reasoning="Hm.")

    answer = await sdk.chat.completions.with_raw_response.create(
        model="primary",
        messages=HELLO,
        n=1,
        seed=7,
        stop=["END"],
        logprobs=True,
        top_logprobs=2,
        extra_body={"made_up_field": 1, "provider": {"allow_fallbacks": False}},
    )

    whole, sent = answer.parse(), fake.requests[-1].body
    assert whole.choices[0].message.content == "Hello there"
    assert getattr(whole.choices[0].message, "reasoning_content", "") == "Hm."
    assert whole.usage is not None
    assert getattr(whole.usage, "cost", 0) > 0
    assert answer.headers["x-modeloptix-model"] == "primary-house/primary"
    assert (sent["seed"], sent["stop"], sent["made_up_field"]) == (7, ["END"], 1)
    assert (sent["n"], sent["logprobs"], sent["top_logprobs"]) == (1, True, 2)
    assert "provider" not in sent


async def _streams(sdk: openai.AsyncOpenAI, fake: FakeProvider) -> None:
    fake.forget()
    fake.script("primary", text="Hello there")

    chunks = [
        chunk
        async for chunk in await sdk.chat.completions.create(
            model="auto",
            messages=HELLO,
            stream=True,
            stream_options={"include_usage": True},
        )
    ]

    said = (c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert "".join(said) == "Hello there"
    assert chunks[-1].usage is not None
    assert getattr(chunks[-1].usage, "cost", 0) > 0


async def _calls_tools(sdk: openai.AsyncOpenAI, fake: FakeProvider) -> None:
    fake.forget()
    fake.script("primary", text="", tool_calls=TWO_CALLS)

    whole = await sdk.chat.completions.create(
        model="primary", messages=HELLO, tools=[WEATHER], parallel_tool_calls=True
    )
    async with sdk.chat.completions.stream(
        model="primary", messages=HELLO, tools=[WEATHER]
    ) as stream:
        streamed = await stream.get_final_completion()

    calls: Any = whole.choices[0].message.tool_calls
    again: Any = streamed.choices[0].message.tool_calls
    assert [c.function.arguments for c in calls] == [c.arguments for c in TWO_CALLS]
    assert [(c.id, c.function.arguments) for c in again] == [
        (c.id, c.function.arguments) for c in calls
    ]
    assert whole.choices[0].finish_reason == "tool_calls"
    assert fake.requests[0].body["parallel_tool_calls"] is True
    fake.forget()
    await sdk.chat.completions.create(
        model="primary",
        messages=HELLO,
        functions=[WEATHER["function"]],
        function_call={"name": "weather"},
    )
    assert fake.requests[0].body["function_call"] == {"name": "weather"}


async def _parses_a_schema(sdk: openai.AsyncOpenAI, fake: FakeProvider) -> None:
    fake.forget()
    fake.script("primary", text='{"name": "Oslo", "people": 700000}')

    answer = await sdk.chat.completions.parse(
        model="primary", messages=HELLO, response_format=City
    )

    assert answer.choices[0].message.parsed == City(name="Oslo", people=700_000)
    assert fake.requests[0].body["response_format"]["type"] == "json_schema"


async def _shows_a_picture(sdk: openai.AsyncOpenAI, fake: FakeProvider) -> None:
    fake.forget()

    await sdk.chat.completions.create(model="primary", messages=PICTURE)

    assert fake.requests[0].body["messages"] == PICTURE


async def _embeds(sdk: openai.AsyncOpenAI) -> None:
    packed = await sdk.embeddings.create(model="small", input=["Hi", "Ho"])
    plain = await sdk.embeddings.create(
        model="small", input=["Hi", "Ho"], encoding_format="float", dimensions=8
    )

    assert len(packed.data) == len(plain.data) == 2
    assert len(packed.data[0].embedding) == 1536
    assert len(plain.data[0].embedding) == 8
    assert packed.usage.prompt_tokens > 0


async def _lists_models(sdk: openai.AsyncOpenAI) -> None:
    models = {model.id async for model in sdk.models.list()}

    assert {"primary-house/primary", "maker/small"} <= models
    assert (await sdk.models.retrieve("primary-house/primary")).object == "model"
    with pytest.raises(openai.NotFoundError):
        await sdk.models.retrieve("nobody/nothing")


async def _fails_in_the_sdk_s_own_classes(
    sdk: openai.AsyncOpenAI, fake: FakeProvider
) -> None:
    for status, kind in STATUSES.items():
        fake.forget()
        fake.script("primary", status=status)
        with pytest.raises(kind) as caught:
            await sdk.chat.completions.create(
                model="primary",
                messages=HELLO,
                extra_body={"provider": {"allow_fallbacks": False}},
            )
        assert isinstance(caught.value.code, str)
        assert caught.value.type
        assert caught.value.message
    with pytest.raises(openai.BadRequestError) as refused:
        await sdk.chat.completions.create(model="auto", messages=[])
    assert refused.value.param == "messages"
    with pytest.raises(openai.AuthenticationError):
        await sdk.with_options(api_key="mx_live_wrong").models.list()
    with pytest.raises(openai.APIStatusError) as broke:
        await sdk.chat.completions.create(
            model="primary", messages=HELLO, extra_body={"max_cost": 0}
        )
    assert (broke.value.status_code, broke.value.code) == (402, "max_cost_exceeded")


async def _leaves_a_stream(sdk: openai.AsyncOpenAI, fake: FakeProvider) -> None:
    fake.forget()
    fake.script("primary", text="a" * 200, chunks=200, gap_s=0.1)

    stream = await sdk.chat.completions.create(
        model="primary", messages=HELLO, stream=True
    )
    await anext(aiter(stream))
    await stream.close()

    await eventually(lambda: fake.aborted("primary") == 1)

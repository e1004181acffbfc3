"""Anthropic's own SDK with only its base URL and key changed, against a real server.

It is served by a house of OpenAI's protocol and by one of Anthropic's, and must not
be able to tell them apart.
"""

from collections.abc import AsyncIterator
from typing import Any, Literal

import anthropic
import pydantic
import pytest
from anthropic.types import MessageParam, ToolParam

from apps.providers.fake import FakeProvider, ToolCall
from tests.router.clients.conftest import Place
from tests.router.conftest import eventually, ledger
from tests.router.protocols.conftest import make_bilingual

pytestmark = pytest.mark.django_db(transaction=True)

HELLO: list[MessageParam] = [{"role": "user", "content": "Hi"}]
LOOK: ToolParam = {"name": "look", "input_schema": {"type": "object"}}
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
HOUSES: tuple[Literal["primary", "claude"], ...] = ("primary", "claude")


@pytest.fixture
async def market(transactional_db: None, fake: FakeProvider) -> None:
    await make_bilingual(fake.base_url)


@pytest.fixture
async def sdk(place: Place) -> AsyncIterator[anthropic.AsyncAnthropic]:
    async with anthropic.AsyncAnthropic(
        base_url=place.base_url.removesuffix("/v1"),
        api_key=place.api_key,
        max_retries=0,
    ) as client:
        yield client


async def test_the_sdk_s_usual_calls(
    sdk: anthropic.AsyncAnthropic, fake: FakeProvider
) -> None:
    for model in HOUSES:
        await _chats(sdk, fake, model)
        await _streams(sdk, fake, model)
        await _calls_tools(sdk, fake, model)
        await _thinks(sdk, fake, model)
        await _follows_a_schema(sdk, fake, model)
        await _sees(sdk, fake, model)
        await _counts(sdk, model)
        await _leaves(sdk, fake, model)


async def _chats(sdk: anthropic.AsyncAnthropic, fake: FakeProvider, model: str) -> None:
    fake.forget()
    fake.script(model, text="Hello there")

    said = await sdk.messages.create(model=model, max_tokens=99, messages=HELLO)

    assert [block.type for block in said.content] == ["text"]
    assert said.stop_reason == "end_turn"
    assert said.usage.input_tokens > 0


async def _streams(
    sdk: anthropic.AsyncAnthropic, fake: FakeProvider, model: str
) -> None:
    fake.forget()
    fake.script(model, text="Hello there", chunks=3)

    stream = sdk.messages.stream(model=model, max_tokens=99, messages=HELLO)
    async with stream as events:
        texts = [text async for text in events.text_stream]
        whole = await events.get_final_message()
    same = await sdk.messages.create(model=model, max_tokens=99, messages=HELLO)

    assert "".join(texts) == "Hello there"
    assert said_in(whole) == said_in(same) == [("text", "Hello there")]
    assert whole.usage.input_tokens == same.usage.input_tokens
    assert whole.usage.output_tokens == same.usage.output_tokens


async def _calls_tools(
    sdk: anthropic.AsyncAnthropic, fake: FakeProvider, model: str
) -> None:
    fake.forget()
    calls = (ToolCall("look", '{"at":"a"}', "t1"), ToolCall("look", '{"at":"b"}', "t2"))
    fake.script(model, text="Let me see", tool_calls=calls)
    asked: dict[str, Any] = {"model": model, "max_tokens": 99, "tools": [LOOK]}

    async with sdk.messages.stream(messages=HELLO, **asked) as events:
        said = await events.get_final_message()
    used = [block for block in said.content if block.type == "tool_use"]
    results: list[Any] = [
        {"type": "tool_result", "tool_use_id": block.id, "content": "seen"}
        for block in used
    ]
    turns: list[Any] = [
        *HELLO,
        {"role": "assistant", "content": said.content},
        {"role": "user", "content": results},
    ]
    fake.script(model, text="Done")
    again = await sdk.messages.create(messages=turns, **asked)

    assert [block.input for block in used] == [{"at": "a"}, {"at": "b"}]
    assert said.stop_reason == "tool_use"
    assert again.content[0].type == "text"
    sent = fake.requests[-1].body["messages"]
    told = {
        "primary": ["user", "assistant", "tool", "tool"],
        "claude": ["user", "assistant", "user"],
    }
    assert [turn["role"] for turn in sent] == told[model]


async def _thinks(
    sdk: anthropic.AsyncAnthropic, fake: FakeProvider, model: str
) -> None:
    fake.forget()
    fake.script(model, text="Yes", reasoning="Hm, hm")
    budget = {"type": "enabled", "budget_tokens": 1024}
    asked: dict[str, Any] = {"model": model, "max_tokens": 2048, "thinking": budget}

    async with sdk.messages.stream(messages=HELLO, **asked) as events:
        streamed = await events.get_final_message()
    whole = await sdk.messages.create(messages=HELLO, **asked)

    assert [kind for kind, _ in said_in(whole)] == ["thinking", "text"]
    assert said_in(streamed) == said_in(whole)


def said_in(message: Any) -> list[tuple[str, str]]:
    return [(block.type, getattr(block, block.type)) for block in message.content]


class Town(pydantic.BaseModel):
    name: str


async def _follows_a_schema(
    sdk: anthropic.AsyncAnthropic, fake: FakeProvider, model: str
) -> None:
    fake.forget()
    fake.script(model, text='{"name": "Rome"}')

    said = await sdk.messages.parse(
        model=model, max_tokens=99, messages=HELLO, output_format=Town
    )

    assert said.parsed_output == Town(name="Rome")
    sent = fake.requests[0].body
    assert "response_format" in sent or "format" in sent["output_config"]


async def _sees(sdk: anthropic.AsyncAnthropic, fake: FakeProvider, model: str) -> None:
    fake.forget()
    inline: Any = {"type": "base64", "media_type": "image/png", "data": PIXEL}
    linked: Any = {"type": "url", "url": "https://example.org/a.png"}
    shown: Any = [{"type": "image", "source": source} for source in (inline, linked)]

    await sdk.messages.create(
        model=model, max_tokens=99, messages=[{"role": "user", "content": shown}]
    )

    parts = fake.requests[0].body["messages"][0]["content"]
    if model == "claude":
        assert parts == shown
    else:
        urls = [part["image_url"]["url"] for part in parts]
        assert urls == [f"data:image/png;base64,{PIXEL}", "https://example.org/a.png"]


async def _counts(sdk: anthropic.AsyncAnthropic, model: str) -> None:
    counted = await sdk.messages.count_tokens(model=model, messages=HELLO)

    assert counted.input_tokens > 0


async def _leaves(
    sdk: anthropic.AsyncAnthropic, fake: FakeProvider, model: str
) -> None:
    fake.forget()
    fake.script(model, text="word " * 500, chunks=500, gap_s=0.05)

    stream = await sdk.messages.create(
        model=model, max_tokens=99, messages=HELLO, stream=True
    )
    async for _ in stream:
        break
    await stream.close()

    await eventually(lambda: fake.aborted(model) == 1)


async def _read(stream: AsyncIterator[object]) -> None:
    async for _ in stream:
        pass


async def test_errors_are_the_sdk_s_own(
    sdk: anthropic.AsyncAnthropic, fake: FakeProvider
) -> None:
    asked: dict[str, Any] = {"max_tokens": 9, "messages": HELLO}
    with pytest.raises(anthropic.NotFoundError, match="no model named 'nope'") as lost:
        await sdk.messages.create(model="nope", **asked)
    assert lost.value.type == "not_found_error"
    with pytest.raises(anthropic.BadRequestError):
        await sdk.messages.create(model="auto", max_tokens=9, messages=[])
    stranger = sdk.with_options(api_key="mx_live_wrong")
    with pytest.raises(anthropic.AuthenticationError):
        await stranger.messages.create(model="auto", **asked)
    fake.script("primary", status=429, retry_after="40")
    with pytest.raises(anthropic.RateLimitError):
        await sdk.messages.create(model="primary", **asked)
    fake.script("claude", text="a b c d", fault="dies", fault_after=5)
    stream = await sdk.messages.create(model="claude", stream=True, **asked)
    with pytest.raises(anthropic.APIStatusError, match="No provider could answer"):
        await _read(stream)
    rows = await ledger(2)
    assert [row["status"] for row in rows] == ["failed", "failed"]

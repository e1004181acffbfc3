"""`usage.cost` in every answer in OpenAI's shape; usage in streams only when asked."""

import json
from typing import Any

import pytest

from apps.providers.fake import FakeProvider
from apps.router.front import Front
from apps.router.runtime import Runtime
from tests.asgi import App
from tests.router.conftest import DJANGO, Caller, ledger

pytestmark = pytest.mark.django_db(transaction=True)

USAGE = {"prompt_tokens": 1500, "completion_tokens": 500, "total_tokens": 2000}


@pytest.fixture
def app() -> App:
    """The raw front; both call the same gateway."""
    return Front(DJANGO)


async def test_a_whole_answer_says_what_it_cost(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    fake.script("primary", text='So: "usage": {"a": 1}', usage=USAGE)

    answer = (await live.complete("Hi", model="primary")).json()

    assert answer["usage"] == {**USAGE, "cost": pytest.approx(0.0025)}
    assert answer["choices"][0]["message"]["content"] == 'So: "usage": {"a": 1}'


@pytest.mark.parametrize(
    "asked",
    [{"stream_options": {"include_usage": True}}, {"usage": {"include": True}}],
    ids=["openai", "openrouter"],
)
async def test_a_stream_says_it_with_its_usage_when_asked(
    router: Runtime, live: Caller, fake: FakeProvider, asked: dict[str, Any]
) -> None:
    fake.script("primary", usage=USAGE)

    events = (await live.complete("Hi", stream=True, **asked)).events()

    assert events[-1][1] == "[DONE]"
    assert events[-2][1]["choices"] == []
    assert events[-2][1]["usage"] == {**USAGE, "cost": pytest.approx(0.0025)}
    assert sum("usage" in json.dumps(data) for _, data in events) == 1
    assert "usage" not in fake.requests[0].body


async def test_a_stream_says_nothing_of_usage_unasked(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    fake.script("primary", usage=USAGE)

    reply = await live.complete("Hi", stream=True)

    assert b"usage" not in reply.body
    assert (await ledger())[0]["input_tokens"] == 1500


@pytest.mark.parametrize("stream", [True, False])
async def test_a_provider_that_counts_nothing_is_counted_by_us(
    router: Runtime, live: Caller, fake: FakeProvider, *, stream: bool
) -> None:
    fake.script("primary", text="four" * 10, usage={})
    asked = {"stream_options": {"include_usage": True}} if stream else {}

    reply = await live.complete("Hi", model="primary", stream=stream, **asked)

    told = reply.events()[-2][1] if stream else reply.json()
    assert told["id"] == "chatcmpl-fake"
    assert told["usage"]["completion_tokens"] == 10
    assert told["usage"]["cost"] > 0


async def test_a_cost_that_the_provider_names_is_replaced_by_ours(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    fake.script("primary", usage={**USAGE, "cost": 99})

    answer = (await live.complete("Hi", model="primary")).json()

    assert answer["usage"]["cost"] == pytest.approx(0.0025)


async def test_test_keys_cost_nothing_and_are_told_so(
    router: Runtime, test: Caller
) -> None:
    answer = (await test.complete("Hi")).json()

    assert answer["usage"]["cost"] == 0

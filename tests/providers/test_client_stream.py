import asyncio
import time
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from apps.providers import errors
from apps.providers.client import ProviderClient
from apps.providers.fake import FakeProvider, ToolCall
from apps.providers.wire import ChatRequest, Endpoint, Protocol, StreamPart
from tests.providers.streams import Seen
from tests.providers.test_client import ask, both, until


def opened(
    client: ProviderClient,
    endpoint: Endpoint,
    *,
    first_s: float = 2.0,
    idle_s: float = 2.0,
    total_s: float = 5.0,
) -> AsyncGenerator[StreamPart, None]:
    body: dict[str, Any] = {"messages": [{"role": "user", "content": "Hi"}]}
    return client.stream(
        endpoint,
        ChatRequest("m", body, is_stream=True),
        first_token_timeout_s=first_s,
        idle_timeout_s=idle_s,
        total_timeout_s=total_s,
    )


async def read(parts: AsyncGenerator[StreamPart, None]) -> Seen:
    """All of a stream; an error that ends it is kept beside what came before."""
    seen = Seen()
    try:
        async for part in parts:
            seen.add(part)
    except errors.UpstreamError as problem:
        seen.problem = problem
    return seen


@both
async def test_a_stream_arrives_whole(
    client: ProviderClient, fake: FakeProvider, protocol: Protocol
) -> None:
    call = ToolCall("f", '{"x":1}')
    fake.script(
        "m", text="Hello world", reasoning="hm", tool_calls=(call,), gap_s=0.001
    )

    streamed = await read(opened(client, fake.endpoint(protocol)))
    whole = await ask(client, fake.endpoint(protocol))

    assert streamed.problem is None
    assert streamed.is_done
    assert streamed.text == whole.text == "Hello world"
    assert streamed.finish_reason == whole.finish_reason == "tool_calls"
    assert streamed.characters == len("Hello world" + "hm" + "f" + '{"x":1}')
    assert streamed.usage == whole.usage
    assert streamed.usage_data.count(b"\n\n") == 1


@both
async def test_a_stream_without_usage_has_none(
    client: ProviderClient, fake: FakeProvider, protocol: Protocol
) -> None:
    fake.script("m", usage={}, fault="no_done")

    seen = await read(opened(client, fake.endpoint(protocol)))

    assert seen.is_done
    assert (seen.usage, seen.usage_data) == (None, b"")


async def test_echo_streams_without_a_network(client: ProviderClient) -> None:
    seen = await read(opened(client, Endpoint("echo", "echo", "")))

    assert (seen.text, seen.is_done) == ("Echo: Hi", True)


@both
async def test_the_connection_is_used_again_after_a_stream(
    client: ProviderClient, fake: FakeProvider, protocol: Protocol
) -> None:
    for _ in range(3):
        await read(opened(client, fake.endpoint(protocol)))

    assert fake.connections_made == 1


@both
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("silent", errors.ProviderTimeoutError),
        ("slow", errors.ProviderTimeoutError),
        ("reset", errors.ConnectionFailedError),
        ("reset_body", errors.ConnectionFailedError),
        ("half_body", errors.ConnectionFailedError),
        ("not_http", errors.BadAnswerError),
        ("long_header", errors.BadAnswerError),
        ("garbage", errors.BadAnswerError),
        ("html", errors.BadAnswerError),
        ("huge", errors.BadAnswerError),
        ("huge_chunked", errors.BadAnswerError),
    ],
)
async def test_each_fault_before_the_first_token_becomes_its_error(
    client: ProviderClient,
    fake: FakeProvider,
    protocol: Protocol,
    fault: str,
    kind: type[errors.UpstreamError],
) -> None:
    fake.script("m", fault=fault)

    seen = await read(opened(client, fake.endpoint(protocol), first_s=0.5))

    assert type(seen.problem) is kind
    assert seen.text == ""


@both
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("dies", errors.ConnectionFailedError),
        ("ends_early", errors.ConnectionFailedError),
        ("error_event", errors.OverloadedError),
    ],
)
async def test_a_stream_that_fails_half_way_keeps_what_came_before(
    client: ProviderClient,
    fake: FakeProvider,
    protocol: Protocol,
    fault: str,
    kind: type[errors.UpstreamError],
) -> None:
    # Chunk by chunk, or the end would overtake what is still unread.
    fake.script("m", text="Hello world", fault=fault, fault_after=5, gap_s=0.02)

    seen = await read(opened(client, fake.endpoint(protocol)))

    assert type(seen.problem) is kind
    assert "Hello world".startswith(seen.text)
    assert seen.text
    assert not seen.is_done


@both
async def test_an_error_status_comes_before_any_part(
    client: ProviderClient, fake: FakeProvider, protocol: Protocol
) -> None:
    fake.script("m", status=429, retry_after="2")

    seen = await read(opened(client, fake.endpoint(protocol)))

    assert isinstance(seen.problem, errors.RateLimitedError)
    assert seen.problem.retry_after_s == 2.0


@both
async def test_a_stream_without_its_last_words_is_whole(
    client: ProviderClient, fake: FakeProvider, protocol: Protocol
) -> None:
    fake.script("m", fault="no_done")

    seen = await read(opened(client, fake.endpoint(protocol)))

    assert (seen.text, seen.is_done, seen.problem) == ("Hello", True, None)


async def test_an_answer_that_was_not_streamed_is_refused(
    client: ProviderClient, fake: FakeProvider
) -> None:
    fake.script("m", fault="not_streamed")

    seen = await read(opened(client, fake.endpoint()))

    assert isinstance(seen.problem, errors.BadAnswerError)
    assert seen.problem.message == "the provider did not stream its answer"


async def test_a_stream_falls_silent(
    client: ProviderClient, fake: FakeProvider
) -> None:
    fake.script("m", gap_s=30, chunks=3)
    fake.script("m", first_s=0.3)

    late = await read(opened(client, fake.endpoint(), first_s=0.2))
    slow_start = await read(opened(client, fake.endpoint(), first_s=2, idle_s=0.1))

    assert isinstance(late.problem, errors.ProviderTimeoutError)
    assert slow_start.is_done  # the idle limit begins with the first token


async def test_silence_between_tokens_has_its_own_limit(
    client: ProviderClient, fake: FakeProvider
) -> None:
    fake.script("m", fault="endless", fault_after=3, gap_s=0.3)

    seen = await read(opened(client, fake.endpoint(), first_s=2, idle_s=0.1))

    assert seen.text
    assert isinstance(seen.problem, errors.ProviderTimeoutError)


@both
async def test_an_endless_stream_ends_at_its_deadline(
    client: ProviderClient, fake: FakeProvider, protocol: Protocol
) -> None:
    fake.script("m", fault="endless", fault_after=4)
    started = time.perf_counter()

    seen = await read(opened(client, fake.endpoint(protocol), total_s=0.3))

    assert isinstance(seen.problem, errors.ProviderTimeoutError)
    assert seen.text
    assert time.perf_counter() - started < 1.0
    await until(lambda: fake.aborted("m") == 1)


async def test_an_endless_prelude_ends_with_the_patience_for_a_token(
    client: ProviderClient, fake: FakeProvider
) -> None:
    fake.script("m", fault="endless", fault_after=1)  # the role, for ever

    seen = await read(opened(client, fake.endpoint(), first_s=0.2))

    assert isinstance(seen.problem, errors.ProviderTimeoutError)
    assert seen.text == ""


@both
async def test_closing_half_way_closes_the_upstream(
    client: ProviderClient, fake: FakeProvider, protocol: Protocol
) -> None:
    fake.script("m", fault="endless", fault_after=4, gap_s=0.01)
    parts = opened(client, fake.endpoint(protocol))
    async for part in parts:
        if part.is_token:
            break

    await parts.aclose()

    await until(lambda: fake.aborted("m") == 1)
    await until(lambda: fake.open_connections == 0)


@pytest.mark.parametrize("script", [{"delay_s": 30}, {"first_s": 30}, {"gap_s": 30}])
async def test_cancelling_the_reader_closes_the_upstream(
    client: ProviderClient, fake: FakeProvider, script: dict[str, Any]
) -> None:
    before = asyncio.all_tasks()
    fake.script("m", **script)
    reading = asyncio.create_task(
        read(opened(client, fake.endpoint(), first_s=60, total_s=60))
    )
    await until(lambda: fake.requests)
    await asyncio.sleep(0.05)

    reading.cancel()

    with pytest.raises(asyncio.CancelledError):
        await reading
    await until(lambda: fake.aborted("m") == 1)
    await until(lambda: fake.open_connections == 0)
    await client.close()
    await until(lambda: asyncio.all_tasks() <= before)


async def test_the_end_of_the_body_is_waited_for_only_a_moment(
    client: ProviderClient, fake: FakeProvider
) -> None:
    fake.script("m", fault="lingers")
    started = time.perf_counter()

    seen = await read(opened(client, fake.endpoint()))

    assert seen.is_done
    assert time.perf_counter() - started < 0.5

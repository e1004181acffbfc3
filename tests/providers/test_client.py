import asyncio
import time
from typing import Any

import pytest

from apps.providers import errors
from apps.providers.client import ProviderClient
from apps.providers.fake import FakeProvider, ToolCall
from apps.providers.wire import ChatRequest, ChatResult, Endpoint, Protocol, Usage

PROTOCOLS: list[Protocol] = ["openai", "anthropic"]
both = pytest.mark.parametrize("protocol", PROTOCOLS)


async def ask(
    client: ProviderClient, endpoint: Endpoint, timeout_s: float = 5.0, **body: Any
) -> ChatResult:
    messages = [{"role": "user", "content": "Hi"}]
    request = ChatRequest("m", {"messages": messages, **body})
    return await client.send(endpoint, request, timeout_s=timeout_s)


async def until(fact: Any) -> None:
    """Wait for something the fake notices a moment later."""
    for _ in range(100):
        if fact():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen within a second")


@both
async def test_an_answer_comes_back_in_openais_shape(
    client: ProviderClient, fake: FakeProvider, protocol: Protocol
) -> None:
    fake.script(
        "m", text="Hello", reasoning="hm", tool_calls=(ToolCall("f", '{"x":1}'),)
    )

    result = await ask(
        client, fake.endpoint(protocol), tools=[{"function": {"name": "f"}}]
    )

    message = result.body["choices"][0]["message"]
    assert (result.text, result.finish_reason) == ("Hello", "tool_calls")
    assert message["tool_calls"][0]["function"] == {"name": "f", "arguments": '{"x":1}'}
    assert message["reasoning_content"] == "hm"
    assert result.usage is not None
    assert result.usage.output == 4  # 5 + 2 + 1 + 7 characters


@both
async def test_a_tool_call_may_be_all_there_is(
    client: ProviderClient, fake: FakeProvider, protocol: Protocol
) -> None:
    fake.script("m", text="", tool_calls=(ToolCall("f", "{}"),))

    result = await ask(client, fake.endpoint(protocol))

    assert result.text == ""
    assert result.body["choices"][0]["message"]["content"] is None


@both
async def test_the_provider_sees_its_own_key_and_model(
    client: ProviderClient, fake: FakeProvider, protocol: Protocol
) -> None:
    await ask(client, fake.endpoint(protocol))

    (received,) = fake.requests
    key = received.headers.get("authorization") or received.headers["x-api-key"]
    assert key.removeprefix("Bearer ") == "sk-fake-key-0123"
    assert received.model == "m"
    assert received.headers["user-agent"] == "ModelOptix"


async def test_echo_needs_no_network(client: ProviderClient) -> None:
    result = await ask(client, Endpoint("echo", "echo", ""))

    assert result.text == "Echo: Hi"
    assert result.usage == Usage(fresh=1, output=2)


@both
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (500, errors.ServerError),
        (503, errors.OverloadedError),
        (429, errors.RateLimitedError),
        (401, errors.AuthError),
        (404, errors.BadRequestError),
        (307, errors.BadAnswerError),
    ],
)
async def test_a_status_becomes_its_error(
    client: ProviderClient,
    fake: FakeProvider,
    protocol: Protocol,
    status: int,
    kind: type[errors.UpstreamError],
) -> None:
    fake.script("m", status=status, message="no: sk-fake-key-0123")

    with pytest.raises(errors.UpstreamError) as caught:
        await ask(client, fake.endpoint(protocol))

    assert type(caught.value) is kind
    assert caught.value.http_status == status
    assert caught.value.message == "no: [hidden]"
    assert caught.value.retry_after_s is None


async def test_an_answer_of_unknown_length_is_read_to_its_end(
    client: ProviderClient, fake: FakeProvider
) -> None:
    fake.script("m", is_chunked=True)

    assert (await ask(client, fake.endpoint())).text == "Hello"


async def test_a_refusal_without_a_key_is_read_as_well(
    client: ProviderClient, fake: FakeProvider
) -> None:
    fake.script("m", status=401, message="who are you?")

    with pytest.raises(errors.AuthError, match="who are you"):
        await ask(client, Endpoint("local", "openai", fake.base_url))


async def test_retry_after_is_passed_on(
    client: ProviderClient, fake: FakeProvider
) -> None:
    fake.script("m", status=429, retry_after="3")

    with pytest.raises(errors.RateLimitedError) as caught:
        await ask(client, fake.endpoint())

    assert caught.value.retry_after_s == 3.0


async def test_an_endless_error_page_is_not_read_to_its_end(
    client: ProviderClient, fake: FakeProvider
) -> None:
    fake.script("m", status=500, message="x" * 200_000)

    with pytest.raises(errors.ServerError, match="HTTP status 500"):
        await ask(client, fake.endpoint())


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
async def test_each_fault_becomes_its_error(
    client: ProviderClient,
    fake: FakeProvider,
    protocol: Protocol,
    fault: str,
    kind: type[errors.UpstreamError],
) -> None:
    fake.script("m", fault=fault)

    with pytest.raises(errors.UpstreamError) as caught:
        await ask(
            client, fake.endpoint(protocol), timeout_s=0.5 if "s" in fault[0] else 5
        )

    assert type(caught.value) is kind
    assert caught.value.is_retryable


async def test_no_server_is_no_connection(client: ProviderClient) -> None:
    nobody = Endpoint("x", "openai", "http://127.0.0.1:9/v1")

    with pytest.raises(errors.ConnectionFailedError, match="no connection"):
        await ask(client, nobody)


@pytest.mark.parametrize("base_url", ["http://[broken/v1", "ftp://h/v1", "nonsense"])
async def test_a_senseless_address_is_a_failed_connection(
    client: ProviderClient, base_url: str
) -> None:
    with pytest.raises(errors.ConnectionFailedError):
        await ask(client, Endpoint("x", "openai", base_url))


async def test_the_connection_is_used_again(
    client: ProviderClient, fake: FakeProvider
) -> None:
    for _ in range(3):
        await ask(client, fake.endpoint())

    assert fake.connections_made == 1


async def test_a_connection_that_idled_out_is_replaced_unnoticed(
    client: ProviderClient, fake: FakeProvider
) -> None:
    fake.script("m", text="one")
    fake.script("m", fault="stale", text="two")
    await ask(client, fake.endpoint())

    result = await ask(client, fake.endpoint())

    assert result.text == "two"
    assert fake.connections_made == 2
    assert len(fake.requests) == 3


async def test_a_request_on_a_new_connection_is_never_repeated(
    client: ProviderClient, fake: FakeProvider
) -> None:
    fake.script("m", fault="reset")

    with pytest.raises(errors.ConnectionFailedError):
        await ask(client, fake.endpoint())

    assert len(fake.requests) == 1


async def test_a_connection_lost_late_may_have_been_worked_on(
    client: ProviderClient, fake: FakeProvider
) -> None:
    fake.script("m", text="one")
    fake.script("m", fault="stale", delay_s=0.6)
    await ask(client, fake.endpoint())

    with pytest.raises(errors.ConnectionFailedError):
        await ask(client, fake.endpoint())

    assert len(fake.requests) == 2


@both
async def test_a_caller_who_leaves_closes_the_upstream(
    client: ProviderClient, fake: FakeProvider, protocol: Protocol
) -> None:
    fake.script("m", delay_s=30)
    waiting = asyncio.create_task(ask(client, fake.endpoint(protocol)))
    await until(lambda: fake.requests)

    waiting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await waiting
    await until(lambda: fake.aborted("m") == 1)
    await until(lambda: fake.open_connections == 0)


async def test_the_time_limit_holds_for_all_of_it(
    client: ProviderClient, fake: FakeProvider
) -> None:
    fake.script("m", fault="slow")
    started = time.perf_counter()

    with pytest.raises(errors.ProviderTimeoutError):
        await ask(client, fake.endpoint(), timeout_s=0.3)

    assert time.perf_counter() - started < 0.6


async def test_many_at_once_leave_nothing_behind(
    client: ProviderClient, fake: FakeProvider
) -> None:
    before = asyncio.all_tasks()
    fake.script("m", delay_s=0.01)

    results = await asyncio.gather(*(ask(client, fake.endpoint()) for _ in range(200)))
    await client.close()

    assert {result.text for result in results} == {"Hello"}
    await until(lambda: fake.open_connections == 0)
    await until(lambda: asyncio.all_tasks() <= before)


async def test_another_loop_has_a_session_of_its_own(
    client: ProviderClient, fake: FakeProvider
) -> None:
    async def elsewhere() -> str:
        result = await ask(client, fake.endpoint())
        await client.close()
        return result.text

    await ask(client, fake.endpoint())

    assert await asyncio.to_thread(asyncio.run, elsewhere()) == "Hello"
    assert (await ask(client, fake.endpoint())).text == "Hello"


def test_a_client_outlives_the_loop_it_was_first_used_in() -> None:
    client = ProviderClient()

    async def once(*, is_last: bool) -> str:
        async with FakeProvider.running() as fake:
            result = await ask(client, fake.endpoint())
        # A server that is gone has closed its connections.
        await asyncio.sleep(0.01)
        if is_last:
            await client.close()
        return result.text

    texts = [asyncio.run(once(is_last=number == 2)) for number in range(3)]

    assert texts == ["Hello"] * 3


async def test_closing_twice_is_harmless(client: ProviderClient) -> None:
    await client.close()
    await client.close()

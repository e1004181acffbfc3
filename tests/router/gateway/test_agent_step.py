"""`/v1/agent-step` on both fronts: steps of a run, each routed by itself."""

from typing import Any

import pytest

from apps.providers.fake import FakeProvider, ToolCall
from apps.router.runtime import Runtime
from tests.asgi import Answer
from tests.router.conftest import Caller, ledger

pytestmark = pytest.mark.django_db(transaction=True)
PATH = "/v1/agent-step"
WEATHER = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object"}},
}


async def step(live: Caller, text: str = "Hi", **options: Any) -> Answer:
    body = {"messages": [{"role": "user", "content": text}], **options}
    return await live.post(PATH, body)


async def test_a_step_says_whose_it_is(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    fake.script("primary", text="Hello")

    reply = await step(live, run_id="run-1", step=7)

    body = reply.json()
    assert reply.status == 200
    assert (body["run_id"], body["step"], body["output"]) == ("run-1", 7, "Hello")
    assert (body["task_type"], body["tool_calls"]) == ("agent_step", [])
    assert "run_id" not in fake.requests[0].body
    [row] = await ledger()
    assert (row["run_id"], row["step"], row["task"]) == ("run-1", 7, "agent_step")
    assert row["endpoint"] == PATH


async def test_steps_are_counted_for_whoever_does_not(
    router: Runtime, live: Caller
) -> None:
    one = (await step(live)).json()
    run_id = one["run_id"]
    more = [(await step(live, run_id=run_id)).json() for _ in range(2)]

    assert [one["step"], *(body["step"] for body in more)] == [1, 2, 3]
    await ledger(3)
    run = (await live.get(f"/v1/agent-runs/{run_id}")).json()
    assert [found["step"] for found in run["steps"]] == [1, 2, 3]
    assert run["totals"]["total_cost"] == pytest.approx(
        sum(body["cost"] for body in [one, *more])
    )


async def test_tool_calls_come_with_the_answer(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    call = ToolCall("weather", '{"city": "Bern"}')
    fake.script("primary", tool_calls=(call,))

    body = (await step(live, model="primary", tools=[WEATHER])).json()

    [made] = body["tool_calls"]
    assert made["function"] == {"name": "weather", "arguments": '{"city": "Bern"}'}
    assert body["finish_reason"] == "tool_calls"
    [row] = await ledger()
    assert row["tool_calls"] == 1


async def test_a_stream_ends_with_run_step_and_tool_calls(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    call = ToolCall("weather", '{"city": "Bern"}')
    fake.script("primary", tool_calls=(call,))

    reply = await step(
        live, model="primary", tools=[WEATHER], stream=True, run_id="run-2"
    )

    name, done = reply.events()[-1]
    assert name == "done"
    assert (done["run_id"], done["step"]) == ("run-2", 1)
    [made] = done["tool_calls"]
    assert made["id"]
    [row] = await ledger()
    assert row["tool_calls"] == 1
    assert made["function"] == {"name": "weather", "arguments": '{"city": "Bern"}'}


async def test_chat_streams_end_with_their_tool_calls_too(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    fake.script("primary", tool_calls=(ToolCall("weather", "{}"),))

    reply = await live.chat("Hi", model="primary", tools=[WEATHER], stream=True)

    name, done = reply.events()[-1]
    assert name == "done"
    assert [call["function"]["name"] for call in done["tool_calls"]] == ["weather"]


BAD: list[dict[str, Any]] = [
    {"run_id": ""},
    {"run_id": "a/b"},
    {"run_id": "x" * 129},
    {"run_id": 7.5},
    {"step": 0},
    {"step": "many"},
]


async def test_a_bad_run_or_step_is_named(router: Runtime, live: Caller) -> None:
    for fields in BAD:
        reply = await step(live, **fields)
        error = reply.json()["error"]
        assert reply.status in {400, 422}, fields
        assert (error["code"], error["param"]) == ("validation_error", *fields)


async def test_a_request_is_readable_as_soon_as_it_is_answered(
    router: Runtime, live: Caller
) -> None:
    body = (await live.chat("Hi")).json()

    reply = await live.get(f"/v1/requests/{body['request_id']}")

    assert reply.status == 200
    assert reply.json()["cost"] == body["cost"]
    assert reply.json()["decision"]["task_type"] == "chat"

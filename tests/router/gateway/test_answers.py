"""`/v1/chat` and `/v1/chat/completions` on both fronts, answered by a real socket."""

from decimal import Decimal

import pytest

from apps.providers.fake import FakeProvider, ToolCall
from apps.router.runtime import Runtime
from tests.router.conftest import Caller, attempts, ledger

pytestmark = pytest.mark.django_db(transaction=True)

USAGE = {"prompt_tokens": 1500, "completion_tokens": 500, "total_tokens": 2000}


async def test_chat_says_what_it_used_and_what_it_cost(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    fake.script("primary", text="Hello", usage=USAGE)

    reply = await live.chat("Hi")

    answer = reply.json()
    assert reply.status == 200
    assert answer["output"] == "Hello"
    assert answer["model_used"] == "primary-house/primary"
    assert answer["provider"] == "primary-house"
    assert answer["cost"] == pytest.approx(0.0025)
    assert answer["savings_estimate"] == answer["estimated_savings"]
    assert answer["savings_estimate"] == pytest.approx(0.0075 - 0.0025)
    assert answer["baseline_model"] == "third-house/third"
    assert answer["task_type"] == "chat"
    assert answer["tokens"]["input"] == 1500
    assert answer["tokens"]["output"] == 500
    assert answer["finish_reason"] == "stop"
    assert answer["attempts"] == 1
    assert answer["request_id"] == reply.headers["x-request-id"]
    assert answer["latency_ms"] >= 0


async def test_the_row_in_the_ledger_says_the_same(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    fake.script("primary", usage=USAGE)

    answer = (await live.chat("Hi")).json()

    [row] = await ledger()
    assert row["id"] == answer["request_id"]
    assert row["status"] == "ok"
    assert Decimal(str(row["cost_usd"])) == Decimal("0.0025")
    assert Decimal(str(row["baseline_usd"])) == Decimal("0.0075")
    assert row["model"] == "primary-house/primary"
    [attempt] = await attempts()
    assert (attempt["outcome"], attempt["request_id"]) == ("ok", row["id"])


async def test_completions_relay_the_provider_s_own_body(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    fake.script("primary", text="Hello", usage=USAGE)

    reply = await live.complete("Hi", model="primary", seed=7, made_up_field=1)

    assert reply.json()["choices"][0]["message"]["content"] == "Hello"
    assert reply.json()["usage"]["prompt_tokens"] == 1500
    assert reply.headers["x-modeloptix-model"] == "primary-house/primary"
    assert reply.headers["x-modeloptix-attempts"] == "1"
    assert float(reply.headers["x-modeloptix-cost"]) == pytest.approx(0.0025)
    assert float(reply.headers["x-modeloptix-overhead-ms"]) >= 0
    sent = fake.requests[0].body
    assert (sent["model"], sent["seed"], sent["made_up_field"]) == ("primary", 7, 1)


async def test_a_chat_stream_ends_with_the_whole_answer(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    fake.script("primary", text="Hello there", chunks=3, usage=USAGE)

    reply = await live.chat("Hi", stream=True)

    events = reply.events()
    tokens = [data["text"] for name, data in events if name == "token"]
    name, last = events[-1]
    assert "".join(tokens) == "Hello there"
    assert (name, last["output"]) == ("done", "Hello there")
    assert last["cost"] == pytest.approx(0.0025)
    [row] = await ledger()
    assert (row["status"], row["is_stream"], row["output_tokens"]) == ("ok", True, 500)
    assert row["first_token_ms"] is not None


@pytest.mark.parametrize("wants_usage", [True, False])
async def test_a_completion_stream_carries_usage_only_when_asked(
    router: Runtime, live: Caller, fake: FakeProvider, *, wants_usage: bool
) -> None:
    fake.script("primary", text="Hello", usage=USAGE)
    options = {"stream_options": {"include_usage": True}} if wants_usage else {}

    reply = await live.complete("Hi", stream=True, **options)

    events = [data for _, data in reply.events()]
    assert events[-1] == "[DONE]"
    assert ("usage" in events[-2] and bool(events[-2]["usage"])) is wants_usage
    assert fake.requests[0].body["stream_options"] == {"include_usage": True}
    [row] = await ledger()
    assert row["input_tokens"] == 1500


async def test_a_streamed_answer_costs_what_a_whole_one_does(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    fake.script("primary", usage=USAGE)

    await live.chat("Hi")
    await live.chat("Hi", stream=True)

    whole, streamed = await ledger(2)
    assert whole["cost_usd"] == streamed["cost_usd"]


async def test_a_test_key_reaches_nobody_and_costs_nothing(
    router: Runtime, test: Caller, fake: FakeProvider
) -> None:
    answer = (await test.chat("Hello")).json()

    assert answer["model_used"] == "modeloptix/echo"
    assert answer["cost"] == 0
    assert fake.requests == []
    [row] = await ledger()
    assert row["is_test"] is True


async def test_a_provider_without_usage_is_billed_by_an_estimate(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    fake.script("primary", text="four" * 10, usage={})

    answer = (await live.chat("Hello there")).json()

    assert answer["tokens"]["estimated"] is True
    assert answer["tokens"]["output"] == 10
    [row] = await ledger()
    assert row["is_estimated"] is True


async def test_max_cost_caps_the_output_that_is_asked_for(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    await live.chat("Hi", max_cost=0.001, max_tokens=100_000, models=["primary"])
    await live.chat("Hi", max_cost=0.001, models=["primary"])

    limits = [received.body["max_tokens"] for received in fake.requests]
    assert limits == [498, 498]  # $0.001 less 4 tokens in, at $2 a million out


async def test_steering_fields_are_not_sent_to_the_provider(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    await live.chat("Hi", priority="cheap", task="chat", metadata={"a": 1}, top_p=0.5)

    sent = fake.requests[0].body
    assert set(sent) <= {"messages", "model", "top_p", "stream"}


async def test_the_models_list_is_kept_to(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    answer = (await live.chat("Hi", models=["backup"])).json()

    assert answer["model_used"] == "backup-house/backup"


async def test_tool_calls_are_handed_on(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    fake.script("primary", text="", tool_calls=(ToolCall("look", '{"a": 1}'),))

    tools = [{"type": "function", "function": {"name": "look", "parameters": {}}}]
    answer = (await live.chat("Hi", model="primary", tools=tools)).json()

    assert answer["tool_calls"][0]["function"]["name"] == "look"
    assert answer["task_type"] == "agent_step"

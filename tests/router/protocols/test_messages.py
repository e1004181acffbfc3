"""`/v1/messages`: the same caller served by either protocol."""

from typing import Any

import pytest

from apps.providers.fake import FakeProvider, ToolCall
from apps.router.runtime import Runtime
from tests.asgi import Answer
from tests.router.conftest import DJANGO, Caller, ledger

pytestmark = pytest.mark.django_db(transaction=True)

HELLO: dict[str, Any] = {
    "max_tokens": 100,
    "messages": [{"role": "user", "content": "Hi"}],
}
COUNTS: dict[str, dict[str, Any]] = {
    "primary": {
        "prompt_tokens": 1500,
        "completion_tokens": 500,
        "total_tokens": 2000,
        "prompt_tokens_details": {"cached_tokens": 1000},
    },
    "claude": {
        "input_tokens": 500,
        "cache_read_input_tokens": 1000,
        "output_tokens": 500,
    },
}
BOTH = pytest.mark.parametrize("model", ["primary", "claude"])


async def ask(live: Caller, model: str, **more: Any) -> Answer:
    return await live.post("/v1/messages", {"model": model, **HELLO, **more})


@BOTH
async def test_a_stream_costs_what_a_whole_answer_does(
    router: Runtime, live: Caller, fake: FakeProvider, model: str
) -> None:
    fake.script(model, text="Hello there", usage=COUNTS[model])

    reply = await ask(live, model)
    events = (await ask(live, model, stream=True)).events()

    answer = reply.json()
    assert answer["content"] == [{"type": "text", "text": "Hello there"}]
    assert (answer["type"], answer["stop_reason"]) == ("message", "end_turn")
    counts = {name: answer["usage"][name] for name in COUNTS["claude"]}
    assert counts == COUNTS["claude"]
    assert reply.headers["x-modeloptix-model"].endswith(model)
    names = [name for name, _ in events if name != "ping"]
    assert names[:2] == ["message_start", "content_block_start"]
    assert names[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    texts = [e["delta"]["text"] for n, e in events if n == "content_block_delta"]
    assert "".join(texts) == "Hello there"
    whole, streamed = await ledger(2)
    assert whole["cost_usd"] == streamed["cost_usd"] > 0
    assert answer["usage"]["cost"] == pytest.approx(whole["cost_usd"])
    [delta] = [event for name, event in events if name == "message_delta"]
    assert delta["usage"]["cost"] == answer["usage"]["cost"]
    assert whole["cached_tokens"] == streamed["cached_tokens"] == 1000
    assert whole["endpoint"] == "/v1/messages"


@BOTH
async def test_parallel_tool_calls_are_blocks(
    router: Runtime, live: Caller, fake: FakeProvider, model: str
) -> None:
    calls = (ToolCall("look", '{"at":"a"}', "t1"), ToolCall("look", '{"at":"b"}', "t2"))
    fake.script(model, text="Let me see", tool_calls=calls)
    tool = {"name": "look", "input_schema": {"type": "object", "properties": {}}}

    reply = await ask(live, model, tools=[tool], tool_choice={"type": "any"})

    answer = reply.json()
    assert answer["stop_reason"] == "tool_use"
    assert [(b.get("id"), b.get("input")) for b in answer["content"][1:]] == [
        ("t1", {"at": "a"}),
        ("t2", {"at": "b"}),
    ]
    sent = fake.requests[0].body
    expected = "required" if model == "primary" else {"type": "any"}
    assert sent["tool_choice"] == expected


async def test_a_provider_of_the_same_protocol_gets_and_gives_it_as_it_is(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    fake.script("claude", text="Hello")
    live.headers["anthropic-beta"] = "some-beta-2026-01-01"

    reply = await ask(live, "claude", made_up=1, metadata={"user_id": "u"}, top_k=3)

    sent = fake.requests[0]
    assert sent.path.endswith("/messages")
    assert (sent.body["made_up"], sent.body["top_k"]) == (1, 3)
    assert sent.body["metadata"] == {"user_id": "u"}
    assert sent.body["messages"] == HELLO["messages"]
    assert sent.headers["anthropic-beta"] == "some-beta-2026-01-01"
    assert reply.json()["id"] == "msg_fake"
    assert "x-modeloptix-adjusted" not in reply.headers


async def test_what_is_lost_in_translation_is_told(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    search = {"type": "web_search_20250305", "name": "web_search"}

    reply = await ask(live, "primary", tools=[search], stop_sequences=["END"])

    [row] = await ledger()
    assert row["adjusted"] == "dropped:tools.web_search_20250305"
    assert reply.headers["x-modeloptix-adjusted"] == row["adjusted"]
    sent = fake.requests[0].body
    assert "tools" not in sent
    assert sent["stop"] == ["END"]


async def test_what_cannot_be_said_is_refused(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    source = {"type": "url", "url": "https://example.org/a.pdf"}
    messages = [
        {"role": "user", "content": [{"type": "document", "source": source}]},
    ]

    refused = await ask(live, "primary", messages=messages)
    answered = await ask(live, "claude", messages=messages)

    assert (refused.status, answered.status) == (422, 200)
    assert refused.json()["error"]["type"] == "invalid_request_error"


REFUSALS = (
    (400, 400, "invalid_request_error"),
    (429, 429, "rate_limit_error"),
    (500, 502, "api_error"),
)


async def test_refusals_have_their_shape(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    for status, expected, kind in REFUSALS:
        fake.forget()
        fake.script("primary", status=status)

        reply = await ask(live, "primary")

        body = reply.json()
        assert reply.status == expected
        assert (body["type"], body["error"]["type"]) == ("error", kind)
        assert body["request_id"] == reply.headers["x-request-id"]


async def test_bad_input_and_unknown_callers_are_told_in_their_shape(
    router: Runtime, live: Caller
) -> None:
    bad = await live.post("/v1/messages", {"messages": HELLO["messages"]})
    unknown = await ask(live, "nope")
    live.token = "mx_live_wrong"
    stranger = await ask(live, "primary")

    kinds = [r.json()["error"]["type"] for r in (bad, unknown, stranger)]
    assert (bad.status, unknown.status, stranger.status) == (400, 404, 401)
    assert kinds == [
        "invalid_request_error",
        "not_found_error",
        "authentication_error",
    ]


@BOTH
async def test_a_stream_that_breaks_says_so_and_never_ends_well(
    router: Runtime, live: Caller, fake: FakeProvider, model: str
) -> None:
    fake.script(model, text="Hello there you", chunks=6, fault="dies", fault_after=5)

    events = (await ask(live, model, stream=True)).events()

    name, last = events[-1]
    assert (name, last["type"]) == ("error", "error")
    assert last["error"]["type"] == "api_error"
    assert "message_stop" not in [name for name, _ in events]
    [row] = await ledger()
    assert (row["status"], row["is_estimated"]) == ("failed", True)


async def test_tokens_are_counted_by_who_can_and_estimated_for_others(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    path, body = "/v1/messages/count_tokens", {"messages": HELLO["messages"]}
    tool = {"name": "look", "input_schema": {"type": "object"}}

    counted = await live.post(path, {"model": "claude", **body})
    guessed = await live.post(path, {"model": "primary", **body, "tools": [tool]})
    fake.script("claude", status=500)
    failed = await live.post(path, {"model": "claude", **body})
    bad = await live.post(path, {"model": "claude"})

    assert counted.json()["estimated"] is False
    assert guessed.json()["estimated"] is True
    assert guessed.json()["input_tokens"] > failed.json()["input_tokens"] > 0
    assert failed.json()["estimated"] is True
    assert (bad.status, bad.json()["type"]) == (400, "error")


async def test_claude_s_other_names_are_known(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    reply = await ask(live, "claude-9-20260101")

    assert reply.headers["x-modeloptix-model"] == "anthropic-house/claude-9"


async def test_the_other_front_says_the_same(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    """And takes the key as Anthropic's clients send it."""
    django = Caller(DJANGO, live.token)
    django.headers |= {"x-api-key": live.token, "authorization": ""}
    django.headers["anthropic-beta"] = "b"
    fake.script("claude", text="Hello")

    mine, theirs = await ask(live, "claude"), await ask(django, "claude")
    stream = await ask(django, "primary", stream=True)
    refused = await ask(django, "nope")

    assert mine.body == theirs.body
    assert fake.requests[1].headers["anthropic-beta"] == "b"
    assert stream.events()[-1][0] == "message_stop"
    assert refused.json()["error"]["type"] == "not_found_error"

"""`/v1/responses`: the same caller served by any protocol."""

from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from apps.accounts.models import Organization
from apps.jobs.lock import hold
from apps.kit.clock import utc_now
from apps.privacy.models import PrivacySettings
from apps.providers.fake import FakeProvider, ToolCall
from apps.router import runtime as runtimes
from apps.router.conversation_models import StoredResponse
from apps.router.forgetting import drop_expired_responses
from apps.router.runtime import Runtime
from apps.tenancy.scope import scope
from tests.asgi import Answer
from tests.factories import make_key, make_org
from tests.router.conftest import DJANGO, Caller, ledger

pytestmark = pytest.mark.django_db(transaction=True)

BOTH = pytest.mark.parametrize("model", ["primary", "claude"])


async def ask(live: Caller, model: str, said: Any = "Hi", **more: Any) -> Answer:
    return await live.post("/v1/responses", {"model": model, "input": said, **more})


@BOTH
async def test_a_stream_ends_with_what_a_whole_answer_is(
    router: Runtime, live: Caller, fake: FakeProvider, model: str
) -> None:
    calls = (ToolCall("look", '{"at":"a"}', "t1"), ToolCall("look", '{"at":"b"}', "t2"))
    fake.script(model, text="Let me see", reasoning="Hm, hm", tool_calls=calls)
    tools = [{"type": "function", "name": "look", "parameters": {"type": "object"}}]

    whole = (await ask(live, model, tools=tools)).json()
    events = (await ask(live, model, tools=tools, stream=True)).events()

    kinds = [item["type"] for item in whole["output"]]
    assert kinds == ["reasoning", "message", "function_call", "function_call"]
    name, last = events[-1]
    assert (name, last["response"]["status"]) == ("response.completed", "completed")
    assert plain(last["response"]) == plain(whole)
    assert [e["sequence_number"] for _, e in events] == list(range(len(events)))
    rows = await ledger(2)
    assert rows[0]["cost_usd"] == rows[1]["cost_usd"] > 0
    assert whole["usage"]["cost"] == pytest.approx(rows[0]["cost_usd"])


def plain(response: dict[str, Any]) -> dict[str, Any]:
    """A Response without what is each request's own."""
    output = [{**item, "id": item["type"]} for item in response["output"]]
    own = {"id", "created_at", "completed_at"}
    return {k: v for k, v in response.items() if k not in own} | {"output": output}


@BOTH
async def test_the_answer_can_be_given_back_with_the_results_of_its_calls(
    router: Runtime, live: Caller, fake: FakeProvider, model: str
) -> None:
    calls = (ToolCall("look", '{"at":"a"}', "t1"), ToolCall("look", '{"at":"b"}', "t2"))
    fake.script(model, text="", tool_calls=calls)
    tools = [{"type": "function", "name": "look", "parameters": {"type": "object"}}]
    first = (await ask(live, model, tools=tools)).json()
    results = [
        {"type": "function_call_output", "call_id": item["call_id"], "output": "7"}
        for item in first["output"]
    ]

    said = [{"role": "user", "content": "Hi"}, *first["output"], *results]
    await ask(live, model, said, tools=tools)

    roles = [message["role"] for message in fake.requests[1].body["messages"]]
    if model == "primary":
        assert roles == ["user", "assistant", "tool", "tool"]
    else:
        assert roles == ["user", "assistant", "user"]


async def test_what_is_asked_for_reaches_the_provider(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    schema = {"type": "object", "properties": {}, "additionalProperties": False}
    shape = {"type": "json_schema", "name": "n", "schema": schema, "strict": True}
    picture = {"type": "input_image", "image_url": "https://example.org/a.png"}
    said = [{"role": "user", "content": [picture]}]

    reply = await ask(
        live,
        "primary",
        said,
        instructions="Be brief",
        text={"format": shape},
        max_output_tokens=50,
        reasoning={"effort": "low"},
        top_logprobs=2,
        tools=[{"type": "web_search"}],
    )

    sent = fake.requests[0].body
    assert sent["messages"][0] == {"role": "system", "content": "Be brief"}
    assert sent["messages"][1]["content"][0]["type"] == "image_url"
    assert sent["response_format"]["json_schema"]["name"] == "n"
    assert (sent["max_tokens"], sent["reasoning_effort"]) == (50, "low")
    assert (sent["logprobs"], sent["top_logprobs"]) == (True, 2)
    assert reply.headers["x-modeloptix-adjusted"] == "dropped:tools.web_search"


async def test_without_storage_nothing_is_kept_and_asking_for_it_is_refused(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    first = (await ask(live, "primary")).json()
    refused = await ask(live, "primary", store=True)
    lost = await ask(live, "primary", previous_response_id=first["id"])

    assert first["store"] is False
    assert (refused.status, refused.json()["error"]["param"]) == (400, "store")
    assert lost.status == 404
    assert len(fake.requests) == 1


@pytest.fixture
async def keeping(org: Organization, router: Runtime) -> None:
    """The organization stores its prompts, and the router knows."""
    await sync_to_async(_switch_on)(org)
    await runtimes.current()._refresh(is_forced=True)


def _switch_on(org: Organization) -> None:
    with scope(org.id):
        PrivacySettings.objects.create(stores_prompts=True)


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "stream"])
async def test_a_conversation_goes_on_from_a_stored_response(
    keeping: None, live: Caller, fake: FakeProvider, *, is_stream: bool
) -> None:
    first = await answer(live, "My mail is a@example.org", is_stream=is_stream)
    second = await answer(
        live, "Go on", is_stream=is_stream, previous_response_id=first["id"]
    )
    await answer(live, "And on", previous_response_id=second["id"])

    assert (first["store"], second["previous_response_id"]) == (True, first["id"])
    said = [m["content"] for m in fake.requests[2].body["messages"]]
    assert said[1:] == ["Hello", "Go on", "Hello", "And on"]
    assert "a@example.org" not in said[0]
    whole = await live.get(f"/v1/responses/{second['id']}")
    assert whole.json()["output"] == second["output"]
    listed = (await live.get(f"/v1/responses/{second['id']}/input_items")).json()
    assert listed["data"][0]["content"][0]["text"] == "Go on"


async def answer(
    live: Caller, said: str, *, is_stream: bool = False, **more: Any
) -> Any:
    reply = await ask(live, "primary", said, stream=is_stream, **more)
    assert reply.status == 200
    return reply.events()[-1][1]["response"] if is_stream else reply.json()


async def test_a_stored_response_is_its_organization_s_and_can_be_deleted(
    keeping: None, live: Caller
) -> None:
    first = await answer(live, "Hi")
    path = f"/v1/responses/{first['id']}"
    stranger = Caller(live.app, await sync_to_async(_strangers_token)())

    seen = await stranger.get(path)
    used = await ask(stranger, "primary", previous_response_id=first["id"])
    gone = await live.start("DELETE", path).answer()
    after = await live.get(path)
    unknown = await ask(live, "primary", previous_response_id=first["id"])

    assert (seen.status, used.status) == (404, 404)
    assert gone.json() == {"id": first["id"], "object": "response", "deleted": True}
    assert (after.status, unknown.status) == (404, 404)


def _strangers_token() -> str:
    return make_key(make_org("Globex"))[1]


async def test_a_private_request_is_not_stored(keeping: None, live: Caller) -> None:
    live.headers["X-ModelOptix-Store"] = "false"

    assert (await answer(live, "Hi"))["store"] is False


async def test_a_stream_that_breaks_fails_and_is_no_response(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    fake.script("primary", text="Hello there", chunks=6, fault="dies", fault_after=3)

    events = (await ask(live, "primary", stream=True)).events()

    names = [name for name, _ in events]
    assert names[-2:] == ["response.failed", "error"]
    assert "response.completed" not in names
    assert events[-1][1]["error"]["code"] == "provider_error"


async def test_openai_s_own_answers_are_relayed_and_go_on(
    keeping: None, live: Caller, fake: FakeProvider
) -> None:
    fake.script("gpt", text="Hello", reasoning="Hm")

    first = (await ask(live, "gpt", "Hi", made_up=1)).json()
    stream = await ask(
        live, "gpt", "Go on", stream=True, previous_response_id=first["id"]
    )

    sent = [received.body for received in fake.requests]
    assert all(received.path.endswith("/responses") for received in fake.requests)
    assert (sent[0]["made_up"], sent[0]["store"]) == (1, False)
    assert sent[0]["include"] == ["reasoning.encrypted_content"]
    assert (first["id"], first["store"]) == ("resp_fake", True)
    kinds = [item.get("type") for item in sent[1]["input"]]
    assert kinds == ["message", "reasoning", "message", "message"]
    last = stream.events()[-1][1]["response"]
    assert last["previous_response_id"] == "resp_fake"
    # Nobody knows a price of this model, which is no reason to leave the word out.
    assert first["usage"]["cost"] is last["usage"]["cost"] is None
    rows = await ledger(2)
    assert rows[0]["output_tokens"] == rows[1]["output_tokens"] > 0


async def test_without_a_database_an_answer_is_given_and_says_it_is_not_stored(
    keeping: None, live: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtimes.current().database, "dsn", "host=/nowhere")
    await runtimes.current().database.close()

    answered = await answer(live, "Hi")
    refused = await ask(live, "primary", previous_response_id="resp_x")

    assert answered["store"] is False
    assert refused.status == 503


async def test_what_is_too_old_is_removed(
    keeping: None, live: Caller, org: Organization
) -> None:
    old = await answer(live, "Hi")
    new = await answer(live, "Hi")
    await sync_to_async(_age)(org, old["id"])

    await sync_to_async(_drop_expired)()

    assert await sync_to_async(_kept)(org) == [new["id"]]


def _age(org: Organization, response_id: str) -> None:
    past = utc_now() - timedelta(days=31)
    with scope(org.id):
        rows = StoredResponse.objects.filter(response_id=response_id)
        rows.update(created_at=past)


def _drop_expired() -> None:
    with hold("test.responses", trigger="manual") as held:
        drop_expired_responses(held)


def _kept(org: Organization) -> list[str]:
    with scope(org.id):
        return list(StoredResponse.objects.values_list("response_id", flat=True))


async def test_the_other_front_says_the_same(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    django = Caller(DJANGO, live.token)

    whole = await ask(django, "claude")
    stream = await ask(
        django, "primary", [{"role": "user", "content": "Hi"}], stream=True
    )
    bad = await ask(django, "primary", 7)

    assert whole.json()["output"][0]["content"][0]["text"] == "Hello"
    assert stream.events()[-1][0] == "response.completed"
    assert (bad.status, bad.json()["error"]["param"]) == (400, "input")

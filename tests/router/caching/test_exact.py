"""Answers from memory: who gets them, what they cost, and what keeps them apart."""

from typing import Any

import pytest
import redis
from asgiref.sync import sync_to_async
from django.conf import settings

from apps.accounts.models import Organization
from apps.providers.fake import FakeProvider
from apps.router.alias_models import Alias
from apps.router.answer_cache import AnswerCache, index_of
from apps.router.cache_models import KeyCache
from apps.router.front import Front
from apps.router.runtime import Runtime
from apps.tenancy.scope import scope
from tests.asgi import App
from tests.factories import make_key, make_org
from tests.router.conftest import DJANGO, Caller, eventually, ledger

pytestmark = pytest.mark.django_db(transaction=True)

HIT = "x-modeloptix-cache"


@pytest.fixture(params=["raw"])
def app(request: pytest.FixtureRequest) -> App:
    """One front is enough: what is tested here lies behind both."""
    return Front(DJANGO) if request.param == "raw" else DJANGO


@pytest.fixture(autouse=True)
def valkey() -> Any:
    """What a test has stored goes with it."""
    client = redis.Redis.from_url(settings.REDIS_URL)
    yield client
    for name in client.scan_iter("mx:answer:*"):
        client.delete(name)
    client.close()


async def stored(valkey: Any, number: int = 1) -> None:
    """Wait until so many answers stand in Valkey; storing waits for nobody."""

    def are_there() -> bool:
        names = valkey.scan_iter("mx:answer:*")
        found = [n for n in names if not n.endswith((b":ends", b":sizes"))]
        return len(found) >= number

    await eventually(are_there)


@pytest.mark.parametrize("app", ["raw", "drf"], indirect=True)
@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "stream"])
async def test_the_second_answer_comes_from_memory_and_costs_nothing(
    router: Runtime, live: Caller, fake: FakeProvider, valkey: Any, *, is_stream: bool
) -> None:
    fake.script("primary", text="Hello there")
    options = {"cache": True, "stream": is_stream}
    first = await live.complete("Hi", **options)
    await stored(valkey)

    again = await live.complete("Hi", **options)

    assert (first.headers[HIT], again.headers[HIT]) == ("miss", "hit")
    assert int(again.headers["age"]) >= 0
    assert _text(again) == _text(first) == "Hello there"
    assert len(fake.requests) == 1
    paid, free = await ledger(2)
    assert (paid["cache"], paid["cache_saved_usd"]) == ("", None)
    assert (free["cache"], free["status"]) == ("exact", "ok")
    assert (free["cost_usd"], free["baseline_usd"], free["attempts"]) == (0, None, 0)
    assert free["cache_saved_usd"] == paid["cost_usd"] > 0
    assert (free["model"], free["provider"]) == (paid["model"], paid["provider"])


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "stream"])
async def test_our_own_endpoint_tells_this_requests_figures(
    router: Runtime, live: Caller, fake: FakeProvider, valkey: Any, *, is_stream: bool
) -> None:
    first = _answer(await live.chat("Hi", cache=True, stream=is_stream))
    await stored(valkey)

    again = _answer(await live.chat("Hi", cache=True, stream=is_stream))

    assert again["output"] == first["output"]
    assert again["cost"] == 0
    assert again["request_id"] != first["request_id"]
    assert again["tokens"] == first["tokens"]
    assert (again["model_used"], again["attempts"]) == (first["model_used"], 0)


def _text(reply: Any) -> str:
    """What a completion says, whole or streamed."""
    if not reply.headers["content-type"].startswith("text/event-stream"):
        return str(reply.json()["choices"][0]["message"]["content"])
    chunks = [data for _, data in reply.events() if data != "[DONE]"]
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks if chunk["choices"]]
    return "".join(delta.get("content") or "" for delta in deltas)


def _answer(reply: Any) -> Any:
    is_stream = reply.headers["content-type"].startswith("text/event-stream")
    return reply.events()[-1][1] if is_stream else reply.json()


async def test_nobody_gets_one_who_did_not_ask(
    router: Runtime, live: Caller, fake: FakeProvider, valkey: Any
) -> None:
    await live.chat("Hi", cache=True)
    await stored(valkey)

    plain = await live.chat("Hi")

    assert HIT not in plain.headers
    assert len(fake.requests) == 2


CHANGES: list[dict[str, Any]] = [
    {"temperature": 0.3},
    {"max_tokens": 7},
    {"model": "primary"},
    {"priority": "best"},
    {"messages": [{"role": "user", "content": "Hi!"}]},
    {"stop": ["."]},
    {"stream": True},
]


async def test_what_could_change_the_answer_is_another_question(
    router: Runtime, live: Caller, fake: FakeProvider, valkey: Any
) -> None:
    question = {"messages": [{"role": "user", "content": "Hi"}], "cache": True}
    await live.post("/v1/chat", question)
    await stored(valkey)

    others = [await live.post("/v1/chat", {**question, **one}) for one in CHANGES]

    assert [other.headers[HIT] for other in others] == ["miss"] * len(CHANGES)
    assert len(fake.requests) == 1 + len(CHANGES)


async def test_what_could_not_is_the_same_one(
    router: Runtime, live: Caller, fake: FakeProvider, valkey: Any
) -> None:
    await live.chat("Hi", cache=True)
    await stored(valkey)

    for change in ({"user": "u1"}, {"metadata": {"a": "b"}}, {"session_id": "s"}):
        same = await live.chat("Hi", cache=True, **change)
        assert same.headers[HIT] == "hit"


async def test_the_header_asks_too_and_goes_before_the_body(
    router: Runtime, live: Caller, fake: FakeProvider, valkey: Any
) -> None:
    live.headers["x-modeloptix-cache"] = "on; ttl=60"
    await live.chat("Hi")
    await stored(valkey)
    [name] = [n for n in valkey.scan_iter("mx:answer:*") if b":-:" in n]

    again = await live.chat("Hi")
    live.headers["x-modeloptix-cache"] = "off"
    plain = await live.chat("Hi", cache=True)

    assert 0 < valkey.ttl(name) <= 60
    assert again.headers[HIT] == "hit"
    assert HIT not in plain.headers


async def test_a_header_that_says_nothing_we_know_is_refused(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    for header in ("yes", "on; ttl=0", "on; age=5", "on; ttl=9999999"):
        live.headers["x-modeloptix-cache"] = header
        assert (await live.chat("Hi")).status == 400

    assert fake.requests == []


async def test_a_private_request_is_neither_kept_nor_answered_from_memory(
    router: Runtime, live: Caller, fake: FakeProvider, valkey: Any
) -> None:
    live.headers["x-modeloptix-store"] = "false"

    private = await live.chat("Hi", cache=True)

    assert HIT not in private.headers
    assert list(valkey.scan_iter("mx:answer:*")) == []


async def test_another_organization_never_gets_it(
    router: Runtime, live: Caller, fake: FakeProvider, valkey: Any
) -> None:
    _, token = await sync_to_async(lambda: make_key(make_org("Globex")))()
    await live.chat("Hi", cache=True)
    await stored(valkey)

    other = await Caller(live.app, token).chat("Hi", cache=True)

    assert other.headers[HIT] == "miss"


async def test_a_key_that_may_not_use_the_model_does_not_get_its_answer(
    router: Runtime, live: Caller, fake: FakeProvider, valkey: Any, org: Organization
) -> None:
    _, token = await sync_to_async(make_key)(org, allowed_models=["third-house/third"])
    await live.chat("Hi", cache=True)
    await stored(valkey)

    other = await Caller(live.app, token).chat("Hi", cache=True)

    assert other.headers[HIT] == "miss"
    assert other.json()["model_used"] == "third-house/third"


@pytest.mark.parametrize(
    "script",
    [{"finish_reason": "content_filter"}, {"text": "x" * 300_000}],
    ids=["filtered", "too-large"],
)
async def test_what_is_nothing_to_repeat_is_not_kept(
    router: Runtime,
    live: Caller,
    fake: FakeProvider,
    valkey: Any,
    script: dict[str, Any],
) -> None:
    fake.script("primary", **script)
    await live.chat("Hi", cache=True)

    again = await live.chat("Hi", cache=True)

    assert again.headers[HIT] == "miss"


async def test_half_a_stream_is_not_kept(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    fake.script("primary", text="word " * 9, chunks=9, fault="dies", fault_after=3)
    fake.script("primary", text="Whole")
    options = {"cache": True, "stream": True, "model": "primary"}
    await live.chat("Hi", **options)

    again = await live.chat("Hi", **options)

    assert again.headers[HIT] == "miss"
    assert again.events()[-1][1]["output"] == "Whole"


async def test_valkey_gone_means_that_nothing_is_remembered(
    router: Runtime, live: Caller, fake: FakeProvider
) -> None:
    await router.answers.close()
    router.answers = AnswerCache.at("unix:///nowhere/valkey.sock")

    answers = [await live.chat("Hi", cache=True) for _ in range(2)]

    assert [answer.headers[HIT] for answer in answers] == ["miss", "miss"]


async def test_what_is_stored_is_sealed_and_not_understood_elsewhere(
    router: Runtime, live: Caller, fake: FakeProvider, valkey: Any
) -> None:
    fake.script("primary", text="Very secret words")
    await live.chat("Hi", cache=True)
    await live.chat("Ho", cache=True)
    await stored(valkey, 2)
    one, two = (n for n in valkey.scan_iter("mx:answer:*") if b":-:" in n)

    moved = valkey.get(one)
    valkey.set(two, moved)

    assert b"secret" not in moved
    answers = [await live.chat(text, cache=True) for text in ("Hi", "Ho")]
    assert sorted(answer.headers[HIT] for answer in answers) == ["hit", "miss"]


async def test_an_organization_has_room_for_so_much(
    router: Runtime, live: Caller, org: Organization, valkey: Any, settings: Any
) -> None:
    settings.ANSWER_CACHE_MB = 0.005

    for number in range(12):
        await live.chat(f"Question {number}", cache=True)
    ends, sizes = index_of(org.id)

    def is_settled() -> bool:
        return int(valkey.hget(sizes, "") or 0) > 3000

    await eventually(is_settled)
    fields = valkey.hgetall(sizes)
    total = int(fields.pop(b""))
    assert total == sum(map(int, fields.values())) <= 5000
    assert valkey.zcard(ends) == len(fields)
    names = [n for n in valkey.scan_iter("mx:answer:*") if b":-:" in n]
    assert len(names) == len(fields) < 12


@pytest.fixture
def remembering_token(org: Organization) -> str:
    """An alias and a key whose answers come from memory."""
    key, token = make_key(org)
    with scope(org.id):
        Alias.objects.create(name="uc/triage", rules={"cache_ttl_s": 60})
        KeyCache.objects.create(key=key, ttl_s=60)
    return token


async def test_an_alias_and_a_key_can_ask_for_all_of_their_requests(
    remembering_token: str, router: Runtime, live: Caller, valkey: Any
) -> None:
    by_alias = await live.chat("Hi", alias="uc/triage")
    by_key = await Caller(live.app, remembering_token).chat("Hi")
    plain = await live.chat("Hi")
    refused = await live.chat("Hi", alias="uc/triage", cache=False)
    await stored(valkey, 2)
    again = await live.chat("Hi", alias="uc/triage")

    assert [a.headers.get(HIT) for a in (by_alias, by_key)] == ["miss", "miss"]
    assert [a.headers.get(HIT) for a in (plain, refused)] == [None, None]
    assert again.headers[HIT] == "hit"

"""Valkey frozen, gone, back again empty: no request fails, no dollar is forgotten."""

import asyncio
import threading
from collections.abc import AsyncIterator
from decimal import Decimal
from time import monotonic, perf_counter
from typing import Any

import pytest
import redis
from asgiref.sync import sync_to_async
from pytest_django.fixtures import Settings

from apps.accounts.models import Organization
from apps.kit.ids import uuid7
from apps.providers.fake import FakeProvider
from apps.router.front import Front
from apps.router.limits.gcra import SCRIPT, Bucket, arguments, outcome_of
from apps.router.limits.link import Link, LinkDownError
from apps.router.limits.rates import Rates
from apps.router.runtime import Runtime
from tests.factories import make_key
from tests.router.conftest import DJANGO, Caller, eventually
from tests.router.limits.test_budgets import budgeted, settled
from tests.router.limits.valkey import OwnValkey

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def valkey(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[OwnValkey]:
    monkeypatch.setattr("apps.router.limits.link.TIMEOUT_S", 0.05)
    own = OwnValkey()
    await own.start()
    settings.REDIS_URL = own.url
    yield own
    own.remove()


@pytest.fixture
async def caller(valkey: OwnValkey, org: Organization, router: Runtime) -> Caller:
    """Behind a running router that counts in a Valkey of its own."""
    _, token = await sync_to_async(make_key)(org, requests_per_minute=100_000)
    return Caller(Front(DJANGO), token)


async def timed(caller: Caller) -> float:
    began = perf_counter()
    reply = await caller.chat("Hi")
    assert reply.status == 200, reply.body
    assert reply.headers["ratelimit-limit"] == "100000"
    return perf_counter() - began


async def test_a_frozen_valkey_holds_up_one_moment_and_then_nobody(
    caller: Caller, valkey: OwnValkey, router: Runtime
) -> None:
    link = router.gate.rates.link
    await eventually(lambda: link.is_up, within_s=15)
    await timed(caller)

    valkey.freeze()
    at_once = await asyncio.gather(*(timed(caller) for _ in range(20)))
    # The breaker is open: nobody waits any longer.
    assert not link.is_up
    with pytest.raises(LinkDownError):
        link.ask("PING")
    after = [await timed(caller) for _ in range(10)]
    valkey.thaw()
    await eventually(lambda: link.is_up, within_s=15)

    # Generous, for a machine that does much else; ./run bench limits measures it.
    assert max(at_once) < 5
    assert max(after) < 2
    await timed(caller)


async def test_a_valkey_that_is_gone_and_comes_back_empty_is_taken_up_again(
    caller: Caller, valkey: OwnValkey, router: Runtime
) -> None:
    link = router.gate.rates.link
    await timed(caller)
    valkey.kill()
    await eventually(lambda: not link.is_up, within_s=15)
    await timed(caller)

    await valkey.start()
    await eventually(lambda: link.is_up, within_s=15)

    await timed(caller)
    bucket = Bucket("mx:limit:{x}:r", "requests", "API key", 1, 60)
    await router.gate.rates.take([bucket])
    with redis.Redis.from_url(valkey.url) as client:
        assert client.exists(bucket.name)


async def test_what_was_spent_outlives_an_emptied_valkey(
    caller: Caller,
    valkey: OwnValkey,
    router: Runtime,
    org: Organization,
    fake: FakeProvider,
) -> None:
    fake.script("primary", usage={"prompt_tokens": 100, "completion_tokens": 4_500})
    await budgeted(router, org, "0.01")
    first = await caller.chat("Hi", model="primary", max_tokens=4_500)
    await settled(org, spent=Decimal("0.0091"))
    valkey.kill()
    gone = await caller.chat("Hi", model="primary", max_tokens=4_500)
    await valkey.start()
    await eventually(lambda: router.gate.rates.link.is_up, within_s=15)
    emptied = await caller.chat("Hi", model="primary", max_tokens=4_500)

    assert [first.status, gone.status, emptied.status] == [200, 402, 402]


async def test_without_valkey_each_process_lets_its_share_pass(
    valkey: OwnValkey,
) -> None:
    rates = Rates.at(valkey.url)
    await rates.link.start()
    rates.processes = 4
    bucket = Bucket("mx:limit:{x}:r", "requests", "API key", 40, 60)
    valkey.kill()
    await eventually(lambda: not rates.link.is_up, within_s=15)

    outcomes = [await rates.take([bucket]) for _ in range(30)]

    assert [o.refused_by for o in outcomes].count(None) == 10
    await rates.link.close()


async def test_processes_count_each_other(valkey: OwnValkey) -> None:
    many = [Rates.at(valkey.url) for _ in range(3)]
    for rates in many:
        await rates.link.start()
        await rates._roll_call()
    await many[0]._roll_call()
    assert many[0].processes == 3

    await many[2].leave()
    await many[0]._roll_call()

    assert many[0].processes == 2
    for rates in many:
        await rates.link.close()


async def test_a_server_that_lost_the_scripts_is_greeted_anew(
    valkey: OwnValkey,
) -> None:
    rates = Rates.at(valkey.url)
    await rates.link.start()
    bucket = Bucket("mx:limit:{x}:r", "requests", "API key", 40, 60)
    with redis.Redis.from_url(valkey.url) as client:
        client.script_flush()

    assert (await rates.take([bucket])).refused_by is None

    async def counts_in_valkey() -> bool:
        await rates.take([bucket])
        with redis.Redis.from_url(valkey.url) as client:
            return bool(client.exists(bucket.name))

    async with asyncio.timeout(15):
        while not await counts_in_valkey():
            await asyncio.sleep(0.1)
    await rates.link.close()


async def test_an_address_where_nobody_listens_costs_no_start() -> None:
    link = Link("unix:///nowhere/valkey.sock?db=1", (SCRIPT,))

    await link.start()

    assert not link.is_up
    await link.close()


def test_sixteen_threads_get_what_the_limit_gives_and_no_more(
    settings: Settings,
) -> None:
    """One limit of 200 a second, asked without a pause for two seconds."""
    name, limit, seconds = f"test:{uuid7()}", 200, 2.0
    bucket = Bucket(name, "requests", "API key", limit, 1)
    passed, lock = 0, threading.Lock()
    began = monotonic()

    def ask() -> None:
        nonlocal passed
        client: Any = redis.Redis.from_url(settings.REDIS_URL)
        mine = 0
        while monotonic() - began < seconds:
            answer = client.eval(SCRIPT, 1, name, *arguments([bucket]))
            mine += outcome_of(answer).refused_by is None
        client.close()
        with lock:
            passed += mine

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = monotonic() - began

    assert passed <= limit * took + limit
    # A machine that stands still for a moment asks too seldom then.
    assert passed >= 0.9 * (limit * seconds + limit)

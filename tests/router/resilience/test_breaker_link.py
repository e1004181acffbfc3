"""Circuits of several processes: what one finds all know, and one of them probes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from uuid import UUID

import pytest

from apps.kit.ids import uuid7
from apps.router import breaker, breaker_link
from apps.router.breaker import Breakers
from apps.router.breaker_link import BreakerLink
from apps.router.engine.need import Scored
from apps.router.limits.link import Link
from tests.router.conftest import eventually
from tests.router.engine.offers import offer
from tests.router.limits.valkey import OwnValkey


@dataclass
class Process:
    """What one web process holds of circuits."""

    breakers: Breakers
    link: BreakerLink

    @classmethod
    async def start(cls, url: str) -> "Process":
        breakers = Breakers()
        link = BreakerLink(breakers, Link(url, ()))
        breakers.on_verdict = link.tell
        await link.start()
        return cls(breakers, link)

    def fail(self, offer_id: UUID) -> None:
        for _ in range(breaker.FAILURES_IN_ROW):
            self.breakers.failed(offer_id, 0.0)

    def knows(self, offer_id: UUID, state: str) -> Callable[[], bool]:
        return lambda: self.breakers.state(offer_id) == state


@pytest.fixture
async def valkey() -> AsyncIterator[OwnValkey]:
    own = OwnValkey()
    await own.start()
    yield own
    own.remove()


@pytest.fixture
async def pair(
    valkey: OwnValkey, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Process, Process]]:
    monkeypatch.setattr("apps.router.limits.link.TIMEOUT_S", 5.0)
    both = await Process.start(valkey.url), await Process.start(valkey.url)
    await eventually(lambda: all(p.link.link.is_up for p in both), within_s=15)
    yield both
    for process in both:
        await process.link.close()


async def test_a_circuit_that_one_opens_is_open_for_all_and_closed_for_all(
    pair: tuple[Process, Process],
) -> None:
    one, other = pair
    offer_id = uuid7()

    one.fail(offer_id)
    await eventually(other.knows(offer_id, "open"))
    reason = other.breakers.verdict(offer_id).reason
    other.breakers.passed(offer_id, 0.0)

    await eventually(one.knows(offer_id, "closed"))
    assert reason == "5 failures in a row"


async def test_only_one_process_probes(
    pair: tuple[Process, Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breaker, "FIRST_REST_S", 0.05)
    offers = (offer("a/one"), offer("b/two"))
    chain = tuple(Scored(o, 1.0, None, None, None, None) for o in offers)
    offer_id = offers[0].offer_id
    pair[0].fail(offer_id)
    await eventually(lambda: pair[1].breakers.state(offer_id) != "closed")
    await eventually(lambda: pair[1].breakers.state(offer_id) == "half_open")

    def goes_first(process: Process) -> bool:
        return process.breakers.ordered(chain)[0] is chain[0]

    await eventually(lambda: any([goes_first(process) for process in pair]))  # noqa: C419  # each must want it
    for _ in range(20):
        await asyncio.sleep(breaker_link.LEAST_PAUSE_S / 5)
        assert sum([goes_first(process) for process in pair]) <= 1


async def test_without_valkey_each_goes_by_what_it_sees_and_probes_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(breaker, "FIRST_REST_S", 0.05)
    alone = await Process.start("unix:///nowhere/valkey.sock")
    offers = (offer("a/one"), offer("b/two"))
    chain = tuple(Scored(o, 1.0, None, None, None, None) for o in offers)

    alone.fail(offers[0].offer_id)
    assert alone.breakers.ordered(chain)[0] is chain[1]

    await eventually(lambda: alone.breakers.ordered(chain)[0] is chain[0])
    await alone.link.close()


async def test_a_valkey_that_comes_back_empty_is_told_again(
    pair: tuple[Process, Process],
) -> None:
    one, _ = pair
    offer_id = uuid7()
    one.fail(offer_id)
    await eventually(lambda: not one.link._unsaid)

    await one.link.link.ask("DEL", breaker_link.CIRCUITS)

    async with asyncio.timeout(5):
        while not await one.link.link.ask(
            "HEXISTS", breaker_link.CIRCUITS, offer_id.hex
        ):
            await asyncio.sleep(0.02)


async def test_what_cannot_be_read_and_what_is_old_is_removed(
    pair: tuple[Process, Process],
) -> None:
    one, _ = pair
    ask = one.link.link.ask
    old = breaker_link._encode(breaker._opened(1.0, 1, "long ago"))
    await ask("HSET", breaker_link.CIRCUITS, "banana", b"{}")
    await ask("HSET", breaker_link.CIRCUITS, uuid7().hex, b"{]")
    await ask("HSET", breaker_link.CIRCUITS, uuid7().hex, old)

    async with asyncio.timeout(5):
        while await ask("HLEN", breaker_link.CIRCUITS) > 1:
            await asyncio.sleep(0.02)
    names = await ask("HKEYS", breaker_link.CIRCUITS)
    assert b"banana" not in names

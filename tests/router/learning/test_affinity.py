"""What is remembered of a conversation: which it is, and what is cached where."""

from typing import Any
from uuid import UUID

import pytest

from apps.accounts.keys import Caller
from apps.providers.wire import Usage
from apps.router.affinity import (
    DAY_S,
    HOUR_S,
    USUAL_S,
    Affinity,
    is_going_on,
    kept_for_s,
    name_of,
    session_of,
)
from apps.router.arrivals import Arrival, Options
from apps.router.bodies import read_chat
from apps.router.engine.need import Stay
from tests.router.engine.offers import offer

ACME, GLOBEX = (UUID(int=n) for n in (1, 2))
HOME = offer("a/home", provider="house")
LONG = Usage(fresh=5_000, output=100)


def arrival(
    *turns: str, org_id: UUID = ACME, session: str = "", **more: Any
) -> Arrival:
    roles = ("user", "assistant")
    messages = [
        {"role": roles[place % 2], "content": text} for place, text in enumerate(turns)
    ]
    caller = Caller(key_id=None, org_id=org_id)
    inbound = read_chat({"messages": messages, **more})
    return Arrival(caller, inbound, "id", 0.0, Options(session=session))


@pytest.fixture
def affinity() -> Affinity:
    """Without Valkey: this process's own memory."""
    return Affinity.at("unix:///nonexistent/valkey.sock")


def test_every_turn_of_a_conversation_has_one_name() -> None:
    turns = [arrival("Hi"), arrival("Hi", "Hello", "And?"), arrival("Ho")]

    names = [name_of(one) for one in turns]

    assert names[0] == names[1] != names[2]
    assert name_of(arrival("Hi", org_id=GLOBEX)) != names[0]


def test_a_session_names_a_conversation_whatever_it_says() -> None:
    named = [arrival("Hi", session_id="s1"), arrival("Ho", session="s1")]

    assert name_of(named[0]) == name_of(named[1]) != name_of(arrival("Hi"))


def test_a_conversation_goes_on_after_an_answer() -> None:
    assert not is_going_on([{"role": "user"}])
    assert is_going_on([{"role": "user"}, {"role": "assistant"}, {"role": "user"}])


async def test_who_answered_is_remembered_with_what_is_cached(
    affinity: Affinity,
) -> None:
    affinity.note("c", HOME, LONG)

    assert await affinity.find("c") == Stay("a/home", "house", 5_000)
    assert await affinity.find("another") is None


async def test_it_ends_when_the_cache_does(affinity: Affinity) -> None:
    affinity.note("c", HOME, LONG)
    kept = affinity._kept["c"]

    assert kept.ttl_s == USUAL_S
    assert kept.at(kept.until - 1) is not None
    assert await affinity.find("c", now=kept.until) is None


async def test_an_idle_conversation_cached_for_an_hour_is_not_forgotten(
    affinity: Affinity,
) -> None:
    affinity.note("c", HOME, Usage(fresh=10, cache_write_1h=4_000))
    affinity.note("c", HOME, Usage(fresh=50, cache_read=4_000))
    kept = affinity._kept["c"]

    assert kept.ttl_s == HOUR_S
    assert await affinity.find("c", now=kept.until - 60) is not None


@pytest.mark.parametrize(
    ("usage", "cached"),
    [
        (Usage(fresh=100, cache_read=2_000, cache_write_5m=500), 2_500),
        (Usage(fresh=100, cache_read=2_048), 2_148),
        (Usage(fresh=900), 0),
        (Usage(fresh=9_000, is_estimated=True), 0),
    ],
    ids=["written", "read", "too short", "estimated"],
)
async def test_what_the_next_turn_finds_cached(
    affinity: Affinity, usage: Usage, cached: int
) -> None:
    affinity.note("c", HOME, usage)

    stay = await affinity.find("c")

    assert stay is not None
    assert stay.cached_tokens == cached


async def test_an_offer_that_caches_nothing_is_found_out(affinity: Affinity) -> None:
    affinity.note("c", HOME, LONG)
    affinity.note("c", HOME, Usage(fresh=6_000))

    stay = await affinity.find("c")

    assert stay is not None
    assert stay.cached_tokens == 0


def test_a_caller_may_ask_for_a_day() -> None:
    assert kept_for_s({"prompt_cache_retention": "24h"}) == DAY_S
    assert kept_for_s({}) == 0


def test_only_a_session_that_is_named_is_one() -> None:
    by_header, by_body = arrival("Hi", session="s-1"), arrival("Ho", session_id="s-1")

    assert session_of(arrival("Hi")) == ""
    assert session_of(by_header) == session_of(by_body) == name_of(by_body)
    assert "s-1" not in session_of(by_header)
    assert session_of(arrival("Hi", session="s-1", org_id=GLOBEX)) != session_of(
        by_header
    )

"""The order of keys, and what an organization's own ones open and shut."""

from dataclasses import dataclass
from uuid import UUID

import pytest

from apps.kit.ids import uuid7
from apps.kit.sealing import Secret
from apps.providers import errors
from apps.providers.wire import Endpoint
from apps.router.engine.need import ANYWHERE, Excluded, Reach
from apps.router.ways import (
    NO_WAYS,
    SHUT,
    Keychain,
    KeyRests,
    Way,
    market_within,
    org_ways,
)
from tests.router.engine.offers import offer

ACME = uuid7()
OPENAI = Endpoint("openai", "openai", "https://o/v1", "sk-managed")
GROQ = Endpoint("groq", "openai", "https://g/v1")
ADDRESSES = {"openai": OPENAI, "groq": GROQ}
MANAGED = {"openai": (Way(OPENAI, "managed"),)}


@dataclass(frozen=True)
class Key:
    org_id: UUID
    provider: str
    secret: Secret


def _keys(orders: dict[str, str], *keys: tuple[str, str]) -> dict[str, list[str]]:
    found = org_ways(
        ADDRESSES,
        MANAGED,
        [Key(ACME, provider, Secret(key)) for provider, key in keys],
        {(ACME, provider): order for provider, order in orders.items()},
    )
    ways = found[ACME].ways if found else {}
    return {p: [way.endpoint.api_key for way in w] for p, w in ways.items()}


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("own_first", ["one", "two", "sk-managed"]),
        ("managed_first", ["sk-managed", "one", "two"]),
        ("own_only", ["one", "two"]),
    ],
)
def test_the_order_is_the_organizations(order: str, expected: list[str]) -> None:
    keys = _keys({"openai": order}, ("openai", "one"), ("openai", "two"))

    assert keys == {"openai": expected}


def test_own_keys_go_first_unless_somebody_says_otherwise() -> None:
    assert _keys({}, ("openai", "one")) == {"openai": ["one", "sk-managed"]}


def test_a_key_of_a_provider_that_is_not_called_is_left_out() -> None:
    assert _keys({}, ("gone", "one")) == {}
    assert _keys({"gone": "own_only"}) == {}


def test_an_order_without_keys_changes_nothing_but_own_only() -> None:
    assert _keys({"openai": "managed_first"}) == {}
    assert _keys({"openai": "own_only"}) == {"openai": []}


def test_the_reach_tells_what_is_opened_and_shut() -> None:
    keys = [Key(ACME, "groq", Secret("one"))]
    found = org_ways(ADDRESSES, MANAGED, keys, {(ACME, "openai"): "own_only"})

    assert found[ACME].reach == Reach(("groq",), ("openai",))


def test_a_market_is_opened_and_shut() -> None:
    open_, shut = offer("a/one"), offer("b/two")
    closed = Excluded(offer("c/three", unavailable="no key"), "no key", "unavailable")
    reach = Reach((closed.candidate.provider,), (shut.provider,))

    market = market_within(reach, (open_, shut), (closed,))

    assert [o.model for o in market.pool] == ["a/one", "c/three"]
    assert [(e.candidate.model, e.reason) for e in market.closed] == [("b/two", SHUT)]
    seen = market.seen([open_, shut, closed.candidate])
    assert [o.unavailable for o in seen] == ["", SHUT, ""]


def test_without_own_keys_the_market_is_everybodys() -> None:
    pool = (offer("a/one"),)

    assert market_within(ANYWHERE, pool, ()).pool is pool


def test_a_refused_key_rests_and_comes_back() -> None:
    ways = (Way(OPENAI, "own"), Way(GROQ, "own"))
    moments = iter([0.0, 1.0, 61.0])
    rests = KeyRests(lambda: next(moments))

    rests.note(ways[0], errors.AuthError("no"))

    assert rests.in_order(ways) == ways[::-1]
    assert rests.in_order(ways) == ways


@pytest.mark.parametrize(
    ("problem", "rest_s"),
    [
        (errors.RateLimitedError("slow down", retry_after_s=30), 30),
        (errors.RateLimitedError("slow down", retry_after_s=3600), 120),
        (errors.RateLimitedError("slow down"), 5),
        (errors.ServerError("oops"), 0),
    ],
)
def test_a_key_rests_as_long_as_makes_sense(
    problem: errors.UpstreamError, rest_s: int
) -> None:
    ways = (Way(OPENAI, "own"), Way(GROQ, "own"))
    now = [0.0]
    rests = KeyRests(lambda: now[0])
    rests.note(ways[0], problem)

    for moment, is_resting in ((rest_s - 1.0, rest_s > 0), (rest_s + 1.0, False)):
        now[0] = moment
        assert (rests.in_order(ways) != ways) is is_resting


def test_a_lone_key_is_tried_even_when_it_rests() -> None:
    rests = KeyRests()
    rests.note(MANAGED["openai"][0], errors.AuthError("no"))
    keychain = Keychain(MANAGED, NO_WAYS, rests)

    assert keychain.ways_to("openai") == MANAGED["openai"]
    assert keychain.ways_to("nobody") == ()

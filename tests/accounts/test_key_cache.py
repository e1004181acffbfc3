"""What a process remembers of keys, for how long, and what it does without Postgres."""

import asyncio
import hmac
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.accounts import key_cache, keys
from apps.accounts.key_cache import KEY_CACHE, KeyCache
from apps.accounts.key_lookup import KeyLookup
from apps.accounts.keys import Caller, digest, new_token
from apps.accounts.models import Organization
from apps.kit.ids import uuid7
from apps.tenancy.dsn import dsn_of
from tests.factories import make_key, make_org

NOWHERE = "host=/nowhere dbname=none"


class Clock:
    """A monotonic clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    stopped = Clock()
    monkeypatch.setattr(key_cache, "monotonic", stopped)
    KEY_CACHE.clear()
    yield stopped
    KEY_CACHE.clear()


@pytest.fixture
def org(transactional_db: None) -> Organization:
    return make_org("Acme")


@pytest.fixture
def token(org: Organization) -> str:
    return make_key(org)[1]


def caller(expires_at: datetime | None = None) -> Caller:
    return Caller(key_id=uuid7(), org_id=uuid7(), expires_at=expires_at)


def test_an_entry_is_fresh_for_five_seconds_and_usable_for_ten(clock: Clock) -> None:
    cache = KeyCache()
    known = cache.store(b"a", caller())
    clock.now += 4.9
    assert known.is_fresh

    clock.now += 0.2
    assert (known.is_fresh, known.is_usable_while_renewing) == (False, True)

    clock.now += 5
    assert not known.is_usable_while_renewing
    assert known.is_usable_without_database


def test_a_wrong_key_is_remembered_for_two_seconds(clock: Clock) -> None:
    known = KeyCache().store(b"a", None)
    clock.now += 1.9
    was_fresh = known.is_fresh
    clock.now += 0.2

    assert (was_fresh, known.is_fresh) == (True, False)
    assert not known.is_usable_while_renewing


def test_an_expired_key_has_no_valid_caller() -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)

    assert KeyCache().store(b"a", caller(expires_at=past)).valid_caller is None


def test_the_oldest_entry_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_cache, "MOST_ENTRIES", 2)
    cache = KeyCache()
    for name in (b"a", b"b", b"c"):
        cache.store(name, caller())

    assert [cache.get(name) is None for name in (b"a", b"b", b"c")] == [
        True,
        False,
        False,
    ]


def test_nothing_is_fresh_after_a_lost_connection(clock: Clock) -> None:
    cache = KeyCache()
    cache.store(b"a", caller())

    cache.distrust_all()

    known = cache.get(b"a")
    assert known is not None
    assert (known.is_fresh, known.is_usable_while_renewing) == (False, True)


@pytest.mark.django_db(transaction=True)
async def test_a_known_key_costs_no_query(clock: Clock, token: str) -> None:
    lookup = KeyLookup(dsn_of("default"))
    first = await lookup.caller(token)
    await lookup.close()

    second = await KeyLookup(NOWHERE).caller(token)

    assert first is not None
    assert second == first


async def test_what_cannot_be_a_key_costs_no_query() -> None:
    lookup = KeyLookup(NOWHERE)

    assert await lookup.caller("mx_live_" + "a" * 38) is None


async def test_an_unknown_key_without_postgres_is_an_error(clock: Clock) -> None:
    with pytest.raises(psycopg.OperationalError):
        await KeyLookup(NOWHERE).caller(new_token())


async def test_a_known_key_outlives_postgres_for_an_hour(clock: Clock) -> None:
    token = new_token()
    KEY_CACHE.store(digest(token), caller())
    lookup = KeyLookup(NOWHERE)
    clock.now += 3599

    assert await lookup.caller(token) is not None

    clock.now += 2
    with pytest.raises(psycopg.OperationalError):
        await lookup.caller(token)


@pytest.mark.django_db(transaction=True)
async def test_an_ageing_entry_is_renewed_behind_its_back(
    clock: Clock, token: str
) -> None:
    lookup = KeyLookup(dsn_of("default"))
    await lookup.caller(token)
    before = KEY_CACHE.get(digest(token))
    clock.now += 6

    assert await lookup.caller(token) is not None

    async with asyncio.timeout(2):
        while KEY_CACHE.get(digest(token)) is before:
            await asyncio.sleep(0.01)
    await lookup.close()


@pytest.mark.django_db(transaction=True)
async def test_a_wrong_key_is_asked_for_once(clock: Clock, org: Organization) -> None:
    wrong = new_token()
    lookup = KeyLookup(dsn_of("default"))
    assert await lookup.caller(wrong) is None
    await lookup.close()

    assert await KeyLookup(NOWHERE).caller(wrong) is None


@given(st.binary(max_size=200), st.text(max_size=80))
def test_the_prepared_digest_is_hmac_sha_256(pepper: bytes, token: str) -> None:
    assert keys._digest(token, pepper) == hmac.digest(pepper, token.encode(), "sha256")


async def test_a_flood_of_wrong_keys_is_answered_without_a_database() -> None:
    """The full million is `./run bench limits`."""
    lookup, real = KeyLookup(NOWHERE), new_token()

    for number in range(20_000):
        assert await lookup.caller(f"{real[:-12]}{number:012d}") is None

    assert len(KEY_CACHE._entries) < 20_000


async def test_an_answer_from_before_a_revocation_is_not_taken_for_news(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Postgres answers, the key is revoked and pushed, and then the answer arrives."""
    KEY_CACHE.clear()
    lookup, token = KeyLookup(NOWHERE), new_token()
    answers = [caller(), None]

    async def late(key: bytes) -> Caller | None:
        answer = answers.pop(0)
        if answer is not None:
            KEY_CACHE.forget(key)
        return answer

    monkeypatch.setattr(KeyLookup, "_fetch", lambda self, key: late(key))

    assert await lookup.caller(token) is None
    assert answers == []

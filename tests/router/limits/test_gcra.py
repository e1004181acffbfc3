"""The rate algorithm: never too much, never too little, the same in both places."""

from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.conf import settings
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from apps.kit.ids import uuid7
from apps.router.limits.gcra import (
    CORRECT,
    SCRIPT,
    Bucket,
    LocalLimits,
    arguments,
    outcome_of,
    remaining,
)


class Clock:
    """Stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def bucket(limit: int, window_s: int = 60, *, cost: int = 1, name: str = "a") -> Bucket:
    return Bucket(name, "requests", "API key", limit, window_s, cost)


@given(
    limit=st.integers(1, 50),
    window_s=st.integers(1, 100),
    pauses=st.lists(st.floats(0, 20), max_size=200),
)
def test_no_more_passes_than_the_burst_and_the_rate(
    limit: int, window_s: int, pauses: list[float]
) -> None:
    clock = Clock()
    limits, passed, began = LocalLimits(clock), 0, clock.now
    for pause in pauses:
        clock.now += pause
        outcome = limits.take([bucket(limit, window_s)], share=1)
        passed += outcome.refused_by is None

    most = limit + (clock.now - began) * limit / window_s
    assert passed <= most + 1e-3


@given(limit=st.integers(1, 50), window_s=st.integers(1, 100), turns=st.integers(1, 60))
def test_whoever_waits_as_told_is_never_refused_again(
    limit: int, window_s: int, turns: int
) -> None:
    clock = Clock()
    limits = LocalLimits(clock)
    for _ in range(turns + limit):
        outcome = limits.take([bucket(limit, window_s)], share=1)
        if outcome.refused_by is not None:
            clock.now += outcome.retry_after_s
            again = limits.take([bucket(limit, window_s)], share=1)
            assert again.refused_by is None


def test_a_whole_limit_passes_at_once_and_then_one_at_a_time() -> None:
    clock = Clock()
    limits = LocalLimits(clock)
    outcomes = [limits.take([bucket(3)], share=1) for _ in range(4)]

    assert [o.refused_by for o in outcomes] == [None, None, None, 0]
    assert outcomes[3].retry_after_s == pytest.approx(20)
    assert [remaining(bucket(3), o.used_s[0]) for o in outcomes] == [2, 1, 0, 0]


def test_what_one_limit_refuses_is_not_taken_from_the_others() -> None:
    clock = Clock()
    limits = LocalLimits(clock)
    wide, narrow = bucket(10, name="wide"), bucket(1, name="narrow")
    limits.take([wide, narrow], share=1)
    refused = limits.take([wide, narrow], share=1)

    assert refused.refused_by == 1
    assert remaining(wide, refused.used_s[0]) == 9


def test_a_request_larger_than_the_limit_passes_alone() -> None:
    clock = Clock()
    limits = LocalLimits(clock)
    large = bucket(100, cost=5000)

    assert limits.take([large], share=1).refused_by is None
    assert limits.take([bucket(100)], share=1).refused_by == 0


def test_a_process_of_many_takes_its_share_alone() -> None:
    limits = LocalLimits(Clock())
    passed = [limits.take([bucket(100)], share=4).refused_by for _ in range(30)]

    assert passed.count(None) == 25


def test_counting_goes_on_from_what_valkey_said_last() -> None:
    clock = Clock()
    theirs, ours = LocalLimits(clock), LocalLimits(clock)
    for _ in range(101):
        outcome = theirs.take([bucket(100)], share=1)
    ours.note([bucket(100)], outcome)

    assert ours.take([bucket(100)], share=4).refused_by == 0
    # Then it lets its share pass: every fourth of one in 0.6 s.
    clock.now += 2.4
    passed = [ours.take([bucket(100)], share=4).refused_by for _ in range(2)]
    assert passed == [None, 0]


def test_tokens_counted_too_few_or_too_many_are_set_right() -> None:
    clock = Clock()
    limits = LocalLimits(clock)
    guess = bucket(100, cost=40)
    limits.take([guess], share=1)
    limits.correct(guess, -30, share=1)
    assert remaining(guess, limits.take([bucket(100, cost=0)], share=1).used_s[0]) == 90
    limits.correct(guess, 1_000_000, share=1)

    refused = limits.take([bucket(100)], share=1)
    # Even the largest debt is over when the next window is.
    assert refused.retry_after_s <= 60.6


@pytest.fixture
def valkey() -> Iterator[Any]:
    client = redis.Redis.from_url(settings.REDIS_URL)
    yield client
    client.close()


@hypothesis_settings(max_examples=30, deadline=None)
@given(
    limits=st.lists(
        st.tuples(st.integers(1, 1000), st.integers(1, 600), st.integers(0, 300)),
        min_size=1,
        max_size=4,
    ),
    turns=st.integers(1, 8),
)
def test_the_script_decides_as_this_process_does(
    limits: list[tuple[int, int, int]], turns: int
) -> None:
    client = redis.Redis.from_url(settings.REDIS_URL)
    prefix = f"test:{uuid7()}:"
    buckets = [
        bucket(limit, window_s, cost=cost, name=f"{prefix}{place}")
        for place, (limit, window_s, cost) in enumerate(limits)
    ]
    local, names = LocalLimits(), [b.name for b in buckets]
    for _ in range(turns):
        ours = local.take(buckets, share=1)
        theirs = outcome_of(
            client.eval(SCRIPT, len(names), *names, *arguments(buckets))
        )
        # Both clocks run on between the two calls.
        assert theirs.used_s == pytest.approx(ours.used_s, abs=0.2)
        assert theirs.refused_by == ours.refused_by or _is_close_call(ours, buckets)
    client.close()


def _is_close_call(outcome: Any, buckets: list[Bucket]) -> bool:
    """A limit that is reached to within what the clocks differ by."""
    return any(
        abs(used_s + b.taken * b.window_s / b.limit - b.window_s) < 0.2
        or outcome.retry_after_s < 0.2
        for used_s, b in zip(outcome.used_s, buckets, strict=True)
    )


def test_the_script_forgets_what_is_over(valkey: Any) -> None:
    name = f"test:{uuid7()}"
    valkey.eval(SCRIPT, 1, name, *arguments([bucket(60, name=name)]))

    assert 0 < valkey.pttl(name) <= 1001


def test_a_correction_adds_and_gives_back(valkey: Any) -> None:
    name = f"test:{uuid7()}"
    look = arguments([bucket(100, cost=0, name=name)])
    window_us = 60_000_000
    valkey.eval(SCRIPT, 1, name, *arguments([bucket(100, cost=50, name=name)]))
    valkey.eval(CORRECT, 1, name, window_us, window_us // 4)
    assert outcome_of(valkey.eval(SCRIPT, 1, name, *look)).used_s[0] > 44
    valkey.eval(CORRECT, 1, name, window_us, -window_us)

    assert valkey.get(name) is None

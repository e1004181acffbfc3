"""A conversation stays where its prompt is cached, while that is worth the switch."""

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from apps.kit.clock import utc_now
from apps.kit.money import PriceRow, compile_price
from apps.router.engine.chain import decide
from apps.router.engine.filters import cached_tokens, estimated_cost_nano
from apps.router.engine.need import Candidate, Priority, Stay
from apps.router.engine.rules import Rules
from tests.router.engine.offers import need, offer


def caching(model: str, read_usd: str, **facts: Any) -> Candidate:
    rows = [
        PriceRow("input", Decimal(10)),
        PriceRow("cache_read", Decimal(read_usd)),
        PriceRow("output", Decimal(10)),
    ]
    return replace(offer(model, **facts), price=compile_price(rows, utc_now()))


STAY = Stay("a/home", "a", 50_000)


def first_of(pool: list[Candidate], **facts: Any) -> str:
    return decide(pool, need(**facts)).chain[0].candidate.model


def test_what_is_cached_makes_home_cheaper() -> None:
    home = caching("a/home", "1")
    asked = need(input_tokens=60_000, stay=STAY)

    assert cached_tokens(home, asked) == 50_000
    cost = estimated_cost_nano(home, asked)
    fresh = estimated_cost_nano(home, need(input_tokens=60_000))
    assert cost is not None
    assert fresh is not None
    assert fresh - cost == 450_000_000  # 50,000 tokens at $1 in place of $10


def test_a_somewhat_cheaper_stranger_does_not_win_a_cached_conversation() -> None:
    pool = [caching("a/home", "1"), offer("b/other", usd=("6", "10"))]
    asked: dict[str, Any] = {"input_tokens": 60_000, "priority": "cheap"}

    assert first_of(pool, **asked) == "b/other"
    assert first_of(pool, **asked, stay=STAY) == "a/home"


def test_the_reason_names_what_is_cached() -> None:
    asked = need(input_tokens=60_000, stay=STAY)

    assert "50,000 tokens" in decide([caching("a/home", "1")], asked).reason


def test_a_much_cheaper_stranger_wins_all_the_same() -> None:
    pool = [caching("a/home", "1"), offer("b/other", usd=("0.1", "0.2"))]
    asked: dict[str, Any] = {"input_tokens": 60_000, "priority": "cheap"}

    assert first_of(pool, **asked, stay=STAY) == "b/other"


def pair(theirs: float) -> list[Candidate]:
    return [
        offer("a/home", usd=("1", "1"), task_scores={"chat": 0.80}),
        offer("b/other", usd=("1", "1"), task_scores={"chat": theirs}),
    ]


@pytest.mark.parametrize("priority", ["best", "balanced"])
def test_a_gain_within_the_error_moves_nobody(priority: Priority) -> None:
    small, large = pair(0.81), pair(0.95)

    assert first_of(small, priority=priority) == "b/other"
    assert first_of(small, priority=priority, stay=STAY) == "a/home"
    assert first_of(large, priority=priority, stay=STAY) == "b/other"


def test_an_order_that_somebody_named_goes_first() -> None:
    rules = Rules(order=("b",))

    assert first_of(pair(0.8), rules=rules, stay=STAY) == "b/other"
    assert first_of(pair(0.8), rules=Rules(sort="price"), stay=STAY) == "a/home"


def test_a_stay_at_an_offer_that_is_gone_says_nothing() -> None:
    gone = Stay("x/gone", "x", 9)

    assert first_of(pair(0.95), stay=gone) == "b/other"


def test_a_models_own_usual_length_counts() -> None:
    brief = offer("a/brief", usd=("1", "1"), answer_tokens={"chat": 100})
    wordy = offer("b/wordy", usd=("1", "1"), answer_tokens={"chat": 2000})

    assert first_of([wordy, brief], priority="cheap") == "a/brief"
    # Where the caller allows fewer, both write as much.
    costs = {estimated_cost_nano(one, need(output_limit=50)) for one in (brief, wordy)}
    assert len(costs) == 1


def test_cost_never_falls_with_the_length_of_the_prompt() -> None:
    home = caching("a/home", "1")
    costs = [
        estimated_cost_nano(home, need(input_tokens=tokens, stay=STAY))
        for tokens in range(0, 200_000, 5_000)
    ]

    assert all((a or 0) <= (b or 0) for a, b in pairwise(costs))


def test_equal_models_are_chosen_by_name_whatever_their_order() -> None:
    pool = [offer(f"{maker}/same", usd=("1", "1")) for maker in "cab"]

    assert first_of(pool) == first_of(pool[::-1]) == "a/same"

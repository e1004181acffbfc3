"""Past requests under other rules, against figures worked out by hand."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from msgspec import structs

from apps.kit.money import CompiledPrice, PriceRow, compile_price
from apps.router.engine.chain import decide
from apps.router.engine.need import Candidate, Decision, Need
from apps.router.engine.rules import Rules
from apps.router.preview import (
    PastCall,
    Preview,
    price_again,
    qualities,
    replay,
    summarize,
)

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
NANO = 1_000_000_000


def price(**usd: str) -> CompiledPrice:
    """Per million tokens of each component."""
    rows = [PriceRow(component, Decimal(amount)) for component, amount in usd.items()]
    compiled = compile_price(rows, NOON)
    assert compiled
    return compiled


DEAR_PRICE = price(input="3", output="15", cache_read="0.3", cache_write_5m="3.75")
CHEAP_PRICE = price(input="0.5", output="2")


def offer(
    number: int, model: str, paid: CompiledPrice | None, **facts: Any
) -> Candidate:
    return Candidate(
        offer_id=UUID(int=number),
        model_id=UUID(int=100 + number),
        model=model,
        provider=f"{model.partition('/')[0]}",
        upstream_id=model,
        price=paid,
        **facts,
    )


DEAR = offer(
    1, "a/dear", DEAR_PRICE, task_scores={"chat": 0.9}, trains_on_prompts=False
)
CHEAP = offer(2, "b/cheap", CHEAP_PRICE, task_scores={"chat": 0.6})
FREE = offer(3, "c/unpriced", None, task_scores={})
NAMES = {one.model: (one,) for one in (DEAR, CHEAP, FREE)}


def call(model: str = "a/dear", **fields: Any) -> PastCall:
    values: dict[str, Any] = {
        "created_at": NOON,
        "task": "chat",
        "model": model,
        "provider": model.partition("/")[0],
        "fresh": 1_000,
        "cached": 4_000,
        "written": 500,
        "output": 300,
        "reasoning": 100,
        # 1,000 × 3 + 4,000 × 0.3 + 500 × 3.75 + 300 × 15, by a million: $0.010575
        "cost_nano": 10_575_000,
    }
    return PastCall(**{**values, **fields})


def tried(calls: list[PastCall], rules: Rules) -> Preview:
    """The calls under these rules, when none were in force before."""

    def need(one: PastCall, wanted: Rules) -> Need:
        return Need(
            task=one.task,
            task_probabilities=(),
            input_tokens=one.prompt,
            output_tokens=400,
            model=wanted.forced,
            rules=wanted,
        )

    def chosen(asked: Need) -> Decision:
        pool = [*NAMES[asked.model]] if asked.model else [DEAR, CHEAP]
        return decide(pool, asked)

    replayed = replay(
        calls,
        decide=chosen,
        proposed=lambda one: need(one, rules),
        today=lambda one: need(one, Rules(priority="best", forced="a/dear")),
        quality_of=qualities(NAMES),
    )
    return summarize(replayed)


def test_the_same_tokens_at_the_other_price() -> None:
    # No price of its own for cached and written tokens: both are charged as input.
    # (1,000 + 4,000 + 500) × 0.5 + 300 × 2 = 3,350 by a million
    assert price_again(call(), CHEAP_PRICE) == 3_350_000
    assert price_again(call(), DEAR_PRICE) == 10_575_000
    assert price_again(call(), None) is None


def test_costs_and_qualities_are_compared_request_by_request() -> None:
    calls = [call(), call(), call("b/cheap", cost_nano=3_350_000)]

    found = tried(calls, Rules(forced="b/cheap"))

    assert (found.requests, found.changed, found.compared) == (3, 2, 3)
    assert found.cost_before == Decimal("0.0245")
    assert found.cost_after == Decimal("0.01005")
    assert found.difference == Decimal("-0.01445")
    assert found.cost_share == Decimal("0.01445") / Decimal("0.0245")
    assert found.changed_share == pytest.approx(2 / 3)
    assert found.quality_before == pytest.approx((0.9 + 0.9 + 0.6) / 3)
    assert found.quality_after == pytest.approx(0.6)
    moved, stays = found.lines
    assert (moved.model_before, moved.model_after, moved.requests) == (
        *("a/dear", "b/cheap"),
        2,
    )
    assert (moved.is_estimated, stays.is_estimated) == (True, False)
    assert (moved.cost_before, moved.cost_after) == (
        Decimal("0.02115"),
        Decimal("0.0067"),
    )


def test_who_stays_keeps_the_recorded_cost() -> None:
    # Its price has changed since: what was paid then is what was paid.
    found = tried([call(cost_nano=7)], Rules(forced="a/dear"))

    assert (found.changed, found.lines[0].is_estimated) == (0, False)
    assert found.cost_before == found.cost_after == Decimal("0.000000007")


def test_another_provider_of_the_same_model_is_an_estimate() -> None:
    found = tried([call(provider="elsewhere")], Rules(forced="a/dear"))

    assert found.changed == 0
    assert found.lines[0].is_estimated
    assert found.cost_after == Decimal("0.010575")


def test_what_nothing_may_serve_costs_nothing_and_says_why() -> None:
    calls = [call("b/cheap"), call("b/cheap")]

    found = tried(calls, Rules(forced="b/cheap", no_training=True))

    assert (found.refused, found.compared, found.changed) == (2, 0, 0)
    assert (found.cost_before, found.cost_after) == (Decimal(0), Decimal(0))
    [refusal] = found.refusals
    assert refusal.requests == 2
    assert "not assessed whether it trains on prompts" in refusal.reason
    line = found.lines[0]
    assert (line.cost_before, line.cost_after) == (Decimal("0.02115"), None)


def test_without_a_price_on_both_sides_nothing_is_compared() -> None:
    found = tried([call(cost_nano=None), call()], Rules(forced="b/cheap"))

    assert found.compared == 1
    assert (found.cost_before, found.cost_after) == (
        Decimal("0.010575"),
        Decimal("0.00335"),
    )
    assert "no price was known for 1" in found.unknown[0]


def test_a_quality_counts_only_where_both_are_assessed() -> None:
    found = tried([call("c/unpriced"), call()], Rules(forced="b/cheap"))

    assert (found.quality_assessed, found.quality_before) == (1, 0.9)


def test_what_would_change_today_anyway_is_told() -> None:
    calls = [call("b/cheap"), call("c/unpriced")]

    found = tried(calls, Rules(forced="a/dear"))

    assert (found.changed, found.changed_anyway) == (2, 2)


def test_sums_are_those_of_the_single_requests() -> None:
    calls = [
        call(fresh=n, cached=3 * n, written=0, output=7 * n, reasoning=n, cost_nano=n)
        for n in range(1, 200)
    ]

    found = tried(calls, Rules(forced="b/cheap"))

    again = [price_again(one, CHEAP_PRICE) for one in calls]
    assert found.cost_after * NANO == sum(nano for nano in again if nano is not None)
    assert found.cost_before * NANO == sum(range(1, 200))


def test_no_requests_are_no_preview() -> None:
    found = tried([], structs.replace(Rules(), priority="cheap"))

    assert (found.requests, found.cost_share, found.changed_share) == (0, None, 0.0)
    assert (found.since, found.quality_before) == (None, None)

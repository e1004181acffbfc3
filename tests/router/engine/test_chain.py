"""The order in which offers are tried, and what is said when there is none."""

import random

from apps.kit.errors import MaxCostExceededError, NoModelAvailableError
from apps.router.engine.chain import build_chain, decide, refusal
from tests.router.engine.offers import need, offer

CHEAP = offer("a/cheap", usd=("0.1", "0.2"), task_scores={"chat": 0.3})
MIDDLE = offer("b/middle", usd=("1", "2"), task_scores={"chat": 0.6})
BEST = offer("c/best", usd=("30", "60"), task_scores={"chat": 0.9})
UNKNOWN = offer("d/unknown", usd=("0.01", "0.01"))
POOL = [MIDDLE, UNKNOWN, BEST, CHEAP]


def first(pool: list[object], **wish: object) -> str:
    decision = decide(pool, need(**wish))  # type: ignore[arg-type]  # terse on purpose
    return decision.chain[0].candidate.model


def test_cheap_takes_the_cheapest_that_was_assessed() -> None:
    assert first([*POOL], priority="cheap") == "a/cheap"


def test_cheap_stays_above_the_quality_floor() -> None:
    assert first([*POOL], priority="cheap", quality_floor=0.5) == "b/middle"


def test_best_takes_the_best_at_the_task() -> None:
    assert first([*POOL], priority="best") == "c/best"


def test_an_offer_nobody_assessed_wins_only_where_none_was() -> None:
    assert first([*POOL]) != "d/unknown"
    assert first([UNKNOWN]) == "d/unknown"


def test_the_backup_is_at_another_provider_and_the_third_is_the_cheapest() -> None:
    scores = {"chat": 0.5}
    twin = offer("a/twin", usd=("0.1", "0.2"), provider="a", task_scores=scores)
    chain = decide([twin, CHEAP, MIDDLE, BEST], need()).chain

    assert chain[0].candidate.provider == "a"
    assert chain[1].candidate.provider != "a"
    assert chain[2].cost_nano == min(s.cost_nano or 0 for s in chain)


def test_the_same_offers_in_any_order_give_the_same_chain() -> None:
    orders = [random.sample(POOL, len(POOL)) for _ in range(20)]

    chains = {
        tuple(s.candidate.model for s in decide(order, need()).chain)
        for order in orders
    }

    assert len(chains) == 1


def test_no_offers_make_an_empty_chain() -> None:
    assert build_chain([]) == ()


def test_max_cost_is_named_when_it_is_what_stands_in_the_way() -> None:
    decision = decide([BEST], need(max_cost_nano=1))

    assert isinstance(refusal(decision), MaxCostExceededError)


def test_the_commonest_reasons_are_told_when_nothing_is_available() -> None:
    closed = [offer(f"a/{i}", unavailable="set A_API_KEY") for i in range(3)]

    error = refusal(decide(closed, need()))

    assert isinstance(error, NoModelAvailableError)
    assert "3 excluded: set A_API_KEY." in error.message


def test_a_named_model_is_told_apart_by_its_own_reason() -> None:
    closed = offer("a/one", unavailable="set A_API_KEY")

    error = refusal(decide([closed], need(model="a/one")))

    assert error.message == "a/one: set A_API_KEY."


def test_the_general_index_stands_in_for_a_task_without_benchmarks() -> None:
    known = offer(
        "e/known", usd=("1", "2"), task_scores={"coding": 0.8, "general": 0.8}
    )

    decision = decide([known, UNKNOWN], need(task="translation", priority="best"))

    assert decision.chain[0].task_match == 0.8
    assert "general quality is 0.80" in decision.reason


def test_the_cheapest_of_the_chain_was_assessed_where_any_was() -> None:
    chain = decide([*POOL], need(priority="best")).chain

    assert [s.candidate.model for s in chain] == ["c/best", "b/middle", "a/cheap"]


def test_the_reason_says_what_is_not_assessed() -> None:
    assert "not assessed" in decide([UNKNOWN], need()).reason
    assert "0.60" in decide([MIDDLE], need()).reason
    assert "names b/middle" in decide([MIDDLE], need(model="b/middle")).reason

"""Choosing by own outcomes: over the offers that passed, with their preferences."""

import pytest

from apps.router.engine.chain import decide
from apps.router.engine.choosing import choose, expected_of
from apps.router.engine.embed import vector_of
from apps.router.engine.learned import Learned, gather
from apps.router.engine.need import Decision, Need, Priority, Stay
from apps.router.engine.replay import teach
from apps.router.engine.rules import Rules
from apps.router.explained import content_of, explain
from tests.router.engine.offers import need, offer
from tests.router.learning.synthetic import outcomes

POOL = [
    offer("strong", usd=("100", "100"), provider="s", task_scores={"chat": 0.9}),
    offer("cheap", usd=("1", "1"), provider="c", task_scores={"chat": 0.5}),
    offer("new", usd=("0.5", "0.5"), provider="n", task_scores={"chat": 0.95}),
]
LAW, COOKING = "court judge statute plaintiff", "oven flour butter garlic soup"


@pytest.fixture(scope="module")
def learned() -> Learned:
    return teach(gather(outcomes(400)))


def decided(learned: Learned, text: str, asked: Need) -> Decision:
    plain = decide(POOL, asked)
    expected = expected_of(learned, vector_of(text), asked)
    return plain if expected is None else choose(plain, expected)


def first(decision: Decision) -> str:
    return decision.chain[0].candidate.model


def test_each_prompt_goes_where_its_like_was_answered_well(learned: Learned) -> None:
    asked = need()

    assert first(decided(learned, LAW, asked)) == "strong"
    assert first(decided(learned, COOKING, asked)) == "cheap"


def test_a_model_that_nobody_graded_stands_behind(learned: Learned) -> None:
    ranked = decided(learned, LAW, need()).ranked

    assert [s.candidate.model for s in ranked] == ["strong", "cheap", "new"]
    assert ranked[-1].worth is None


def test_the_decision_says_on_what_it_rests(learned: Learned) -> None:
    decision = decided(learned, COOKING, need())

    told = explain(decision)["learned"]
    assert told["models"]["cheap"]["quality"] > 0.7
    assert told["kappa"] >= 30
    assert "similar prompts" in decision.reason
    assert len(content_of(decision)["candidates"]) <= 5


@pytest.mark.parametrize(
    "asked",
    [
        need(priority="cheap"),
        need(model="strong"),
        need(rules=Rules(sort="price")),
        need(is_test=True),
    ],
    ids=["cheap", "a model is named", "sorted", "a test key"],
)
def test_some_requests_are_not_chosen_so(learned: Learned, asked: Need) -> None:
    assert expected_of(learned, vector_of(LAW), asked) is None


@pytest.mark.parametrize("priority", ["best", "balanced"])
def test_preferences_go_before_worth(learned: Learned, priority: Priority) -> None:
    asked = need(priority=priority, rules=Rules(order=("s",)))

    assert first(decided(learned, COOKING, asked)) == "strong"


def test_where_only_strangers_pass_nothing_changes(learned: Learned) -> None:
    asked = need(models=("new",))
    plain = decide(POOL, asked)
    expected = expected_of(learned, vector_of(LAW), asked)
    assert expected is not None

    assert choose(plain, expected) is plain


def test_the_same_prompt_is_decided_alike(learned: Learned) -> None:
    one, two = (decided(learned, LAW, need()) for _ in range(2))

    assert [s.candidate.model for s in one.ranked] == [
        s.candidate.model for s in two.ranked
    ]


def test_a_conversation_stays_for_a_gain_of_little(learned: Learned) -> None:
    # Two offers of one model: the one that was used before keeps the conversation.
    twin = offer("cheap", usd=("1", "1"), provider="a", task_scores={"chat": 0.5})
    asked = need(stay=Stay("cheap", "c", 1000))
    plain = decide([*POOL, twin], asked)
    expected = expected_of(learned, vector_of(COOKING), asked)
    assert expected is not None

    assert choose(plain, expected).chain[0].candidate.provider == "c"

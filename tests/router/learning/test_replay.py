"""The replay against the static mix, and the guard that rests on it."""

import numpy as np
import pytest

from apps.router.engine.guard import judge
from apps.router.engine.learned import Outcome, gather
from apps.router.engine.replay import folds, replay, teach
from tests.router.learning.synthetic import outcomes


def test_what_can_be_learned_beats_every_fixed_mix() -> None:
    table = gather(outcomes(400))

    played = replay(table, folds(np.arange(400) % 5))["99"]

    assert played.prompts == 400
    assert played.points.low > 5
    assert played.retained.value > 0.95
    assert 0.3 < played.saved.value < 0.5  # half the prompts at a tenth of the cost
    assert played.hindsight > 5


def test_without_anything_to_learn_nothing_is_lost() -> None:
    table = gather(outcomes(400, is_telling=False))

    for played in replay(table, folds(np.arange(400) % 5)).values():
        assert played.points.value > -2


def test_prompts_with_one_graded_model_decide_nothing() -> None:
    table = gather(outcomes(40, models=("strong",)))

    assert replay(table, folds(np.arange(40) % 5)) == {}


def test_a_lower_share_to_keep_never_makes_money_matter_less() -> None:
    rates = teach(gather(outcomes(300))).rates

    assert rates["95"] >= rates["99"]


def test_learning_switches_on_where_the_replay_gains() -> None:
    verdict = judge(outcomes(400))

    assert verdict.is_on
    assert {"99", "95"} <= verdict.rates.keys()
    assert verdict.usual_weight > 0


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (outcomes(100), "200 graded answers, 300 needed"),
        (outcomes(400, models=("strong",)), "fewer than two models"),
        (outcomes(400, is_telling=False), "not surely better"),
    ],
    ids=["too few", "one model", "no gain"],
)
def test_learning_stays_off_and_says_why(rows: list[Outcome], why: str) -> None:
    verdict = judge(rows)

    assert not verdict.is_on
    assert why in verdict.why


def test_grades_of_different_prompts_compare_nothing() -> None:
    rows = outcomes(400)
    apart = [r for n, r in enumerate(rows) if (n // 2) % 2 == (r.model == "cheap")]

    assert "0 prompts graded on two models" in judge(apart).why

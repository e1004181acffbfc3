"""The estimate from neighbours: the published formula, and no more than it says."""

from dataclasses import replace
from itertools import pairwise
from math import exp

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.router.engine.embed import packed, unpacked, vector_of
from apps.router.engine.learned import (
    KAPPA,
    NEIGHBOURS,
    Outcome,
    concat,
    estimate,
    gather,
    learn,
    pick,
)
from tests.router.learning.synthetic import outcomes


def test_the_estimate_is_the_shrunk_mean_of_the_nearest() -> None:
    learned = learn(gather(outcomes(200)))
    query = vector_of("contract court judge appeal")
    held = learned.outcomes

    cosines = held.vectors @ query
    nearest = np.argsort(-cosines)[:NEIGHBOURS]
    weights = np.exp(10 * (cosines[nearest] - 0.5))
    column = held.models.index("cheap")
    spoken = (weights * held.quality[nearest, column]).sum()
    expected = (spoken + KAPPA * learned.mean_quality[column]) / (weights.sum() + KAPPA)

    assert learned.estimate(query).quality[0, column] == pytest.approx(expected, 1e-4)


def test_a_prompt_like_none_gets_the_means() -> None:
    learned = replace(learn(gather(outcomes(200))), usual_weight=50.0)

    found = learned.estimate(vector_of("νέφος ουρανός θάλασσα"))

    assert found.quality[0] == pytest.approx(learned.mean_quality, abs=0.01)
    assert found.kappa[0, 0] > 100 * KAPPA


def test_what_is_known_of_a_subject_is_expected_there() -> None:
    learned = learn(gather(outcomes(400)))
    column = learned.outcomes.models.index("cheap")

    law = learned.estimate(vector_of("court judge statute plaintiff"))
    cooking = learned.estimate(vector_of("oven flour butter garlic soup"))

    assert law.quality[0, column] < 0.5 < 0.7 < cooking.quality[0, column]


def test_a_prompt_is_not_its_own_evidence() -> None:
    vector = packed(vector_of("only one"))
    learned = learn(gather([Outcome(b"a", vector, "m", 1.0, 0.1)]))

    found = estimate(learned, learned.outcomes.vectors, is_own=True)

    assert found.evidence[0, 0] == 0


def test_grades_of_one_answer_are_averaged_and_unknown_costs_filled() -> None:
    vector = packed(vector_of("a question"))
    other = packed(vector_of("another matter"))
    table = gather(
        [
            Outcome(b"a", vector, "m", 1.0, 0.2),
            Outcome(b"a", vector, "m", 0.0, 0.4),
            Outcome(b"b", other, "m", 1.0, None),
            Outcome(b"b", other, "n", 1.0, None),
        ]
    )

    assert table.quality[:, 0].tolist() == [0.5, 1.0]
    assert table.dollars[:, 0] == pytest.approx([0.3, 0.3])
    assert table.known.tolist() == [[True, False], [True, True]]
    assert (len(concat(table, table)), table.grades) == (4, 3)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 8), st.sampled_from("abc"), st.floats(0, 1), st.floats(0, 1)
        ),
        min_size=1,
        max_size=40,
    ),
    st.text(max_size=60),
)
def test_no_estimate_leaves_zero_to_one(
    grades: list[tuple[int, str, float, float]], text: str
) -> None:
    rows = [
        Outcome(bytes([n]), packed(vector_of(f"text {n}")), model, quality, cost)
        for n, model, quality, cost in grades
    ]
    learned = learn(gather(rows))

    found = learned.estimate(vector_of(text))

    assert (found.quality >= -1e-5).all()
    assert (found.quality <= 1 + 1e-5).all()
    assert (found.dollars >= -1e-5).all()


def test_a_higher_rate_never_picks_a_dearer_model() -> None:
    draw = np.random.default_rng(3)
    quality = draw.random((50, 4), np.float32)
    dollars = draw.random((50, 4), np.float32)
    allowed = np.ones((50, 4), bool)
    spent = [
        np.take_along_axis(
            dollars, pick(quality, dollars, rate, allowed)[:, None], axis=1
        )
        for rate in (0.0, 0.5, 2.0, 8.0)
    ]

    for dearer, cheaper in pairwise(spent):
        assert (cheaper <= dearer + 1e-6).all()


def test_storing_changes_a_weight_by_little() -> None:
    [restored] = unpacked([packed(vector_of("a question of some length"))])

    assert exp(10 * (float(restored @ restored) - 0.5)) == pytest.approx(exp(5), 0.01)

"""One score a model and task, out of benchmarks with different fields."""

from datetime import date
from uuid import UUID

import pytest

from apps.catalog.quality import Result, rate
from apps.kit.ids import uuid7

STRONG, MIDDLE, WEAK, ALONE = (uuid7() for _ in range(4))
DAY = date(2026, 7, 1)


def results(
    benchmark: str, scores: dict[UUID, float], *, task: str = "coding"
) -> list[Result]:
    return [Result(m, task, benchmark, s, DAY) for m, s in scores.items()]


def test_a_better_result_is_a_better_score() -> None:
    table = rate(results("A", {STRONG: 0.9, MIDDLE: 0.6, WEAK: 0.3}))

    scores = [table[m, "coding"].score for m in (STRONG, MIDDLE, WEAK)]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score < 1 for score in scores)


def test_an_easy_benchmark_makes_no_champion() -> None:
    hard = results("hard", {STRONG: 0.5, MIDDLE: 0.3})
    easy = results("easy", {MIDDLE: 0.8, WEAK: 0.7})

    table = rate([*hard, *easy])

    assert table[STRONG, "coding"].score > table[WEAK, "coding"].score


def test_what_shares_no_model_is_not_compared() -> None:
    linked = results("A", {STRONG: 0.9, WEAK: 0.3})
    other = results("B", {ALONE: 0.99})

    table = rate([*other, *linked])

    assert (ALONE, "coding") not in table
    assert len(table) == 2


def test_more_results_count_more_than_one() -> None:
    field = {MIDDLE: 0.5, WEAK: 0.5}
    once = rate(results("A", field | {STRONG: 0.8}))
    twice = rate(
        [*results("A", field | {STRONG: 0.8}), *results("B", field | {STRONG: 0.8})]
    )

    assert twice[STRONG, "coding"].score > once[STRONG, "coding"].score
    assert twice[STRONG, "coding"].benchmarks == 2


def test_efforts_of_one_model_count_as_their_mean() -> None:
    mean = rate(results("A", {STRONG: 0.7, WEAK: 0.3}))
    efforts = rate(
        [
            *results("A", {STRONG: 0.6, WEAK: 0.3}),
            *results("A", {STRONG: 0.8}),
        ]
    )

    assert efforts[STRONG, "coding"].score == pytest.approx(
        mean[STRONG, "coding"].score
    )
    assert efforts[STRONG, "coding"].benchmarks == 1


def test_tasks_are_rated_apart_and_perfect_results_are_finite() -> None:
    table = rate(
        [
            *results("A", {STRONG: 1.0, WEAK: 0.0}),
            *results("V", {WEAK: 1.0}, task="chat"),
        ]
    )

    assert set(table) == {(STRONG, "coding"), (WEAK, "coding"), (WEAK, "chat")}
    assert table[WEAK, "chat"].score == 0.5


def test_no_results_make_an_empty_table() -> None:
    assert rate([]) == {}

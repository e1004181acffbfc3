"""Abilities out of benchmarks with different fields, levels and spreads."""

import pytest

from apps.catalog.ability import (
    Result,
    comparable,
    fit,
    logit,
    rating_logit,
)
from apps.catalog.domains import GENERAL

FIELD = {"strong": 0.8, "middle": 0.5, "weak": 0.2}


def results(
    benchmark: str,
    shares: dict[str, float],
    *,
    domain: str = "code",
    weight: float = 1.0,
) -> list[Result]:
    return [
        Result(model, benchmark, domain, logit(share), weight)
        for model, share in shares.items()
    ]


def test_the_golden_table() -> None:
    """Worked out once by this formula; a change of it must be meant."""
    table = fit(
        [
            *results("exam", FIELD),
            *results("quiz", {"strong": 0.9, "weak": 0.6}, domain="science"),
            *results("trial", {"middle": 0.4, "weak": 0.3, "new": 0.6}, domain="code"),
        ]
    )

    scores = {place: ability.score for place, ability in sorted(table.items())}
    assert scores == pytest.approx(GOLDEN, abs=0.002)


GOLDEN = {
    ("middle", "code"): 0.4624,
    ("middle", GENERAL): 0.4699,
    ("new", "code"): 0.5602,
    ("new", GENERAL): 0.5482,
    ("strong", "code"): 0.6773,
    ("strong", GENERAL): 0.6513,
    ("strong", "science"): 0.6602,
    ("weak", "code"): 0.3031,
    ("weak", GENERAL): 0.3323,
    ("weak", "science"): 0.3237,
}


def test_a_better_result_is_a_better_score() -> None:
    table = fit(results("exam", FIELD))

    scores = [table[m, "code"].score for m in ("strong", "middle", "weak")]
    assert scores == sorted(scores, reverse=True)
    assert table["middle", "code"].score == pytest.approx(0.5, abs=0.01)


def test_an_easy_benchmark_makes_no_champion() -> None:
    hard = results("hard", {"strong": 0.5, "middle": 0.3})
    easy = results("easy", {"middle": 0.8, "weak": 0.7})

    table = fit([*hard, *easy])

    assert table["strong", "code"].score > table["weak", "code"].score


def test_a_benchmark_on_which_all_are_alike_says_little() -> None:
    telling = results("telling", FIELD | {"x": 0.5})
    alike = results("alike", {"strong": 0.51, "middle": 0.5, "weak": 0.49})

    with_it = fit([*telling, *alike])

    # An advantage of a point there is as much as many points on the telling one.
    assert with_it["strong", "code"].score == pytest.approx(
        fit(telling)["strong", "code"].score, abs=0.08
    )


def test_one_result_in_a_domain_stays_near_the_general_ability() -> None:
    known = [*results("exam", FIELD), *results("test", FIELD), *results("quiz", FIELD)]
    other = results(
        "proof", {"strong": 0.2, "middle": 0.5, "weak": 0.5}, domain="logic"
    )

    table = fit([*known, *other])

    strong = table["strong", "logic"].score
    assert table["strong", GENERAL].score > strong > 0.5


def test_more_results_move_it_further() -> None:
    once = fit([*results("exam", FIELD), *_odd("a")])
    twice = fit([*results("exam", FIELD), *_odd("a"), *_odd("b")])

    gap = once["weak", GENERAL].score - once["weak", "logic"].score
    assert twice["weak", "logic"].score > once["weak", "logic"].score
    assert gap < 0


def _odd(name: str) -> list[Result]:
    return results(name, {"strong": 0.5, "middle": 0.5, "weak": 0.9}, domain="logic")


def test_a_heavier_result_counts_more() -> None:
    base = results("exam", FIELD)
    light = fit([*base, *results("claim", {"weak": 0.9, "middle": 0.5}, weight=0.1)])
    heavy = fit([*base, *results("claim", {"weak": 0.9, "middle": 0.5})])

    assert heavy["weak", "code"].score > light["weak", "code"].score


def test_the_interval_narrows_with_results() -> None:
    few = fit(results("exam", FIELD))["strong", "code"]
    many = fit([r for n in range(8) for r in results(f"exam {n}", FIELD)])[
        "strong", "code"
    ]

    assert few.low < few.score < few.high
    assert many.high - many.low < few.high - few.low


def test_what_shares_no_model_is_not_compared() -> None:
    linked = results("exam", FIELD)
    other = results("island", {"alone": 0.99})

    assert comparable([*other, *linked]) == linked
    assert ("alone", "code") not in fit([*other, *linked])


def test_a_general_benchmark_has_no_domain_of_its_own() -> None:
    table = fit(results("index", FIELD, domain=GENERAL))

    assert {domain for _, domain in table} == {GENERAL}


def test_perfect_results_are_finite_and_nothing_is_nothing() -> None:
    table = fit(results("exam", {"all": 1.0, "none": 0.0}))

    assert 0 < table["none", "code"].score < table["all", "code"].score < 1
    assert fit([]) == {}


def test_a_rating_is_a_logit() -> None:
    # 400 points more are odds of ten to one.
    assert rating_logit(1400) - rating_logit(1000) == pytest.approx(logit(10 / 11))

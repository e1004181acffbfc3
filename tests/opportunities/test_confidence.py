"""How sure an opportunity is: its cap by evidence, and each point that is lost."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from apps.opportunities.engine.candidates import Candidate, Prices, Quality
from apps.opportunities.engine.confidence import Confidence, confidence
from apps.opportunities.engine.need import Evidence
from tests.opportunities.offers import GPT_4O, MINI, NOW, need, offer, volume

MEASURED = need(volume=volume(basis="measured", requests=12_431))
CHECK = Evidence("check", "not_worse", 50, -0.05, 0.05, 0.9, judged_at=NOW)


def sure(
    current: Candidate = GPT_4O,
    candidate: Candidate = MINI,
    evidence: Evidence | None = None,
    **fields: Any,
) -> Confidence:
    fields = {"now": NOW, **fields}
    wanted = fields.pop("need", MEASURED)
    return confidence(current, candidate, wanted, evidence=evidence, **fields)


def only_composite(score: float = 0.5) -> Candidate:
    one = offer("house/general", quality=score)
    return replace(one, qualities={"general": one.qualities["general"]})


@pytest.mark.parametrize(
    ("candidate", "evidence", "cap"),
    [
        (offer("house/unrated", quality=None), None, 30),
        (only_composite(), None, 50),
        (MINI, None, 65),
        (MINI, CHECK, 85),
        (MINI, replace(CHECK, source="experiment", prompts=0), 95),
    ],
    ids=["price only", "composite", "task benchmark", "check", "experiment"],
)
def test_evidence_caps_it(
    candidate: Candidate, evidence: Evidence | None, cap: int
) -> None:
    found = sure(candidate=candidate, evidence=evidence)

    assert found.parts[0].points == cap
    assert found.value <= cap
    assert found.words


@pytest.mark.parametrize(
    "evidence",
    [
        replace(CHECK, prompts=29),
        replace(CHECK, consistency=0.79),
        replace(CHECK, verdict=""),
        replace(CHECK, verdict="worse"),
    ],
    ids=["too few prompts", "an inconsistent judge", "no verdict", "worse"],
)
def test_a_check_that_decides_nothing_raises_nothing(evidence: Evidence) -> None:
    found = sure(evidence=evidence)

    assert found.basis == "task_benchmark"
    assert any("a check is there" in part.text for part in found.parts)


def test_a_check_by_rules_needs_no_consistency() -> None:
    assert sure(evidence=replace(CHECK, consistency=None)).basis == "check"


def test_scores_of_the_makers_alone_are_composite_evidence() -> None:
    own = Quality(0.5, 0.4, 0.6, 4, 0, date(2026, 10, 1))
    boasted = replace(MINI, qualities={"chat": own})

    found = sure(candidate=boasted)

    assert found.basis == "composite"
    assert any("100 % of the results" in part.text for part in found.parts)
    assert Quality(0.5, 0.5, 0.5, 0, 0).self_reported_share == 1


@pytest.mark.parametrize(("days", "points"), [(0.9, 0), (2, -3), (8, -8), (31, -15)])
def test_old_prices_lower_it(days: float, points: int) -> None:
    stale = replace(MINI, price_checked_at=NOW - timedelta(days=days))

    assert sure(candidate=stale).value - sure().value == points


def test_prices_of_no_known_day_lower_it() -> None:
    assert sure(candidate=replace(MINI, price_checked_at=None)).value < sure().value


def test_old_benchmarks_lower_it() -> None:
    old = {
        task: replace(quality, newest=date(2025, 1, 1))
        for task, quality in MINI.qualities.items()
    }

    found = sure(candidate=replace(MINI, qualities=old))

    assert any("benchmarks of Jan 2025" in part.text for part in found.parts)


def test_intervals_that_overlap_lower_it() -> None:
    near = offer("house/near", quality=0.56)

    assert any("overlap" in part.text for part in sure(candidate=near).parts)


def test_a_wide_interval_on_own_prompts_lowers_it() -> None:
    wide = replace(CHECK, low=-0.14, high=0.4)

    assert sure(evidence=wide).value < sure(evidence=CHECK).value


def test_factors_that_are_not_assessed_lower_it() -> None:
    assert sure(unknown_weight=0.5).value == sure().value - 10


@pytest.mark.parametrize(
    ("wanted", "points"),
    [(need(), -5), (need(volume=volume(calls=None, basis="")), -10)],
    ids=["typed", "unknown"],
)
def test_a_volume_that_is_not_measured_lowers_it(wanted: Any, points: int) -> None:
    assert sure(need=wanted).value - sure().value == points


def test_discounts_lower_it() -> None:
    cut = (Prices(above=0),)

    assert sure(current=replace(GPT_4O, discounted=cut)).value == sure().value - 5
    assert sure(candidate=replace(MINI, discounted=cut)).value == sure().value - 3


def test_thinking_that_nobody_measured_lowers_it() -> None:
    thinking = replace(MINI, has_reasoning=True)
    counted = replace(CHECK, output_ratio=2.0)

    assert sure(candidate=thinking).value == sure().value - 8
    assert (
        sure(candidate=thinking, evidence=counted).value == sure(evidence=counted).value
    )


def test_it_never_falls_below_zero() -> None:
    unknown = replace(offer("h/u", quality=None), price_checked_at=None)

    found = sure(candidate=unknown, unknown_weight=1.0, need=need(volume=volume(None)))

    assert found.value == 0
    assert sum(part.points for part in found.parts) == 0

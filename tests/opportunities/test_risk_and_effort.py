"""What could go wrong, how much work it is, and what gets worse."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from apps.opportunities.engine.candidates import (
    Candidate,
    DataPolicy,
    Prices,
    Speed,
    Trust,
)
from apps.opportunities.engine.effort import effort
from apps.opportunities.engine.need import Evidence, Need
from apps.opportunities.engine.risk import Risk, risk
from apps.opportunities.engine.trade_offs import trade_offs
from apps.router.engine.parameters import Matrix, Parameter
from tests.opportunities.offers import GPT_4O, MINI, NOW, TODAY, need, offer, volume

LISTED = Matrix({"temperature": Parameter(), "tools": Parameter()}, is_complete=True)


def level(name: str, candidate: Candidate, **fields: Any) -> int:
    return {one.name: one.level for one in risks(candidate, **fields).dimensions}[name]


def risks(candidate: Candidate, current: Candidate = GPT_4O, **fields: Any) -> Risk:
    evidence = fields.pop("evidence", None)
    basis = fields.pop("basis", "task_benchmark")
    return risk(
        current, candidate, need(**fields), today=TODAY, basis=basis, evidence=evidence
    )


def test_the_worst_dimension_is_the_risk() -> None:
    found = risks(replace(MINI, data_policy=DataPolicy(trains=True)))

    assert found.level == 4
    assert found.worst.name == "data_policy"
    assert found.worst.label == "Data policy"


@pytest.mark.parametrize(
    ("quality", "expected"),
    [(0.6, 0), (0.549, 0), (0.53, 1), (0.5, 2), (0.45, 3), (0.3, 4), (None, 2)],
)
def test_a_quality_gap_is_a_risk(quality: float | None, expected: int) -> None:
    assert level("quality_gap", offer("h/m", quality=quality)) == expected


def test_own_prompts_say_more_of_quality_than_benchmarks() -> None:
    weak = offer("h/m", quality=0.2)
    not_worse = Evidence("check", "not_worse", 50, -0.1, 0.1, 0.9)

    assert level("quality_gap", weak, evidence=not_worse) == 1
    better = replace(not_worse, verdict="better")
    assert level("quality_gap", weak, evidence=better) == 0


@pytest.mark.parametrize(
    ("basis", "expected"),
    [
        ("experiment", 0),
        ("check", 0),
        ("task_benchmark", 1),
        ("composite", 2),
        ("price", 4),
    ],
)
def test_little_evidence_is_a_risk(basis: str, expected: int) -> None:
    assert level("quality_evidence", MINI, basis=basis) == expected


def test_little_room_is_a_risk() -> None:
    assert level("context", MINI) == 0
    assert level("context", replace(MINI, context_tokens=64_000)) == 1
    tight = replace(MINI, context_tokens=17_000)
    assert level("context", tight, required_context=16_384) == 2
    unknown = replace(GPT_4O, context_tokens=None)
    assert risks(MINI, unknown).dimensions[2].level == 0


@pytest.mark.parametrize(
    ("parameters", "matrix", "expected"),
    [
        ((), None, 0),
        (("temperature",), None, 1),
        (("temperature",), LISTED, 0),
        (("temperature", "seed"), LISTED, 2),
        (("tools", "response_format"), LISTED, 4),
        (("temperature",), Matrix({}, is_complete=False), 1),
    ],
)
def test_lost_parameters_are_a_risk(
    parameters: tuple[str, ...], matrix: Matrix | None, expected: int
) -> None:
    candidate = replace(MINI, matrix=matrix)

    assert level("parameters", candidate, parameters=parameters) == expected


def test_abilities_that_are_had_today_and_not_asked_for_are_a_risk() -> None:
    assert level("modality", MINI) == 0
    assert level("modality", replace(MINI, has_vision=False)) == 1


@pytest.mark.parametrize(
    ("rate", "expected"), [(100.0, 0), (80.0, 1), (55.0, 2), (30.0, 3), (None, 1)]
)
def test_slower_answers_are_a_risk(rate: float | None, expected: int) -> None:
    assert level("latency", replace(MINI, speed=Speed(rate, 400.0))) == expected


def test_an_unknown_latency_weighs_more_where_one_is_needed() -> None:
    unknown = replace(MINI, speed=Speed())

    assert level("latency", unknown, latency_need_ms=500) == 2


@pytest.mark.parametrize(
    ("policy", "tier", "expected"),
    [
        (DataPolicy(trains=True), "B", 4),
        (DataPolicy(trains=False, may_publish=True), "B", 4),
        (DataPolicy(trains=False), "C", 3),
        (DataPolicy(), "B", 2),
        (DataPolicy(trains=False, retains=True), "B", 1),
        (DataPolicy(trains=False), "B", 0),
    ],
)
def test_what_happens_to_prompts_is_a_risk(
    policy: DataPolicy, tier: str, expected: int
) -> None:
    other = offer("house/m", data_policy=policy, trust=Trust(70.0, tier))

    assert level("data_policy", other) == expected


def test_an_unknown_policy_of_the_same_provider_is_no_new_risk() -> None:
    assert level("data_policy", MINI) == 0


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, 0),
        ({"sunset_on": date(2027, 6, 1)}, 3),
        ({"sunset_on": date(2028, 6, 1)}, 2),
        ({"deprecated_on": date(2026, 10, 1)}, 3),
        ({"model": "house/m-preview"}, 2),
        ({"released_on": date(2026, 11, 1)}, 1),
        ({"released_on": date(2025, 11, 1)}, 0),
    ],
)
def test_an_end_in_sight_is_a_risk(fields: dict[str, Any], expected: int) -> None:
    assert level("lifecycle", replace(MINI, **fields)) == expected


def test_another_id_at_the_same_provider_is_very_little_work() -> None:
    assert effort(GPT_4O, MINI, need()).level == "very_low"


@pytest.mark.parametrize(
    ("candidate", "fields", "expected"),
    [
        (offer("h/m"), {}, "low"),
        (offer("h/m"), {"is_routed": True}, "very_low"),
        (offer("h/m", protocol="anthropic"), {}, "medium"),
        (replace(MINI, matrix=LISTED), {"parameters": ("seed",)}, "medium"),
        (replace(MINI, matrix=LISTED), {"parameters": ("tools",)}, "very_low"),
        (replace(MINI, has_tools=False), {"parameters": ("tools",)}, "high"),
        (replace(MINI, has_tools=False), {}, "very_low"),
    ],
)
def test_what_is_to_be_done_is_the_effort(
    candidate: Candidate, fields: dict[str, Any], expected: str
) -> None:
    found = effort(GPT_4O, candidate, need(**fields))

    assert found.level == expected
    assert found.reasons
    assert 0 <= found.scale <= 3


def test_a_prompt_cache_that_is_lost_is_work() -> None:
    bare = replace(MINI, prices=(Prices(Decimal(1), Decimal(2)),))
    cached = need(volume=volume(cached_share=Decimal("0.5")))

    assert effort(GPT_4O, bare, cached).level == "medium"
    assert effort(bare, bare, cached).level == "very_low"
    assert effort(GPT_4O, MINI, cached).level == "very_low"


def said(candidate: Candidate, wanted: Need | None = None, share: float = 0.5) -> str:
    return "; ".join(trade_offs(GPT_4O, candidate, wanted or need(), share))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"qualities": {}}, "its quality is not assessed"),
        ({"speed": Speed(50.0, 900.0)}, "slower: 10.9 s an answer against 5.4 s"),
        ({"context_tokens": 8_000}, "smaller context: 8,000 tokens against 128,000"),
        ({"trust": Trust(50.0, "B")}, "lower trust: 50 of 100 against 70"),
        ({"has_reasoning": True}, "may think before it answers"),
        ({"provider": "x", "provider_name": ""}, "another provider: x"),
        ({"quantization": "fp4"}, "served quantized (fp4)"),
        ({"flags": ("an outage",)}, "our editors note: an outage"),
    ],
)
def test_what_gets_worse_is_said(fields: dict[str, Any], words: str) -> None:
    assert words in said(replace(MINI, **fields))


def test_lower_scores_higher_costs_and_lost_parameters_are_said() -> None:
    lost = replace(MINI, matrix=LISTED)

    assert "lower chat score: 0.47 against 0.55" in said(MINI)
    assert "costs 50 % more a call" in said(MINI, share=-0.5)
    assert "does not take seed" in said(lost, need(parameters=("seed",)))
    assert "take" not in said(lost, need(parameters=("tools",)))
    assert trade_offs(GPT_4O, offer("openai/o", quality=0.55), need(), None) == ()
    general = replace(MINI, qualities={"general": MINI.qualities["general"]})
    assert "lower general score" in said(general)
    assert NOW.date() == TODAY

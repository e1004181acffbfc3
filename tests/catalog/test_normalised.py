"""What is taken from files of normalised results, and what may not be passed on."""

from typing import Any

import pytest

from apps.catalog.sources import aider, normalised


def row(**fields: Any) -> dict[str, Any]:
    plain = {
        "source": "aider",
        "benchmark": "Aider Polyglot",
        "metric": "pass_rate_2",
        "score": 55.6,
        "unit": "percent",
        "higher_is_better": True,
        "model_raw": "gpt-4o-mini",
        "date": "2024-12-21",
        "source_url": "https://aider.chat/docs/leaderboards/",
        "licence": "Apache-2.0",
    }
    return plain | fields


def test_normalised_rows_become_what_their_source_will_say() -> None:
    found = normalised.read(
        [
            row(n=225, total_cost_usd=2.25),
            row(source="llm-stats", score=0.5, unit="fraction", self_reported=True)
            | {"benchmark": "GPQA", "licence": "CC-BY-4.0"},
            row(source="tau2-bench", benchmark="tau2-bench retail", licence="MIT")
            | {"submitted_by": "Moonshot AI", "cost_usd_per_task": 0.3},
        ]
    )

    (run,), (claim,), (trial,) = found["aider"], found["llm-stats"], found["tau2"]
    assert run.source_id == aider.run_id("gpt-4o-mini", 55.6, "2024-12-21")
    assert (run.cost_usd, run.sample_size) == (0.01, 225)
    assert (claim.value, claim.is_self_reported) == (50, True)
    assert trial.is_self_reported
    assert (trial.source_id, trial.cost_usd) == (
        "gpt-4o-mini by Moonshot AI on 2024-12-21",
        0.3,
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"licence": "CC BY-NC 4.0"},
        {"licence": "Apache-2.0 (LiveBench/LiveBench); site repo has no licence file"},
        {"source": "livebench"},
        {"benchmark": "SimpleQA"},
        {"source_url": "https://example.com/benchmark-image"},
        {"source_url": "https://x.com/xai/status/1"},
        {"source_url": None},
    ],
)
def test_what_may_not_be_passed_on_is_left_out(fields: dict[str, Any]) -> None:
    assert not normalised.read([row(**fields)])


def test_two_results_that_nothing_tells_apart_are_both_left_out() -> None:
    one = row(source="vectara", benchmark="Vectara Hallucination Rate")

    assert normalised.read([one, one | {"score": 1.0}]) == {"vectara": []}
    assert len(normalised.read([one, one])["vectara"]) == 1

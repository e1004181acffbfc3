"""The bench of sanity checks says what is promised, and says so when it is not."""

import random
from pathlib import Path

import pytest

from bench import checks
from bench.checks import PROMISED, SCENARIOS, exactly, simulate


@pytest.mark.parametrize("prompts", [10, 20, 30, 50])
def test_exact_shares_are_within_three_points_of_the_promised(prompts: int) -> None:
    for scenario, (significant, accepted) in zip(
        SCENARIOS, PROMISED[prompts], strict=True
    ):
        found = exactly(scenario, prompts)

        assert abs(found.significant - significant) <= 0.03
        assert abs(found.accepted - accepted) <= 0.03


def test_simulation_agrees_with_the_sum_over_all_outcomes() -> None:
    scenario = SCENARIOS[3]

    found = simulate(scenario, 20, runs=1_000, chance=random.Random(1))

    assert abs(found.accepted - exactly(scenario, 20).accepted) < 0.04


def test_bench_fails_when_a_cell_is_off(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(checks, "PROMISED", {10: ((0.01, 0.9),) * 4})

    assert checks.run(tmp_path / "out.json", runs=20) == 1
    assert (tmp_path / "out.json").exists()

"""`./run bench checks`: how often a sanity check says what, in simulated checks.

Two models are compared on n prompts by a judge that is asked in both orders; its word
goes through the product's own way from two answers of a judge to a verdict. Printed
beside each other are the simulated shares, the exact ones and those of the table that
the product promises (docs/checks.md); it exits with 1 when one is off by more than
three points.
"""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import exp, lgamma, log
from pathlib import Path
from typing import Final

from apps.checks.statistics import (
    USUAL_MARGIN,
    is_not_worse,
    net_of,
    sign_test,
    worth,
)
from apps.router.engine.judging import Choice, outcome_of

TOLERANCE: Final = 0.03
SIGNIFICANT: Final = 0.05
RUNS: Final = 2_000
SEED: Final = 5


@dataclass(frozen=True, slots=True)
class Scenario:
    """How often the candidate is better and worse, and how torn the judge is."""

    name: str
    wins: float
    losses: float
    # How often the judge picks whatever stands first.
    slot_bias: float = 0.0


@dataclass(frozen=True, slots=True)
class Shares:
    """Of many checks: the sign test finds a difference; "not worse" is accepted."""

    significant: float
    accepted: float


@dataclass(frozen=True, slots=True)
class Line:
    """One cell of the table."""

    prompts: int
    scenario: str
    simulated: Shares
    exact: Shares
    promised: Shares

    @property
    def off(self) -> float:
        one, two = self.simulated, self.promised
        return max(
            abs(one.significant - two.significant), abs(one.accepted - two.accepted)
        )

    @property
    def is_met(self) -> bool:
        return self.off <= TOLERANCE


SCENARIOS: Final = (
    Scenario("equal (25/25)", 0.25, 0.25),
    Scenario("better (35/25)", 0.35, 0.25),
    Scenario("worse (15/35)", 0.15, 0.35),
    Scenario("worse (15/35), judge picks first 30 %", 0.15, 0.35, 0.3),
)
# By prompts, in the order of the scenarios: (significant, accepted).
PROMISED: Final[dict[int, tuple[tuple[float, float], ...]]] = {
    10: ((0.01, 0.21), (0.02, 0.30), (0.04, 0.04), (0.01, 0.08)),
    20: ((0.02, 0.25), (0.05, 0.44), (0.15, 0.03), (0.09, 0.08)),
    30: ((0.03, 0.31), (0.08, 0.58), (0.27, 0.02), (0.16, 0.07)),
    50: ((0.03, 0.43), (0.11, 0.74), (0.45, 0.02), (0.31, 0.07)),
    100: ((0.03, 0.70), (0.21, 0.95), (0.77, 0.01), (0.60, 0.08)),
    200: ((0.04, 0.91), (0.41, 1.00), (0.98, 0.00), (0.91, 0.08)),
}


def run(json_path: Path | None = None, *, runs: int = RUNS, seed: int = SEED) -> int:
    """Print the table; 1 when a cell is off by more than three points."""
    lines = list(measure(runs=runs, seed=seed))
    print(
        f"{runs:,} simulated checks a cell, seed {seed}; sign test p < 0.05 / not worse"
    )
    titles = " ".join(f"{title:>13}" for title in ("simulated", "exact", "promised"))
    print(f"{'prompts':>8}  {'scenario':<40} {titles}")
    for line in lines:
        mark = "" if line.is_met else "   OFF"
        cells = (line.simulated, line.exact, line.promised)
        shown = " ".join(f"{c.significant:6.3f}/{c.accepted:6.3f}" for c in cells)
        print(f"{line.prompts:>8}  {line.scenario:<40} {shown}{mark}")
    if json_path is not None:
        json_path.write_text(json.dumps([_facts(line) for line in lines], indent=1))
    missed = [line for line in lines if not line.is_met]
    worst = max(line.off for line in lines)
    print(f"largest distance {worst * 100:.1f} points, {len(missed)} cells off")
    return 1 if missed else 0


def measure(*, runs: int = RUNS, seed: int = SEED) -> Iterator[Line]:
    """Every cell of the table."""
    chance = random.Random(seed)
    for prompts, row in PROMISED.items():
        for scenario, promised in zip(SCENARIOS, row, strict=True):
            yield Line(
                prompts,
                scenario.name,
                simulate(scenario, prompts, runs=runs, chance=chance),
                exactly(scenario, prompts),
                Shares(*promised),
            )


def simulate(
    scenario: Scenario, prompts: int, *, runs: int, chance: random.Random
) -> Shares:
    """So many checks, each of so many prompts."""
    significant = accepted = 0
    for _ in range(runs):
        values = [_pair(scenario, chance) for _ in range(prompts)]
        is_found, is_accepted = _said(values)
        significant += is_found
        accepted += is_accepted
    return Shares(significant / runs, accepted / runs)


def exactly(scenario: Scenario, prompts: int) -> Shares:
    """The same by summing over all numbers of wins and losses.

    A judge that picks the first slot in either order contradicts itself or says tie, so
    such a pair is a tie whatever is true.
    """
    kept = 1 - scenario.slot_bias
    wins, losses = scenario.wins * kept, scenario.losses * kept
    significant = accepted = 0.0
    for won in range(prompts + 1):
        for lost in range(prompts - won + 1):
            chance = _trinomial(prompts, won, lost, (wins, losses))
            if chance < 1e-12:
                continue
            ties = prompts - won - lost
            found, taken = _said([1.0] * won + [-1.0] * lost + [0.0] * ties)
            significant += chance * found
            accepted += chance * taken
    return Shares(significant, accepted)


def _said(values: Sequence[float]) -> tuple[bool, bool]:
    won, lost = values.count(1.0), values.count(-1.0)
    is_found = sign_test(won, lost) < SIGNIFICANT
    return is_found, is_not_worse(net_of(values), USUAL_MARGIN)


def _pair(scenario: Scenario, chance: random.Random) -> float:
    """What one pair counts for the candidate, after a judge saw both orders."""
    drawn = chance.random()
    is_won, is_lost = drawn < scenario.wins, drawn >= 1 - scenario.losses
    # With the bias it says "first" in both orders, which is a contradiction.
    if scenario.slot_bias and chance.random() < scenario.slot_bias:
        return worth(outcome_of("first", "first")[0])
    straight: Choice = "second" if is_won else "first" if is_lost else "neither"
    swapped: Choice = "first" if is_won else "second" if is_lost else "neither"
    return worth(outcome_of(straight, swapped)[0])


def _trinomial(total: int, won: int, lost: int, odds: tuple[float, float]) -> float:
    ties = total - won - lost
    wins, losses = odds
    ways = lgamma(total + 1) - lgamma(won + 1) - lgamma(lost + 1) - lgamma(ties + 1)
    power = won * log(wins) + lost * log(losses) + ties * log(1 - wins - losses)
    return exp(ways + power)


def _facts(line: Line) -> dict[str, object]:
    return {
        "prompts": line.prompts,
        "scenario": line.scenario,
        "simulated": [line.simulated.significant, line.simulated.accepted],
        "exact": [line.exact.significant, line.exact.accepted],
        "promised": [line.promised.significant, line.promised.accepted],
        "is_met": line.is_met,
    }

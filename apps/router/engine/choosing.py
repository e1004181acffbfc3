"""Rank offers by what an organization's own outcomes promise for this prompt.

It takes the decision that the documented formula made, so filters, preferences and
exclusions are those; only the order of the offers whose models were graded is another.
Models that nobody graded stand behind, in the order they had.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from apps.router.engine.chain import build_chain, preference, staying
from apps.router.engine.embed import Vector
from apps.router.engine.learned import LEAST_GRADES, Learned
from apps.router.engine.need import (
    Decision,
    Expected,
    Guess,
    Need,
    Priority,
    Scored,
)

# What share of the best model's quality each priority keeps. `cheap` stays what it is
# for everybody: the cheapest above the floor.
TARGETS: Final[Mapping[Priority, str]] = {"best": "best", "balanced": "99"}


def expected_of(learned: Learned, vector: Vector, need: Need) -> Expected | None:
    """The estimates for one prompt; None where this priority is not chosen so."""
    target = TARGETS.get(need.priority, "")
    rate = learned.rates.get(target)
    if rate is None or need.model or need.rules.sort or need.is_test:
        return None
    found = learned.estimate(vector)
    grades = learned.outcomes.known.sum(axis=0)
    models = {
        model: Guess(
            float(np.clip(found.quality[0, column], 0, 1)),
            float(found.dollars[0, column]),
            float(found.evidence[0, column]),
        )
        for column, model in enumerate(learned.outcomes.models)
        if grades[column] >= LEAST_GRADES
    }
    kappa = float(found.kappa[0, 0])
    return Expected(target, rate, kappa, learned.usual_weight, models)


def choose(decision: Decision, expected: Expected) -> Decision:
    """The same decision with its offers in the order of what is expected of them."""
    least = _least_costs(decision.ranked)
    ranked = [_with(scored, expected, least) for scored in decision.ranked]
    need = decision.need
    # Stable: offers of equal worth keep the order they had.
    ranked.sort(key=lambda s: (*preference(s, need), s.worth is None, -(s.worth or 0)))
    ranked = staying(ranked, need, merit=lambda s: s.worth or 0.0)
    chain = build_chain(ranked, need.rules)
    if not chain or chain[0].worth is None:
        return decision
    return replace(
        decision,
        chain=chain,
        ranked=tuple(ranked),
        reason=_reason(chain[0], expected),
        expected=expected,
    )


def _least_costs(ranked: Sequence[Scored]) -> dict[str, int]:
    """What each model costs at its cheapest offer, in nano-dollars."""
    least: dict[str, int] = {}
    for scored in ranked:
        if scored.cost_nano is not None:
            model = scored.candidate.model
            least[model] = min(scored.cost_nano, least.get(model, scored.cost_nano))
    return least


def _with(scored: Scored, expected: Expected, least: Mapping[str, int]) -> Scored:
    guess = expected.models.get(scored.candidate.model)
    if guess is None:
        return scored
    # Outcomes know what a model costs; which of its offers is dearer, or has the
    # prompt cached, is known from their prices.
    cost_nano = scored.cost_nano or 0
    more = (cost_nano - least.get(scored.candidate.model, cost_nano)) / 1e9
    dollars = guess.dollars + more
    worth = (guess.quality - expected.rate * dollars) * scored.candidate.downrank
    return replace(scored, worth=worth)


def _reason(first: Scored, expected: Expected) -> str:
    guess = expected.models[first.candidate.model]
    share = "all" if expected.target == "best" else f"{expected.target} %"
    return (
        f"{first.candidate.model} at {first.candidate.provider} is worth most by your "
        f"own graded answers to similar prompts: {guess.quality:.2f} expected, where "
        f"{share} of the best model's quality is to be kept."
    )

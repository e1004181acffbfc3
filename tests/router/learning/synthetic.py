"""Outcomes made by a rule, where what can be learned is known."""

import random

import numpy as np

from apps.router.engine.embed import packed, vector_of
from apps.router.engine.learned import Outcome

SUBJECTS = {
    "law": "contract court judge statute liability tort plaintiff clause appeal",
    "cooking": "oven flour butter recipe onion simmer pan garlic bake soup",
}
PRICES = {"strong": 0.01, "cheap": 0.001}


def prompts(count: int, *, seed: int = 1) -> list[tuple[str, str]]:
    """Subject and text of so many prompts, the subjects by turns."""
    draw = random.Random(seed)
    found = []
    for number in range(count):
        subject = list(SUBJECTS)[number % 2]
        words = draw.sample(SUBJECTS[subject].split(), 6)
        found.append((subject, f"{' '.join(words)} {number}"))
    return found


def outcomes(
    count: int, *, is_telling: bool = True, models: tuple[str, ...] = tuple(PRICES)
) -> list[Outcome]:
    """`cheap` is as good as `strong` at cooking and bad at law; if not telling, its
    quality has nothing to do with the subject.
    """
    draw = np.random.default_rng(2)
    rows = []
    for number, (subject, text) in enumerate(prompts(count)):
        vector = packed(vector_of(text))
        for model in models:
            good = 0.9
            if model == "cheap":
                good = (0.9 if subject == "cooking" else 0.3) if is_telling else 0.6
            # By turns rather than by chance, so that nothing is to be learned from it.
            quality = float((number * 7919) % 100 / 100 < good)
            if is_telling:
                quality = float(draw.random() < good)
            rows.append(Outcome(text.encode(), vector, model, quality, PRICES[model]))
    return rows

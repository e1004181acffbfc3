"""Fit the linear model: multinomial logistic regression by stochastic gradients.

It is plain Python on purpose: five thousand prompts take some seconds, and neither
the product nor its tests need a numeric library. Every (source, task) counts by the
root of its size, so that no large source teaches its wording as if it were the task.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from typing import Final

from apps.router.engine.task import TASKS, reading_of
from apps.router.engine.task_model import Head, Row, TaskModel, packed, softmax
from apps.router.task_training.data import OWN, Prompt

EPOCHS: Final = 12
RATE: Final = 0.2
# Shrinks every weight once an epoch: what few prompts support stays small.
SHRINK: Final = 0.97
# How much the words count beside ideas and shape, found over held-out sources.
WORD_SCALE: Final = 3.0
SIGN_VALUE: Final = 0.5
# A feature of one source alone is that source's wording.
SOURCES_AT_LEAST: Final = 2
PROMPTS_AT_LEAST: Final = 3
# Our own prompts are few and cover the languages that public ones lack.
OWN_COUNTS: Final = 4.0
_SEED: Final = 7
_SETTLED: Final = 0.01


@dataclass(frozen=True, slots=True)
class Example:
    """A prompt's features, ready to learn from."""

    features: frozenset[str]
    task: int
    source: str


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Which features are learned, by number, and how rare each word is."""

    numbers: dict[str, int]
    rarity: dict[str, float]

    def values(self, features: Iterable[str]) -> list[tuple[int, float]]:
        """The known features by number, each with its value."""
        known = [name for name in features if name in self.numbers]
        squares = sum(self.rarity[n] ** 2 for n in known if n in self.rarity)
        length = sqrt(squares) or 1.0
        return [
            (
                self.numbers[name],
                WORD_SCALE * self.rarity[name] / length
                if name in self.rarity
                else SIGN_VALUE,
            )
            for name in known
        ]


def example_of(prompt: Prompt) -> Example:
    """The features of a prompt under the number of its task."""
    features = frozenset(reading_of(prompt.text).features())
    return Example(features, TASKS.index(prompt.task), prompt.source)


def fit(examples: Sequence[Example], *, temperature: float = 1.0) -> TaskModel:
    """A model of these examples."""
    return packed(*fit_rows(examples, temperature=temperature))


def fit_rows(
    examples: Sequence[Example], *, temperature: float = 1.0
) -> tuple[Head, list[Row]]:
    """The same as the rows of a weights file."""
    vocabulary = _vocabulary(examples)
    weights, bias = _descend(examples, vocabulary)
    rows = []
    for name, number in vocabulary.numbers.items():
        rarity = vocabulary.rarity.get(name)
        scale = SIGN_VALUE if rarity is None else WORD_SCALE * rarity
        squared = rarity**2 if rarity else 0.0
        rows.append(Row(name, squared, [scale * w for w in weights[number]]))
    return Head(TASKS, tuple(bias), temperature), rows


def best_temperature(logits: Sequence[tuple[Sequence[float], int]]) -> float:
    """What to divide held-out logits by so that their shares are honest.

    It minimises the mean negative logarithm of the right task's share.
    """

    def loss(temperature: float) -> float:
        return -sum(
            log(max(softmax([x / temperature for x in row])[task], 1e-12))
            for row, task in logits
        )

    return min((step / 20 for step in range(10, 101)), key=loss)


def _vocabulary(examples: Sequence[Example]) -> Vocabulary:
    counts: Counter[str] = Counter()
    sources: defaultdict[str, set[str]] = defaultdict(set)
    for example in examples:
        counts.update(example.features)
        for name in example.features:
            sources[name].add(example.source)
    names = sorted(
        name
        for name, count in counts.items()
        if count >= PROMPTS_AT_LEAST and len(sources[name]) >= SOURCES_AT_LEAST
    )
    rarity = {n: log(len(examples) / counts[n]) for n in names if n.startswith("w:")}
    return Vocabulary({name: number for number, name in enumerate(names)}, rarity)


def _descend(
    examples: Sequence[Example], vocabulary: Vocabulary
) -> tuple[list[list[float]], list[float]]:
    """AdaGrad with one rate a feature; the order is shuffled, but always alike."""
    shares = _importance(examples)
    data = [
        (vocabulary.values(sorted(e.features)), e.task, share)
        for e, share in zip(examples, shares, strict=True)
    ]
    weights = [[0.0] * len(TASKS) for _ in vocabulary.numbers]
    seen = [1e-3] * len(weights)
    bias = [0.0] * len(TASKS)
    shuffled = random.Random(_SEED)  # noqa: S311 - an order, no secret
    for _ in range(EPOCHS):
        shuffled.shuffle(data)
        for values, task, share in data:
            gradient = _gradient(values, weights, bias)
            gradient[task] -= 1.0
            _step(values, [g * share for g in gradient], weights, seen)
            for place, g in enumerate(gradient):
                bias[place] -= 0.01 * share * g
        _shrink(weights)
    return weights, bias


def _gradient(
    values: Sequence[tuple[int, float]],
    weights: Sequence[Sequence[float]],
    bias: Sequence[float],
) -> list[float]:
    """The shares as the model stands: the gradient, but for the right task's 1."""
    a, b, c, d, e, f, g = bias
    for number, value in values:
        row = weights[number]
        a += value * row[0]
        b += value * row[1]
        c += value * row[2]
        d += value * row[3]
        e += value * row[4]
        f += value * row[5]
        g += value * row[6]
    top = max(a, b, c, d, e, f, g)
    powers = [exp(x - top) for x in (a, b, c, d, e, f, g)]
    total = sum(powers)
    return [power / total for power in powers]


def _step(
    values: Sequence[tuple[int, float]],
    gradient: Sequence[float],
    weights: Sequence[list[float]],
    seen: list[float],
) -> None:
    size = sum(g * g for g in gradient)
    if size < _SETTLED * _SETTLED:
        return
    a, b, c, d, e, f, g = gradient
    for number, value in values:
        seen[number] += value * value * size
        step = RATE * value / sqrt(seen[number])
        row = weights[number]
        row[0] -= step * a
        row[1] -= step * b
        row[2] -= step * c
        row[3] -= step * d
        row[4] -= step * e
        row[5] -= step * f
        row[6] -= step * g


def _shrink(weights: Iterable[list[float]]) -> None:
    for row in weights:
        row[:] = [SHRINK * weight for weight in row]


def _importance(examples: Sequence[Example]) -> list[float]:
    """What each example counts; 1 on average."""
    sizes = Counter((e.source, e.task) for e in examples)
    raw = [
        (OWN_COUNTS if e.source == OWN else 1.0) / sqrt(sizes[e.source, e.task])
        for e in examples
    ]
    scale = len(raw) / sum(raw)
    return [share * scale for share in raw]

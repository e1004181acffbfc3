"""Choose by what an organization's own graded outcomes say of similar prompts.

Of the 60 nearest prompts with a grade, each counts `w = exp(10 · (cos − 0.5))`:

    P(model is good | prompt) = (Σ w · quality + κ · mean quality) / (Σ w + κ)

over those of the 60 on which the model was graded; the dollars it will cost are
estimated in the same way. κ is 30 times `1 + (usual / Σ w)²`, where usual is what the
neighbours of the outcomes' own prompts weigh, of the lower third: a prompt that
resembles them less than they resemble each other is drawn to the mean, so the choice
is then the best fixed one. A model is worth `P − rate · dollars`; the rate is found on
the same outcomes, for a share of the best model's quality that is to be kept.
`docs/routing.md` has the measurements.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from apps.router.engine.embed import Matrix, Vector, unpacked

type Table = NDArray[np.float32]
type Picks = NDArray[np.intp]

NEIGHBOURS: Final = 60
KAPPA: Final = 30.0
SHARPNESS: Final = 10.0
# A model with few grades is taken for average: as if so many average ones stood by.
PRIOR_GRADES: Final = 10.0
# A model with fewer grades than this is not chosen by them.
LEAST_GRADES: Final = 30
# Queries at a time, which bounds the memory for their cosines.
CHUNK: Final = 512
RATES: Final = 161


@dataclass(frozen=True, slots=True)
class Outcome:
    """One graded answer; `vector` is the prompt's, packed, `cost_usd` None: unknown."""

    prompt: bytes
    vector: bytes
    model: str
    quality: float
    cost_usd: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """Graded answers by prompt (row) and model (column)."""

    models: tuple[str, ...]
    vectors: Matrix
    quality: Table  # 0 to 1; 0 where not known
    dollars: Table
    known: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def grades(self) -> int:
        return int(self.known.sum())

    def at(self, rows: NDArray[np.bool_]) -> "Outcomes":
        """The outcomes of some of the prompts."""
        return Outcomes(
            self.models,
            self.vectors[rows],
            self.quality[rows],
            self.dollars[rows],
            self.known[rows],
        )


@dataclass(frozen=True, slots=True, eq=False)
class Estimates:
    """What is expected of each model (column) at each prompt (row)."""

    quality: Table
    dollars: Table
    evidence: Table  # the weight of the neighbours that speak for it
    weight: Table  # of all neighbours, one a prompt
    kappa: Table  # what the mean counts for beside them, one a prompt


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """Outcomes made ready to choose by: their means, and a rate for each priority."""

    outcomes: Outcomes
    mean_quality: Table
    mean_dollars: Table
    usual_weight: float = 0.0  # of the neighbours of its own prompts; 0: not found yet
    rates: Mapping[str, float] = field(default_factory=dict)

    def estimate(self, vector: Vector) -> Estimates:
        """What to expect of each model for one prompt."""
        return estimate(self, vector[None, :])


def gather(rows: Iterable[Outcome]) -> Outcomes:
    """Bring graded answers into one table; grades of the same answer are averaged."""
    rows = list(rows)
    models = tuple(sorted({row.model for row in rows}))
    prompts = {row.prompt: row.vector for row in rows}
    places = {prompt: number for number, prompt in enumerate(prompts)}
    columns = {model: number for number, model in enumerate(models)}
    shape = (len(prompts), len(models))
    quality, dollars = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    grades, priced = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for row in rows:
        place = places[row.prompt], columns[row.model]
        quality[place] += row.quality
        grades[place] += 1
        if row.cost_usd is not None:
            dollars[place] += row.cost_usd
            priced[place] += 1
    quality /= np.maximum(grades, 1)
    dollars /= np.maximum(priced, 1)
    known = grades > 0
    _fill_unpriced(dollars, known & (priced == 0), priced > 0)
    return Outcomes(models, unpacked(prompts.values()), quality, dollars, known)


def _fill_unpriced(
    dollars: Table, unpriced: NDArray[np.bool_], priced: NDArray[np.bool_]
) -> None:
    """An answer without a cost is taken to have cost what the model's others did."""
    for column in range(dollars.shape[1]):
        those = dollars[priced[:, column], column]
        dollars[unpriced[:, column], column] = those.mean() if len(those) else 0.0


def learn(outcomes: Outcomes) -> Learned:
    """Outcomes with their means; a model graded rarely is drawn to the average."""
    grades = outcomes.known.sum(axis=0)
    total = max(outcomes.grades, 1)
    sums = outcomes.quality.sum(axis=0), outcomes.dollars.sum(axis=0)
    means = [
        (of_model + PRIOR_GRADES * of_model.sum() / total) / (grades + PRIOR_GRADES)
        for of_model in sums
    ]
    quality, dollars = (np.asarray(mean, np.float32) for mean in means)
    return Learned(outcomes, quality, dollars)


def estimate(learned: Learned, queries: Matrix, *, is_own: bool = False) -> Estimates:
    """Estimates for many prompts; `is_own`: they are the outcomes' own, in order, and
    each is judged by the others alone.
    """
    parts = [
        _estimate(learned, queries[at : at + CHUNK], at if is_own else None)
        for at in range(0, len(queries), CHUNK)
    ]
    return Estimates(*(np.concatenate(tables) for tables in zip(*parts, strict=True)))


def _estimate(
    learned: Learned, queries: Matrix, first_own: int | None
) -> tuple[Table, ...]:
    near, weights = _neighbours(learned, queries, first_own)
    held = learned.outcomes
    weight = np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)
    kappa = np.float32(KAPPA) * (1 + (np.float32(learned.usual_weight) / weight) ** 2)
    weighed = weights[:, :, None] * held.known[near]
    evidence = weighed.sum(axis=1)
    quality, dollars = (
        ((weighed * table[near]).sum(axis=1) + kappa * mean) / (evidence + kappa)
        for table, mean in (
            (held.quality, learned.mean_quality),
            (held.dollars, learned.mean_dollars),
        )
    )
    tables = (quality, dollars, evidence, weight, kappa)
    return tuple(np.asarray(table, np.float32) for table in tables)


def _neighbours(
    learned: Learned, queries: Matrix, first_own: int | None
) -> tuple[Picks, Table]:
    """The nearest prompts of each query, and what each counts."""
    cosines = queries @ learned.outcomes.vectors.T
    if first_own is not None:
        own = np.arange(len(queries))
        cosines[own, own + first_own] = -1.0
    held = cosines.shape[1]
    if held > NEIGHBOURS:
        near = np.argpartition(cosines, held - NEIGHBOURS, axis=1)[:, -NEIGHBOURS:]
    else:
        near = np.broadcast_to(np.arange(held), cosines.shape)
    close = np.take_along_axis(cosines, near, axis=1)
    weights = np.exp(SHARPNESS * (close - 0.5))
    return near, np.where(close <= -1.0, 0.0, weights).astype(np.float32)


def concat(first: Outcomes, second: Outcomes) -> Outcomes:
    """The prompts of both, which must be graded on the same models."""
    pairs = (
        (getattr(first, name), getattr(second, name))
        for name in ("vectors", "quality", "dollars", "known")
    )
    return Outcomes(first.models, *(np.concatenate(pair) for pair in pairs))


def pick(
    quality: Table, dollars: Table, rate: float, allowed: NDArray[np.bool_]
) -> Picks:
    """The column of the model worth most at each row, of those allowed there."""
    worth = np.where(allowed, quality - np.float32(rate) * dollars, -np.inf)
    return np.asarray(worth.argmax(axis=1), np.intp)


def rate_grid(dollars: Table, known: NDArray[np.bool_]) -> Sequence[float]:
    """Rates to try: from money no matter to money alone, in even steps of its log."""
    priced = dollars[known & (dollars > 0)]
    scale = float(priced.mean()) if len(priced) else 1.0
    return [0.0, *(np.geomspace(1e-4, 1e3, RATES - 1) / scale).tolist()]

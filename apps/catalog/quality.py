"""How good a model is at a task, out of benchmarks that never met the same models.

A raw mean would reward whoever sat the easy papers. So each result (on the logit scale)
is read as the model's ability minus the benchmark's difficulty, as in item response
theory; both are fitted from the models that benchmarks share. Ability is pulled towards
the average as if one average result stood beside the measured ones, so a single good
result does not make a champion. The score is the logistic of the ability: 0.5 is the
average model assessed for the task. Several efforts or harnesses of one model count as
their mean. Benchmarks without a common model, however indirectly, cannot be compared:
only the largest connected group counts. No result is no score.
"""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from statistics import fmean
from typing import Final
from uuid import UUID

from apps.catalog.models import TaskScore

# Results at 0 or 1 would be infinitely good or bad.
_EDGE: Final = 0.01
_PRIOR_RESULTS: Final = 1.0
# The fit gains nothing visible (< 1e-4) after about twenty rounds.
_ROUNDS: Final = 40


@dataclass(frozen=True, slots=True)
class Result:
    """One benchmark result of one model."""

    model_id: UUID
    task: str
    benchmark: str
    score: float
    measured_on: date


@dataclass(frozen=True, slots=True)
class Quality:
    """The score of one model at one task, and what it rests on."""

    score: float
    benchmarks: int
    newest: date


type Table = dict[tuple[UUID, str], Quality]


def task_table(using: str = "jobs") -> Table:
    """Every assessed (model, task) of the catalog."""
    fields = ("ai_model_id", "task", "benchmark", "score", "measured_on")
    rows = TaskScore.objects.using(using).order_by("id").values_list(*fields)
    return rate(Result(*row) for row in rows)


def rate(results: Iterable[Result]) -> Table:
    """Fit each task by itself; pure."""
    by_task: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        by_task[result.task].append(result)
    table: Table = {}
    for task, rows in by_task.items():
        for model_id, ability in _abilities(_comparable(_grid(rows))).items():
            own = [row for row in rows if row.model_id == model_id]
            table[model_id, task] = Quality(
                score=round(1 / (1 + math.exp(-ability)), 4),
                benchmarks=len({row.benchmark for row in own}),
                newest=max(row.measured_on for row in own),
            )
    return table


type Grid = dict[tuple[UUID, str], float]


def _grid(rows: Iterable[Result]) -> Grid:
    scores: dict[tuple[UUID, str], list[float]] = defaultdict(list)
    for row in rows:
        scores[row.model_id, row.benchmark].append(row.score)
    return {place: _logit(fmean(values)) for place, values in scores.items()}


def _comparable(grid: Grid) -> Grid:
    """The largest part of the grid that common models hold together."""
    rest = dict(grid)
    largest: Grid = {}
    while rest:
        model_id, benchmark = next(iter(rest))
        models, benchmarks = {model_id}, {benchmark}
        while new := [p for p in rest if (p[0] in models) != (p[1] in benchmarks)]:
            models |= {model_id for model_id, _ in new}
            benchmarks |= {benchmark for _, benchmark in new}
        part = {place: rest.pop(place) for place in list(rest) if place[0] in models}
        largest = max(largest, part, key=len)
    return largest


def _logit(share: float) -> float:
    share = min(max(share, _EDGE), 1 - _EDGE)
    return math.log(share / (1 - share))


def _abilities(grid: Grid) -> dict[UUID, float]:
    """Alternate between the two unknowns until they agree."""
    abilities = dict.fromkeys((model_id for model_id, _ in grid), 0.0)
    for _ in range(_ROUNDS):
        ease: dict[str, list[float]] = defaultdict(list)
        for (model_id, benchmark), value in grid.items():
            ease[benchmark].append(value - abilities[model_id])
        level = {benchmark: fmean(values) for benchmark, values in ease.items()}
        rest: dict[UUID, list[float]] = defaultdict(list)
        for (model_id, benchmark), value in grid.items():
            rest[model_id].append(value - level[benchmark])
        abilities = {m: sum(v) / (len(v) + _PRIOR_RESULTS) for m, v in rest.items()}
    return abilities

"""The quality table: how good each model is per domain, and from there per task.

Scores of many sources become results (`results_of`), results abilities (`ability.fit`),
abilities rows of ModelQuality, written only where something changed. The router and
the pages read the rows; neither fits anything.

What becomes a result: of one benchmark its publisher's own score where there is one,
an independent one where there is one, and of those the mean over efforts and runs. A
vendor's own word weighs half. A result older than nine months loses half its weight a
year, down to a quarter: models stand still, but tests get known. Names that can only
mean one set of weights (a pointer and its only snapshot) share their results.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import exp
from statistics import fmean
from typing import Final
from uuid import UUID

from apps.catalog import ability
from apps.catalog.domains import DOMAINS, GENERAL, Task, domains_of
from apps.catalog.matching import twin_keys
from apps.catalog.models import AIModel, Benchmark, ModelQuality, Score
from apps.catalog.other_names import groups
from apps.kit.clock import utc_now

SELF_REPORTED_WEIGHT: Final = 0.5
FRESH_DAYS: Final = 270
LEAST_FRESHNESS: Final = 0.25


@dataclass(frozen=True, slots=True)
class Quality:
    """How good a model is at one task, with its 90 % interval, and on what it rests."""

    score: float
    low: float
    high: float
    benchmarks: int
    independent: int
    newest: date
    # The domains of the task that were tested; the others count with the general score.
    domains: tuple[str, ...] = ()


type Table = dict[tuple[UUID, str], Quality]


def task_table(using: str = "jobs") -> Table:
    """Every assessed (model, task) of the catalog, and (model, "general")."""
    rows: dict[UUID, dict[str, ModelQuality]] = defaultdict(dict)
    for row in ModelQuality.objects.using(using).order_by("ai_model_id", "domain"):
        rows[row.ai_model_id][row.domain] = row
    table: Table = {}
    for model_id, known in rows.items():
        for task in (GENERAL, *Task):
            if quality := of_task(known, str(task)):
                table[model_id, str(task)] = quality
    return table


def of_task(known: Mapping[str, ModelQuality], task: str) -> Quality | None:
    """Put a task's domains together; an untested one is as good as the model is.

    None where no domain of the task was tested, because then nothing is said of it.
    """
    wanted = (GENERAL,) if task == GENERAL else domains_of(task)
    tested = [known[domain] for domain in wanted if domain in known]
    if not tested:
        return None
    general = known.get(GENERAL)
    stand_ins = [general] * (len(wanted) - len(tested)) if general else []
    rows = [*tested, *stand_ins]
    return Quality(
        score=_mean([row.score for row in rows]),
        low=_mean([row.low for row in rows]),
        high=_mean([row.high for row in rows]),
        benchmarks=sum(row.benchmarks for row in tested),
        independent=sum(row.independent for row in tested),
        newest=max(row.newest for row in tested),
        domains=tuple(row.domain for row in tested),
    )


def _mean(scores: Sequence[float]) -> float:
    """The mean as abilities: of scores it would depend on how high they are."""
    return round(1 / (1 + exp(-fmean(map(ability.logit, scores)))), 4)


@dataclass(frozen=True, slots=True)
class Basis:
    """What one model's result on one benchmark was made of."""

    result: ability.Result
    scores: tuple[Score, ...]

    @property
    def is_independent(self) -> bool:
        return not self.scores[0].is_self_reported

    @property
    def newest(self) -> date:
        return max(score.measured_on for score in self.scores)


def recompute(*, using: str, on: date | None = None) -> int:
    """Fit the table anew and write what changed; how many rows did."""
    models = dict(AIModel.objects.using(using).values_list("slug", "id"))
    twins = twin_keys(models, groups())
    bases = bases_of(_usable(using), twins, on=on or utc_now().date())
    wanted = _rows(bases, ability.fit(b.result for b in bases), models, twins)
    return _write(wanted, using=using)


def _usable(using: str) -> Iterable[Score]:
    return (
        Score.objects.using(using)
        .filter(
            ai_model__isnull=False,
            is_listed=True,
            benchmark__is_active=True,
        )
        .exclude(benchmark__domain="")
        .select_related("benchmark", "ai_model")
        .order_by("id")
    )


def bases_of(
    scores: Iterable[Score], twins: Mapping[str, str], *, on: date
) -> list[Basis]:
    """One result for each set of weights and benchmark."""
    groups: dict[tuple[str, str], list[Score]] = defaultdict(list)
    for score in scores:
        if score.ai_model is not None:
            slug = score.ai_model.slug
            groups[twins.get(slug, slug), score.benchmark.slug].append(score)
    return [_basis(twin, counted(rows), on) for (twin, _), rows in groups.items()]


def counted(scores: Sequence[Score]) -> list[Score]:
    """Those that count: the publisher's own before others', independent before not."""
    publisher = scores[0].benchmark.publisher
    own = [score for score in scores if score.source == publisher]
    best = own or list(scores)
    return [score for score in best if not score.is_self_reported] or best


def _basis(twin: str, scores: Sequence[Score], on: date) -> Basis:
    benchmark = scores[0].benchmark
    newest = max(score.measured_on for score in scores)
    weight = SELF_REPORTED_WEIGHT if scores[0].is_self_reported else 1.0
    result = ability.Result(
        model=twin,
        benchmark=benchmark.slug,
        domain=benchmark.domain,
        logit=fmean(logit_of(benchmark, score.value) for score in scores),
        weight=weight * freshness((on - newest).days),
    )
    return Basis(result, tuple(scores))


def logit_of(benchmark: Benchmark, value: float) -> float:
    """A value in the benchmark's unit as a logit, where more is always better."""
    if benchmark.unit == Benchmark.Unit.RATING:
        return ability.rating_logit(value)
    share = value if benchmark.unit == Benchmark.Unit.SHARE else value / 100
    return ability.logit(share if benchmark.is_higher_better else 1 - share)


def freshness(days: int) -> float:
    """How much of its weight a result keeps at an age of so many days."""
    over = max(days - FRESH_DAYS, 0)
    return float(max(0.5 ** (over / 365), LEAST_FRESHNESS))


def _rows(
    bases: Sequence[Basis],
    abilities: ability.Abilities,
    models: Mapping[str, UUID],
    twins: Mapping[str, str],
) -> dict[tuple[UUID, str], ModelQuality]:
    by_place: dict[tuple[object, str], list[Basis]] = defaultdict(list)
    for basis in bases:
        by_place[basis.result.model, GENERAL].append(basis)
        if basis.result.domain != GENERAL:
            by_place[basis.result.model, basis.result.domain].append(basis)
    same: dict[str, list[UUID]] = defaultdict(list)
    for slug, model_id in models.items():
        same[twins.get(slug, slug)].append(model_id)
    return {
        (model_id, domain): _row(model_id, domain, found, by_place[twin, domain])
        for (twin, domain), found in abilities.items()
        for model_id in same[str(twin)]
    }


def _row(
    model_id: UUID, domain: str, found: ability.Ability, bases: Sequence[Basis]
) -> ModelQuality:
    return ModelQuality(
        ai_model_id=model_id,
        domain=domain,
        score=found.score,
        low=found.low,
        high=found.high,
        benchmarks=len(bases),
        results=sum(len(basis.scores) for basis in bases),
        independent=sum(basis.is_independent for basis in bases),
        newest=max(basis.newest for basis in bases),
    )


_FIELDS: Final = (
    *("score", "low", "high", "benchmarks", "results", "independent", "newest"),
)


def _write(wanted: Mapping[tuple[UUID, str], ModelQuality], *, using: str) -> int:
    table = ModelQuality.objects.using(using)
    held = {(row.ai_model_id, row.domain): row for row in table.all()}
    now = utc_now()
    new, moved = [], []
    for place, row in wanted.items():
        row.updated_at = now
        old = held.get(place)
        if old is None:
            new.append(row)
        elif any(getattr(old, f) != getattr(row, f) for f in _FIELDS):
            row.pk = old.pk
            moved.append(row)
    gone = [row.pk for place, row in held.items() if place not in wanted]
    if gone:
        table.filter(pk__in=gone).delete()
    table.bulk_create(new, batch_size=2000)
    table.bulk_update(moved, [*_FIELDS, "updated_at"], batch_size=1000)
    return len(new) + len(moved) + len(gone)


@dataclass(frozen=True, slots=True)
class TaskOnPage:
    """A task, how the model does at it, and the results that say so."""

    label: str
    quality: Quality | None  # None: not assessed
    results: Sequence[Score]


def tasks_of(model: AIModel) -> list[TaskOnPage]:
    """Every task of the product, assessed or not."""
    known = {row.domain: row for row in model.qualities.all()}
    results: dict[str, list[Score]] = defaultdict(list)
    for score in scores_of(model):
        domain = DOMAINS.get(score.benchmark.domain)
        if domain:
            results[domain.task].append(score)
    return [
        TaskOnPage(task.label, of_task(known, task), results[task]) for task in Task
    ]


def scores_of(model: AIModel) -> list[Score]:
    """Every published result of the model's weights, by whatever name, newest last."""
    slugs = AIModel.objects.filter(author=model.author).values_list("slug", flat=True)
    twins = twin_keys(slugs, groups())
    same = [slug for slug in slugs if twins[slug] == twins[model.slug]]
    scores = Score.objects.filter(ai_model__slug__in=same, is_listed=True)
    return list(
        scores.select_related("benchmark", "ai_model").order_by(
            "benchmark__name", "measured_on", "effort", "id"
        )
    )

"""What the snapshot takes from measurements: speed and length of answers, quality.

Everything comes from sums that are there anyway (the hourly roll-ups, the quality
table), because the snapshot is renewed every minute.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import connections

from apps.catalog.models import ModelQuality
from apps.catalog.quality import of_task
from apps.router.engine.need import GENERAL
from apps.router.engine.task import TASKS

# Fewer answers than this say little about an offer's speed (PRODUCT.md section 6).
LEAST_SAMPLES: Final = 30
MEASURED_OVER: Final = timedelta(days=30)
# A day-old hour counts half: an offer that became slow yesterday is slow.
HALF_LIFE: Final = timedelta(days=1)
# A few giant answers must not make every request look giant.
MOST_OUTPUT_TOKENS: Final = 4000
# As if so many answers of the task's usual length stood beside a model's own.
USUAL_ANSWERS: Final = 30

_LATENCIES: Final = """
    SELECT provider, model, sum(latency_ms_total * weight) / sum(answers * weight)
    FROM (
        SELECT provider, model, latency_ms_total, requests - cache_hits AS answers,
            power(0.5, extract(epoch FROM %(now)s - starts_at)::float8 / %(half_life)s)
                AS weight
        FROM router_usagehour WHERE starts_at >= %(since)s
    ) AS hours
    GROUP BY provider, model HAVING sum(answers) >= %(least)s
"""
_LENGTHS: Final = """
    SELECT task, model, sum(output_tokens), sum(requests - failed)
    FROM router_usagehour WHERE starts_at >= %(since)s
    GROUP BY task, model HAVING sum(requests - failed) > 0
"""


@dataclass(frozen=True, slots=True)
class Lengths:
    """Tokens of an answer, by task and by (model, task)."""

    of_tasks: Mapping[str, int] = field(default_factory=dict)
    of_models: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Qualities:
    """Scores of 0 to 1 by model, then by task or by domain."""

    tasks: Mapping[UUID, Mapping[str, float]]
    domains: Mapping[UUID, Mapping[str, float]]


def latencies(now: datetime) -> dict[tuple[str, str], int]:
    """Milliseconds of an answer by (provider, model): a mean of our own traffic that
    forgets half of itself a day.
    """
    values: dict[str, datetime | float] = {
        "now": now,
        "since": now - MEASURED_OVER,
        "half_life": HALF_LIFE.total_seconds(),
        "least": LEAST_SAMPLES,
    }
    with connections["jobs"].cursor() as cursor:
        cursor.execute(_LATENCIES, values)
        rows = cursor.fetchall()
    return {(provider, model): round_to_step(ms) for provider, model, ms in rows}


def lengths(now: datetime) -> Lengths:
    """How long answers are, a model's own drawn to its task's by few samples."""
    with connections["jobs"].cursor() as cursor:
        cursor.execute(_LENGTHS, {"since": now - MEASURED_OVER})
        rows = [(task, model, int(t), int(n)) for task, model, t, n in cursor]
    return lengths_of(rows)


def lengths_of(rows: Iterable[tuple[str, str, int, int]]) -> Lengths:
    """Lengths from (task, model, tokens, answers)."""
    rows = list(rows)
    sums: dict[str, tuple[int, int]] = {}
    for task, _, tokens, answers in rows:
        total, count = sums.get(task, (0, 0))
        sums[task] = total + tokens, count + answers
    means = {t: total / n for t, (total, n) in sums.items() if n >= LEAST_SAMPLES}
    of_models: dict[str, dict[str, int]] = defaultdict(dict)
    for task, model, tokens, answers in rows:
        if task in means:
            near = tokens + USUAL_ANSWERS * means[task]
            of_models[model][task] = _bounded(near / (answers + USUAL_ANSWERS))
    return Lengths({task: _bounded(mean) for task, mean in means.items()}, of_models)


def _bounded(tokens: float) -> int:
    return min(round_to_step(tokens), MOST_OUTPUT_TOKENS)


def round_to_step(value: float) -> int:
    """Two significant digits: a choice should not flicker with the last millisecond."""
    return int(float(f"{value:.1e}"))


def qualities() -> Qualities:
    """The quality table, by task and by domain."""
    domains: dict[UUID, dict[str, float]] = defaultdict(dict)
    rows: dict[UUID, dict[str, ModelQuality]] = defaultdict(dict)
    for row in ModelQuality.objects.using("jobs").order_by("ai_model_id", "domain"):
        rows[row.ai_model_id][row.domain] = row
        if row.domain != GENERAL:
            domains[row.ai_model_id][row.domain] = row.score
    tasks: dict[UUID, dict[str, float]] = defaultdict(dict)
    for model_id, known in rows.items():
        for task in (GENERAL, *TASKS):
            if quality := of_task(known, task):
                tasks[model_id][task] = quality.score
    return Qualities(tasks, domains)

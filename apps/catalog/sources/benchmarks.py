"""Read published benchmark results: which task they speak for, as a share of 1.

A result is taken where its licence lets us pass it on (MIT, Apache-2.0), where its
model was matched exactly (with or without a stated reasoning effort, which is kept as
the variant), and where it measures one of our tasks. A percentage becomes
a share; Vectara counts made-up facts, so its share is one minus the rate; a rating r of
the Arena becomes the expected win rate against the median model of its own list,
1 / (1 + 10^((median - r) / 400)). Nothing else is changed: what scores of different
benchmarks mean together is `catalog.quality`.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from statistics import median
from typing import Any, Final

from apps.catalog.folding import match_key
from apps.catalog.seed_format import SeedScore

LICENCES: Final = {
    "MIT",
    "Apache-2.0",
    "CC0-1.0",
    "MIT (snapshot repo); upstream arena.ai",
}
_TASKS: Final = (
    (re.compile(r"Aider|SWE-(Bench|Atlas)|SciCode|LiveCodeBench|Arena code"), "coding"),
    (re.compile(r"Arena text"), "chat"),
    (re.compile(r"tau2|τ3|Terminal-Bench"), "agent_step"),
    (re.compile(r"GPQA|Humanity|CharXiv"), "reasoning"),
    (re.compile(r"Vectara"), "summarization"),
)
# A variant that is an effort of the same model, not another snapshot of it.
_EFFORT: Final = re.compile(
    r"minimal|low|medium|high|xhigh|max|(\d+k-)?(no-)?think(ing)?(-\d+k)?"
)
# Where two sources carry one benchmark, its own publisher counts.
_PUBLISHER: Final = {"Aider Polyglot": "aider"}
# Reposts of a third party's index, whose terms are not those of the repository.
_REPOSTED: Final = re.compile(r"https://(openrouter\.ai|artificialanalysis\.ai)/")


def read_scores(
    rows: Iterable[Mapping[str, Any]], slugs: Mapping[str, str]
) -> Iterator[SeedScore]:
    """Scores of the models in `slugs`, a map from match key to our slug."""
    rows = list(rows)
    medians = _median_ratings(rows)
    for row in rows:
        task = next((t for fits, t in _TASKS if fits.match(row["benchmark"])), "")
        slug = slugs.get(match_key(row["openrouter_id"] or ""))
        if task and slug and _is_exact(row) and _may_be_passed_on(row):
            yield SeedScore(
                model=slug,
                task=task,
                benchmark=_benchmark(row),
                score=_share(row, medians.get(row["benchmark"])),
                source=row["source_url"],
                licence=row["licence"],
                measured_on=date.fromisoformat(row["date"]),
                variant=row["variant"] or "",
                is_self_reported=row.get("submitted_by") not in {None, "Sierra"},
            )


def _is_exact(row: Mapping[str, Any]) -> bool:
    variant = row["variant"] or ""
    is_effort = row["match"] == "variant" and _EFFORT.fullmatch(variant)
    return row["match"] == "exact" or bool(is_effort)


def _may_be_passed_on(row: Mapping[str, Any]) -> bool:
    publisher = _PUBLISHER.get(row["benchmark"], row["source"])
    is_repost = _REPOSTED.match(row["source_url"])
    return row["licence"] in LICENCES and row["source"] == publisher and not is_repost


def _benchmark(row: Mapping[str, Any]) -> str:
    """The name, with the metric where one benchmark is published under several."""
    name, metric = row["benchmark"], row["metric"]
    return f"{name}, {metric}" if row["source"] == "models.dev" and metric else name


def _median_ratings(rows: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    ratings: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        if row["unit"] == "elo":
            ratings[row["benchmark"]].append(row["score"])
    return {benchmark: median(values) for benchmark, values in ratings.items()}


def _share(row: Mapping[str, Any], median_rating: float | None) -> float:
    score = float(row["score"])
    if median_rating is not None:
        return round(1 / (1 + math.pow(10, (median_rating - score) / 400)), 6)
    share = score / 100
    return round(share if row["higher_is_better"] else 1 - share, 6)

"""`./run bench routing`: replay recorded outcomes through the engine's own code.

A file of outcomes has a row a prompt: `id, source, category, prompt`, and for each
model M of the pool `q:M` (quality of its recorded answer, 0 to 1) and `c:M` (US dollars
of it). Picking a model for each row and adding up replays a router exactly.
"""

import csv
import gzip
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from time import perf_counter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from apps.router.engine.embed import packed, vector_of
from apps.router.engine.learned import Outcome, Outcomes, concat, gather
from apps.router.engine.replay import FOLDS, Played, Split, folds, replay, teach
from config.launcher.problems import LaunchError

TITLES: Final = {"best": "all there is", "99": "99 %", "95": "95 %"}
QUALITY, COST = "q:", "c:"
DECISIONS_TIMED: Final = 300


@dataclass(frozen=True, slots=True)
class Options:
    """Which files, which of their models, and where the figures go."""

    outcomes: Path
    train: Path | None = None
    pool: tuple[str, ...] = ()
    json_path: Path | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """A file's outcomes, with where each prompt comes from."""

    outcomes: Outcomes
    ids: tuple[str, ...]
    categories: tuple[str, ...]
    sources: tuple[str, ...]


def run(options: Options) -> int:
    recorded = read(options.outcomes, options.pool)
    print(f"{options.outcomes.name}: {len(recorded.ids):,} prompts, single models:")
    for line in _single_models(recorded.outcomes):
        print(line)
    results = {}
    for name, (over, splits) in _settings(options, recorded).items():
        results[name] = replay(over, splits)
        print(f"\n{name}\n{_table(results[name])}")
    print(f"\none decision: {_decision_us(recorded):.0f} µs, its vector included")
    if options.json_path:
        figures = {
            name: {target: asdict(played) for target, played in result.items()}
            for name, result in results.items()
        }
        options.json_path.write_text(json.dumps(figures, indent=2))
    return 0


def read(path: Path, pool: Sequence[str] = ()) -> Recorded:
    """A file's outcomes of the models of the pool (all: empty); raises LaunchError."""
    csv.field_size_limit(sys.maxsize)
    try:
        rows = list(_rows(path))
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise LaunchError(f"{path} cannot be read: {problem}") from problem
    there = [name[2:] for name in (rows[0] if rows else {}) if name[:2] == QUALITY]
    models = list(pool) or there
    if not models or not set(models) <= set(there):
        known = ", ".join(there) or "none"
        raise LaunchError(f"{path.name} has not all these models; its models: {known}")
    unique = {row["prompt"]: row for row in rows}
    return Recorded(
        gather(_graded(unique.values(), models)),
        tuple(row["id"] for row in unique.values()),
        tuple(row["category"] for row in unique.values()),
        tuple(row["source"] for row in unique.values()),
    )


def _rows(path: Path) -> Iterator[dict[str, str]]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _graded(rows: Iterable[dict[str, str]], models: Sequence[str]) -> Iterator[Outcome]:
    for row in rows:
        prompt = row["prompt"].encode()
        vector = packed(vector_of(row["prompt"]))
        for model in models:
            quality, cost = row[QUALITY + model], row.get(COST + model)
            if quality:
                dollars = float(cost) if cost else None
                yield Outcome(prompt, vector, model, float(quality), dollars)


def _settings(
    options: Options, recorded: Recorded
) -> dict[str, tuple[Outcomes, list[Split]]]:
    """What is replayed, by title."""
    if options.train is not None:
        return _taught_elsewhere(recorded, read(options.train, options.pool))
    outcomes, found = recorded.outcomes, {}
    found[f"in domain: {FOLDS} folds of prompts, each decided by the others"] = (
        outcomes,
        folds(np.array([_fold(name) for name in recorded.ids], np.intp)),
    )
    for what, groups in (
        ("categories", recorded.categories),
        ("sources", recorded.sources),
    ):
        parts = _parts(groups)
        if parts is not None:
            title = f"out of domain: {what} never seen, {len(np.unique(parts))} folds"
            found[title] = (outcomes, folds(parts))
    return found


def _taught_elsewhere(
    recorded: Recorded, taught: Recorded
) -> dict[str, tuple[Outcomes, list[Split]]]:
    """Decide one file by another: its known categories, and its new ones."""
    if recorded.outcomes.models != taught.outcomes.models:
        raise LaunchError("The two files have other models; name a --pool of both.")
    both = concat(taught.outcomes, recorded.outcomes)
    teaches = np.arange(len(both)) < len(taught.ids)
    known = set(taught.categories)
    seen = np.array([name in known for name in recorded.categories], bool)
    nobody = np.zeros(len(taught.ids), bool)
    found = {}
    for title, these in (("in domain", seen), ("out of domain", ~seen)):
        if these.any():
            held = np.concatenate([nobody, these])
            found[f"{title}: taught by the other file"] = (both, [(teaches, held)])
    return found


def _fold(name: str) -> int:
    """The same prompt is in the same fold of every run, whatever the file's order."""
    return blake2b(name.encode(), digest_size=4).digest()[0] % FOLDS


def _parts(groups: Sequence[str]) -> NDArray[np.intp] | None:
    """Groups dealt to folds, each whole; None for fewer than two."""
    names = sorted(set(groups), key=lambda name: blake2b(name.encode()).digest())
    if len(names) < 2:
        return None
    dealt = {name: number % FOLDS for number, name in enumerate(names)}
    return np.array([dealt[name] for name in groups], np.intp)


def _single_models(outcomes: Outcomes) -> Iterator[str]:
    for column, model in enumerate(outcomes.models):
        known = outcomes.known[:, column]
        quality = outcomes.quality[known, column].mean()
        dollars = outcomes.dollars[known, column].mean() * 1000
        yield f"  {model:34} quality {quality:.4f}   ${dollars:.4f} per 1,000"


def _table(result: dict[str, Played]) -> str:
    """One line a target; 90 % intervals in brackets."""
    lines = [
        f"  {'quality to keep':16}{'retained':>22}{'cost saved':>22}"
        f"{'points above static mix':>28}{'in hindsight':>14}"
    ]
    for target, played in result.items():
        retained, saved, points = played.retained, played.saved, played.points
        lines.append(
            f"  {TITLES[target]:16}"
            f"{f'{retained.value:.3f} [{retained.low:.3f} {retained.high:.3f}]':>22}"
            f"{f'{saved.value:.3f} [{saved.low:.3f} {saved.high:.3f}]':>22}"
            f"{f'{points.value:+.2f} [{points.low:+.2f} {points.high:+.2f}]':>28}"
            f"{f'{played.hindsight:+.2f}':>14}"
        )
    return "\n".join(lines)


def _decision_us(recorded: Recorded) -> float:
    """Microseconds of one decision against all of the file's outcomes."""
    learned = teach(recorded.outcomes)
    text = "Explain the difference between a process and a thread. " * 10
    started = perf_counter()
    for _ in range(DECISIONS_TIMED):
        learned.estimate(vector_of(text))
    return (perf_counter() - started) / DECISIONS_TIMED * 1e6

"""The shipped benchmarks, results and facts of trust: read, write, load.

Only what its licence lets us pass on is shipped; everything else is fetched by the
installation itself. A source that was fetched once has the last word on its results.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, fields
from datetime import date
from pathlib import Path
from typing import Any, Final

from apps.catalog.benchmark_store import store
from apps.catalog.models import Benchmark, Score, SourceFetch, TrustFact
from apps.catalog.sources.published import Published
from apps.catalog.sources.trust_facts import SeedFact

BENCHMARKS: Final = "benchmarks.jsonl"
SCORES: Final = "scores.jsonl"
TRUST: Final = "trust_facts.jsonl"
# How a fetch of benchmark results is noted beside those of the catalog.
RESOURCE: Final = "benchmarks"


def load(folder: Path, *, using: str, on: date) -> int:
    """Load what is there; returns how many scores were written."""
    _load_benchmarks(folder / BENCHMARKS, using=using)
    _load_facts(folder / TRUST, using=using)
    fetched = set(
        SourceFetch.objects.using(using)
        .filter(resource=RESOURCE)
        .values_list("source", flat=True)
    )
    by_source: dict[str, list[Published]] = defaultdict(list)
    for source, result in read_scores(folder / SCORES):
        by_source[source].append(result)
    shipped = Score.objects.using(using).order_by().values_list("source", flat=True)
    written = 0
    for source in {*by_source, *shipped.distinct()} - fetched:
        done = store(source, by_source[source], on=on, using=using, is_complete=True)
        written += done.writes
    return written


def _load_benchmarks(path: Path, *, using: str) -> None:
    table = Benchmark.objects.using(using)
    edited = set(table.filter(is_edited=True).values_list("slug", flat=True))
    rows = [Benchmark(**values) for values in _lines(path)]
    table.bulk_create(
        (row for row in rows if row.slug not in edited),
        update_conflicts=True,
        unique_fields=["slug"],
        update_fields=[
            *("name", "domain", "unit", "is_higher_better", "low", "high", "harness"),
            *("publisher", "licence", "citation", "url", "updated_at"),
        ],
    )


def _load_facts(path: Path, *, using: str) -> None:
    table = TrustFact.objects.using(using)
    typed = set(table.exclude(by="").values_list("company", "key"))
    rows = [TrustFact(**values) for values in _lines(path)]
    table.bulk_create(
        (row for row in rows if (row.company, row.key) not in typed),
        update_conflicts=True,
        unique_fields=["company", "key"],
        update_fields=[
            *("value", "source", "url", "licence", "stated_on", "updated_at")
        ],
    )


def read_scores(path: Path) -> Iterator[tuple[str, Published]]:
    """Each result with the source it is of."""
    for values in _lines(path):
        yield values.pop("source"), Published(**values)


def write_scores(path: Path, results: Mapping[str, Iterable[Published]]) -> int:
    """One line a result, sorted, so that a change is a readable diff."""
    rows = [
        {"source": source, **_plain(result)}
        for source in sorted(results)
        for result in sorted(
            results[source], key=lambda r: (r.benchmark, r.source_id, r.value)
        )
    ]
    _write(path, rows)
    return len(rows)


def write_facts(path: Path, facts: Iterable[SeedFact]) -> int:
    rows = [_days(asdict(f)) for f in sorted(facts, key=lambda f: (f.company, f.key))]
    _write(path, rows)
    return len(rows)


def _plain(result: Published) -> dict[str, Any]:
    """Without what is at its default."""
    defaults = {f.name: f.default for f in fields(Published)}
    values = asdict(result)
    return _days({k: v for k, v in values.items() if v != defaults[k]})


def _days(values: dict[str, Any]) -> dict[str, Any]:
    return {k: v.isoformat() if isinstance(v, date) else v for k, v in values.items()}


def _write(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    lines = (json.dumps(row, ensure_ascii=False) for row in rows)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        return
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            values = json.loads(line)
            for name in ("measured_on", "stated_on"):
                if name in values:
                    values[name] = date.fromisoformat(values[name])
            yield values

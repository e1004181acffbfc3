"""LiveBench: a table of tasks, and which category each task belongs to.

The site publishes `table_<release>.csv` (a row a model and effort, a column a task, in
percent) and `categories_<release>.json`. Category scores are the plain mean of their
tasks, as the site itself shows them; a category with an unanswered task has none. Its
code is under Apache-2.0, the site's repository states no licence, so the results are
fetched and shown with their source, and not shipped.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Final

from apps.catalog.sources.published import PayloadError, Published, number

URL: Final = "https://livebench.ai"
LICENCE: Final = "Apache-2.0 (code); the results state none"
_BENCHMARKS: Final = {
    "Reasoning": "livebench-reasoning",
    "Coding": "livebench-coding",
    "Agentic Coding": "livebench-agentic-coding",
    "Mathematics": "livebench-mathematics",
    "Data Analysis": "livebench-data-analysis",
    "Language": "livebench-language",
    "IF": "livebench-if",
}


def read(table: str, categories: str, *, release: str) -> Iterator[Published]:
    """Every model's category scores of one release (`2026-01-08`)."""
    tasks = _categories(categories)
    rows = csv.DictReader(io.StringIO(table))
    columns = set(rows.fieldnames or ())
    missing = {task for names in tasks.values() for task in names} - columns
    if "model" not in columns or missing:
        raise PayloadError(f"columns are missing: {', '.join(sorted(missing))}")
    for row in rows:
        for category, names in tasks.items():
            values = [number(row[name]) for name in names]
            known = [value for value in values if value is not None]
            if row["model"] and len(known) == len(names):
                yield Published(
                    benchmark=_BENCHMARKS[category],
                    source_id=row["model"],
                    name=row["model"],
                    value=round(fmean(known), 3),
                    harness=f"release {release}",
                    url=URL,
                    licence=LICENCE,
                )


def _categories(text: str) -> Mapping[str, Sequence[str]]:
    try:
        found = json.loads(text)
    except ValueError as problem:
        raise PayloadError("the categories are no JSON") from problem
    if not isinstance(found, dict):
        raise PayloadError("the categories are no JSON object")
    known = {name: tasks for name, tasks in found.items() if name in _BENCHMARKS}
    if not known:
        raise PayloadError("none of the categories is known")
    return known

"""Read files of normalised results, from which the shipped scores are built.

One JSON object a line: `source`, `benchmark`, `metric`, `score`, `unit`,
`higher_is_better`, `model_raw`, `date`, `source_url`, `licence`. Taken is what a
licence lets us pass on. Left out: rows that name no page of their own, and two results
that nothing tells apart. What is fetched of a source later replaces all of it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final
from urllib.parse import urlsplit

from apps.catalog.sources.aider import run_id
from apps.catalog.sources.benchmark_names import slug_of
from apps.catalog.sources.published import Published

type Row = Mapping[str, Any]

LICENCES: Final = {
    "MIT",
    "Apache-2.0",
    "CC0-1.0",
    "CC-BY-4.0",
    "MIT (snapshot repo); upstream arena.ai",
}
_SOURCES: Final = {
    "aider": "aider",
    "arena": "arena",
    "llm-stats": "llm-stats",
    "tau2-bench": "tau2",
    "vectara": "vectara",
}
# No page of the result's own, or one that another licence governs.
_NO_PAGE: Final = {"", "example.com", "x.com", "twitter.com"}
_MADE_BY: Final = {"Sierra"}


def read(rows: Iterable[Row]) -> dict[str, list[Published]]:
    """The results by our name of their source."""
    found: dict[str, list[Published]] = defaultdict(list)
    for row in rows:
        host = urlsplit(row["source_url"] or "").netloc.removeprefix("www.")
        source = _SOURCES.get(row["source"], "")
        benchmark = slug_of(row["benchmark"])
        is_usable = source and benchmark and host not in _NO_PAGE
        if is_usable and row["licence"] in LICENCES:
            found[source].append(_published(row, source, benchmark))
    return {source: _told_apart(results) for source, results in found.items()}


def _told_apart(results: list[Published]) -> list[Published]:
    said = Counter((r.benchmark, r.source_id) for r in set(results))
    return [r for r in dict.fromkeys(results) if said[r.benchmark, r.source_id] == 1]


def _published(row: Row, source: str, benchmark: str) -> Published:
    value = round(float(row["score"]) * (100 if row["unit"] == "fraction" else 1), 4)
    count = row.get("n")
    return Published(
        benchmark=benchmark,
        source_id=_id(row, source, value),
        name=row["model_raw"],
        value=value,
        measured_on=date.fromisoformat(row["date"]),
        is_self_reported=bool(row.get("self_reported"))
        or row.get("submitted_by", "Sierra") not in _MADE_BY,
        sample_size=count or row.get("votes"),
        margin=row.get("ci95"),
        cost_usd=_cost(row),
        url=row["source_url"],
        licence=row["licence"],
    )


def _id(row: Row, source: str, value: float) -> str:
    name = str(row["model_raw"])
    if source == "aider":
        return run_id(name, value, row["date"])
    if source == "tau2":
        return f"{name} by {row['submitted_by']} on {row['date']}"
    if source == "llm-stats":
        return f"{name} at {row['source_url']}"
    return name


def _cost(row: Row) -> float | None:
    if row.get("cost_usd_per_task"):
        return float(row["cost_usd_per_task"])
    if row.get("total_cost_usd") and row.get("n"):
        return round(float(row["total_cost_usd"]) / float(row["n"]), 6)
    return None

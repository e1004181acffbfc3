"""Artificial Analysis' API (a key, and attribution): indices and single benchmarks.

The free endpoint has three indices, the older one single benchmarks too. An `id` stays
the same, slugs change. A reasoning effort stands in parentheses behind the name
("GPT-5.2 (xhigh)"). Indices go to 100, single benchmarks are shares of 1.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from apps.catalog.sources.published import PayloadError, Published, number

URL: Final = "https://artificialanalysis.ai"
LICENCE: Final = "Artificial Analysis' terms: attribution"
BENCHMARKS: Final = {
    "artificial_analysis_intelligence_index": "aa-intelligence",
    "artificial_analysis_coding_index": "aa-coding",
    "artificial_analysis_agentic_index": "aa-agentic",
    "artificial_analysis_math_index": "aa-math",
    "gpqa": "aa-gpqa",
    "hle": "aa-hle",
    "ifbench": "aa-ifbench",
    "lcr": "aa-lcr",
    "livecodebench": "aa-livecodebench",
    "mmlu_pro": "aa-mmlu-pro",
    "scicode": "aa-scicode",
    "tau2": "aa-tau2",
    "terminalbench_hard": "aa-terminalbench-hard",
}


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the answer."""

    results: tuple[Published, ...]
    rows: int
    has_more: bool


def read(text: str) -> Page:
    """One page; rows that name no model or no result are left out."""
    try:
        body = json.loads(text)
    except ValueError as problem:
        raise PayloadError("not JSON") from problem
    rows = body.get("data") if isinstance(body, Mapping) else None
    if not isinstance(rows, list):
        raise PayloadError("no list of models")
    version = body.get("intelligence_index_version")
    results = [result for row in rows for result in _results(row, version)]
    paging = body.get("pagination") or {}
    return Page(tuple(results), len(rows), bool(paging.get("has_more")))


def _results(row: Any, version: object) -> Iterator[Published]:
    if not isinstance(row, Mapping) or not isinstance(row.get("name"), str):
        return
    creator = row.get("model_creator") or {}
    for field, value in (row.get("evaluations") or {}).items():
        score = number(value)
        if field not in BENCHMARKS or score is None or not row.get("id"):
            continue
        is_index = field.startswith("artificial_analysis_")
        yield Published(
            benchmark=BENCHMARKS[field],
            source_id=str(row["id"]),
            name=row["name"],
            maker=str(creator.get("slug") or creator.get("name") or ""),
            value=score,
            harness=f"version {version}" if is_index and version else "",
            url=URL,
            licence=LICENCE,
            cost_usd=_cost(row) if field.endswith("intelligence_index") else None,
        )


def _cost(row: Mapping[str, Any]) -> float | None:
    """US dollars a task of the index."""
    cost = row.get("artificial_analysis_intelligence_index_cost") or {}
    return number((cost.get("cost_per_task") or {}).get("total_cost"))

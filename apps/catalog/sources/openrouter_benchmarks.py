"""The `benchmarks` field of OpenRouter's list of models; no key is needed.

It carries Artificial Analysis' indices and Design Arena's ratings under OpenRouter's
own ids. Both ask for attribution, and are fetched and shown, but not shipped. Variants
(`:free`) and pointers (`~`) repeat their model's results and are left out.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from apps.catalog.sources.published import PayloadError, Published, number

_INDICES: Final = {
    "intelligence_index": "aa-intelligence",
    "coding_index": "aa-coding",
    "agentic_index": "aa-agentic",
}
# Of its 25 categories those that say something about a task of ours.
_ARENAS: Final = {
    ("models", "codecategories"): "design-arena-code",
    ("models", "website"): "design-arena-website",
    ("models", "uicomponent"): "design-arena-component",
    ("models", "dataviz"): "design-arena-dataviz",
    ("agents", "webapps"): "design-arena-webapps",
    ("agents", "fullstack"): "design-arena-fullstack",
}
AA_LICENCE: Final = "Artificial Analysis' terms: attribution"
ARENA_LICENCE: Final = "Design Arena's terms: attribution"


def read(text: str) -> Iterator[Published]:
    """Every result of every model that has some."""
    try:
        body = json.loads(text)
    except ValueError as problem:
        raise PayloadError("not JSON") from problem
    rows = body.get("data") if isinstance(body, Mapping) else None
    if not isinstance(rows, list):
        raise PayloadError("no list of models")
    for row in rows:
        model_id = row.get("id") if isinstance(row, Mapping) else None
        # `~author/x-latest` is a pointer, `author/x:free` a variant.
        if isinstance(model_id, str) and not {"~", ":"} & set(model_id):
            yield from _results(model_id, row.get("benchmarks") or {})


def _results(model_id: str, found: Mapping[str, Any]) -> Iterator[Published]:
    for field, value in (found.get("artificial_analysis") or {}).items():
        index = number(value)
        if field in _INDICES and index is not None:
            yield Published(
                benchmark=_INDICES[field],
                source_id=model_id,
                name=model_id,
                value=index,
                url="https://artificialanalysis.ai",
                licence=AA_LICENCE,
                is_native=True,
            )
    for entry in found.get("design_arena") or []:
        benchmark = _ARENAS.get((entry.get("arena"), entry.get("category")))
        rating = number(entry.get("elo"))
        if benchmark and rating is not None:
            yield Published(
                benchmark=benchmark,
                source_id=model_id,
                name=model_id,
                value=rating,
                url="https://www.designarena.ai/leaderboard",
                licence=ARENA_LICENCE,
                is_native=True,
            )

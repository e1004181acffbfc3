"""Announced ends with their successors, as deprecations.info collects them (MIT).

Only makers' own announcements are read, for models named exactly: an end at a reseller
is no end of the model. A successor counts where it names one model of the catalog;
"gpt-image-1orgpt-image-1-mini" does not.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from apps.catalog.folding import read_name
from apps.catalog.seed_format import SeedModel
from apps.catalog.sources.base import (
    BrokenPayloadError,
    Payload,
    Picture,
    Taker,
)

ORIGIN: Final = "deprecations"
SITE: Final = "https://deprecations.info"
_MAKERS: Final = {
    "Anthropic": "anthropic",
    "Cohere": "cohere",
    "Google": "google",
    "OpenAI": "openai",
    "xAI": "x-ai",
}


def take(taker: Taker, url: str) -> list[Payload]:
    return [taker.get("deprecations", url)]


def read(payloads: Sequence[Payload], on: date) -> Picture:
    rows = payloads[0].body
    if not isinstance(rows, list) or not rows:
        raise BrokenPayloadError("a list of announcements was expected")
    models: dict[str, SeedModel] = {}
    for row in rows:
        model = _model(row, on) if isinstance(row, dict) else None
        # Of two announcements the first in the file is the latest.
        if model:
            models.setdefault(model.slug, model)
    return Picture(
        origin=ORIGIN,
        source=SITE,
        on=on,
        models=tuple(models.values()),
        is_about_known_models=True,
        row_count=len(rows),
    )


def _model(row: dict[str, Any], on: date) -> SeedModel | None:
    author = _MAKERS.get(row.get("provider", ""))
    name = read_name(f"{author}/{row.get('model_id')}") if author else None
    last_day = _day(row.get("shutdown_date"))
    if name is None or last_day is None:
        return None
    return SeedModel(
        slug=name.slug,
        name="",
        author=name.author,
        kind="",
        deprecated_on=_day(row.get("announcement_date")),
        sunset_on=last_day,
        successor=_successor(author or "", row.get("replacement_model")),
        source=str(row.get("url") or SITE)[:300],
        sourced_on=on,
    )


def _successor(author: str, text: object) -> str:
    name = read_name(f"{author}/{text}") if isinstance(text, str) and text else None
    return name.slug if name else ""


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None

"""Read models.dev (MIT): names, release dates, open weights, modalities."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from apps.catalog.folding import match_key, read_name


@dataclass(frozen=True, slots=True)
class Facts:
    """What models.dev says about one model; None means it does not say."""

    name: str
    released_on: date | None
    is_open_weights: bool | None
    has_vision: bool | None
    has_tools: bool | None
    has_json_schema: bool | None
    has_reasoning: bool | None


def read_facts(payload: Mapping[str, Mapping[str, Any]]) -> dict[str, Facts]:
    """Facts by match key; the payload maps `author/name` to a model."""
    facts = {}
    for model_id, model in payload.items():
        name = read_name(model_id)
        if name:
            facts[match_key(name.slug)] = _facts(model)
    return facts


def _facts(model: Mapping[str, Any]) -> Facts:
    inputs = model.get("modalities", {}).get("input")
    return Facts(
        name=model["name"],
        released_on=_day(model.get("release_date")),
        is_open_weights=model.get("open_weights"),
        has_vision=None if inputs is None else "image" in inputs,
        has_tools=model.get("tool_call"),
        has_json_schema=model.get("structured_output"),
        has_reasoning=model.get("reasoning"),
    )


def _day(value: object) -> date | None:
    """A whole date; "2025-04" alone is not one."""
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None

"""Leave out of a picture what no column can hold, and say so.

A source may write anything: a context of 10^18 tokens, a text where a number belongs.
One such value must neither stop the sync of all others nor reach the database.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from apps.catalog.seed_format import SeedModel, SeedOffer
from apps.catalog.sources.base import AliasFact, Picture

_MOST_WHOLE: Final = 2**31 - 1
_WHOLE: Final = ("context_tokens", "max_output_tokens", "max_input_tokens")
_FLAGS: Final = (
    "has_vision",
    "has_tools",
    "has_json_schema",
    "has_reasoning",
    "is_open_weights",
    "has_implicit_caching",
)
# A fact that does not fit is no fact; a name is cut.
_TEXTS: Final = {
    "family": 60,
    "licence": 60,
    "tokenizer": 40,
    "hugging_face_id": 160,
    "knowledge_cutoff": 10,
    "quantization": 20,
}
_MODALITY: Final = 20
_PARAMETER: Final = 40


def clean(picture: Picture) -> Picture:
    """The picture without what cannot be stored."""
    notes = list(picture.notes)
    models = tuple(_cleaned(picture.models, notes))
    offers = tuple(_cleaned(picture.offers, notes))
    aliases = tuple(alias for alias in picture.aliases if _fits_alias(alias))
    return replace(
        picture, models=models, offers=offers, aliases=aliases, notes=tuple(notes)
    )


def _cleaned[R: (SeedModel, SeedOffer)](
    rows: tuple[R, ...], notes: list[str]
) -> Iterator[R]:
    for row in rows:
        key = row.slug if isinstance(row, SeedModel) else row.upstream_id
        if not _fits(row):
            notes.append(f"{key[:60]}: its name is too long")
            continue
        wrong = dict(_wrong(row))
        if wrong:
            notes.append(f"{key}: {', '.join(wrong)} left out")
        yield replace(row, **wrong) if wrong else row


def _fits(row: SeedModel | SeedOffer) -> bool:
    if isinstance(row, SeedModel):
        return len(row.slug) <= 160 and len(row.author) <= 64
    tag, region, variant = row.endpoint_tag, row.region, row.variant
    is_short = len(tag) <= 80 and len(region) <= 40 and len(variant) <= 40
    return is_short and len(row.upstream_id) <= 200


def _fits_alias(alias: AliasFact) -> bool:
    return len(alias.external_id) <= 200 and len(alias.rule) <= 120


def _wrong(row: SeedModel | SeedOffer) -> Iterator[tuple[str, Any]]:
    """The fields to replace, each with "not said"."""
    names = row.__dataclass_fields__
    for name in _WHOLE:
        if name in names and not _is_whole(getattr(row, name)):
            yield name, None
    for name in _FLAGS:
        if name in names and not isinstance(getattr(row, name), bool | None):
            yield name, None
    for name, most in _TEXTS.items():
        value = getattr(row, name) if name in names else ""
        if not isinstance(value, str) or len(value) > most:
            yield name, ""
    if isinstance(row, SeedModel):
        yield from _wrong_model(row)
    elif row.parameters and any(len(fact.name) > _PARAMETER for fact in row.parameters):
        kept = tuple(fact for fact in row.parameters if len(fact.name) <= _PARAMETER)
        yield "parameters", kept


def _wrong_model(row: SeedModel) -> Iterator[tuple[str, Any]]:
    if len(row.name) > 160:
        yield "name", row.name[:160]
    for name in ("input_modalities", "output_modalities"):
        words = getattr(row, name)
        if words and any(len(word) > _MODALITY for word in words):
            yield name, None


def _is_whole(value: object) -> bool:
    if value is None:
        return True
    return type(value) is int and 0 <= value <= _MOST_WHOLE

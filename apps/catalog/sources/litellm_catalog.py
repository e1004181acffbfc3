"""LiteLLM's price file (MIT) as a picture: its listings, folded into models.

It names the providers it covers, so that an offer of one of them which is no longer in
the file counts as missed.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from apps.catalog.building import build_models, build_offers, fold
from apps.catalog.sources.base import (
    AliasFact,
    BrokenPayloadError,
    Coverage,
    Payload,
    Picture,
    Taker,
    table_of,
)
from apps.catalog.sources.litellm import PROVIDERS, read_listings

ORIGIN: Final = "litellm"
SITE: Final = "https://github.com/BerriAI/litellm"
COVERS: Final = Coverage(
    frozenset(ours for ours, _ in PROVIDERS.values()), frozenset({ORIGIN, "seed"})
)


def take(taker: Taker, url: str) -> list[Payload]:
    return [taker.get("prices", url)]


def read(payloads: Sequence[Payload], on: date) -> Picture:
    table = table_of(payloads[0].body)
    table.pop("sample_spec", None)  # the file's own documentation
    listings = list(read_listings(table, version=_version(on)))
    if not listings:
        raise BrokenPayloadError("no entry has a provider that we know")
    groups = fold(listings)
    models = tuple(build_models(groups, {}, on=on))
    slugs = {key: model.slug for key, model in zip(groups, models, strict=True)}
    return Picture(
        origin=ORIGIN,
        source=SITE,
        on=on,
        models=models,
        offers=tuple(build_offers(groups, on=on)),
        aliases=tuple(_aliases(groups, slugs)),
        covers=COVERS,
        row_count=len(table),
    )


def _version(on: date) -> str:
    return f"on {on.isoformat()}"


def _aliases(groups: Any, slugs: dict[str, str]) -> list[AliasFact]:
    """The spellings that were folded: what the file calls a model, and which it is."""
    found: dict[str, AliasFact] = {}
    for key, group in groups.items():
        for listing in group:
            spelled = listing.name.slug
            if spelled != slugs[key]:
                found[spelled] = AliasFact(spelled, slugs[key], "rule", "spelling")
    return list(found.values())

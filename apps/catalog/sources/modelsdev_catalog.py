"""models.dev's `api.json` (MIT): what makers say of their own models, and ask for them.

Only a maker's own listing is read: a reseller's entry of the same name may be another
size. Prices are US dollars per million tokens; 0 beside a cache stands for "none", and
a model without any price above 0 has none here, because the file writes 0 also for what
is part of a subscription.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from apps.catalog.building import HOMES
from apps.catalog.folding import Name, read_name
from apps.catalog.seed_format import ParameterFact, SeedModel, SeedOffer, SeedPrice
from apps.catalog.sources.base import (
    AliasFact,
    BrokenPayloadError,
    Coverage,
    Payload,
    Picture,
    Taker,
    table_of,
)
from apps.catalog.sources.openrouter import kind_of
from apps.kit.money import from_per_million

ORIGIN: Final = "models_dev"
SITE: Final = "https://models.dev"
# Their provider, where it is a maker, and ours.
_MAKERS: Final = {
    "alibaba": "alibaba",
    "anthropic": "anthropic",
    "cohere": "cohere",
    "deepseek": "deepseek",
    "google": "google",
    "inception": "inception",
    "minimax": "minimax",
    "mistral": "mistral",
    "moonshotai": "moonshot",
    "openai": "openai",
    "perplexity": "perplexity",
    "xai": "xai",
    "xiaomi": "xiaomi",
    "zai": "zai",
}
COVERS: Final = Coverage(frozenset(_MAKERS.values()), frozenset({ORIGIN}))
_NOT_A_MODEL: Final = re.compile(r"latest|^ft:|[*~ ]")
_COMPONENTS: Final = {
    "input": "input",
    "output": "output",
    "cache_read": "cache_read",
    "cache_write": "cache_write_5m",
    "reasoning": "reasoning",
    "input_audio": "audio_input",
    "output_audio": "audio_output",
}
type Row = Mapping[str, Any]


def take(taker: Taker, url: str) -> list[Payload]:
    return [taker.get("api", url)]


def read(payloads: Sequence[Payload], on: date) -> Picture:
    """The makers' own models, in the file's shape of providers with `models`."""
    providers = table_of(payloads[0].body)
    count = sum(len(provider.get("models") or ()) for provider in providers.values())
    if not count:
        raise BrokenPayloadError("no provider has models")
    found = [
        (ours, upstream_id, name, row)
        for theirs, ours in _MAKERS.items()
        for upstream_id, row in (providers.get(theirs, {}).get("models") or {}).items()
        if (name := _name(ours, upstream_id))
    ]
    models = {name.slug: _model(name, row, on) for _, _, name, row in found}
    return Picture(
        origin=ORIGIN,
        source=SITE,
        on=on,
        models=tuple(models.values()),
        offers=tuple(_offer(*entry, on=on) for entry in found),
        aliases=tuple(
            AliasFact(f"{name.author}/{i}", name.slug, "exact")
            for _, i, name, _ in found
        ),
        covers=COVERS,
        row_count=count,
    )


def _name(provider: str, upstream_id: str) -> Name | None:
    """The model's name, where it is this maker's own."""
    if _NOT_A_MODEL.search(upstream_id) or "/" in upstream_id:
        return None
    name = read_name(upstream_id)
    return name if name and HOMES.get(name.author) == provider else None


def _model(name: Name, row: Row, on: date) -> SeedModel:
    modalities, limit = row.get("modalities") or {}, row.get("limit") or {}
    inputs, outputs = modalities.get("input"), modalities.get("output")
    return SeedModel(
        slug=name.slug,
        name=str(row.get("name") or name.name),
        author=name.author,
        kind="embedding" if "embed" in name.name else kind_of(outputs),
        family=str(row.get("family") or ""),
        context_tokens=limit.get("context") or None,
        max_output_tokens=limit.get("output") or None,
        input_modalities=tuple(inputs) if inputs else None,
        output_modalities=tuple(outputs) if outputs else None,
        has_vision="image" in inputs if inputs else None,
        has_tools=row.get("tool_call"),
        has_json_schema=row.get("structured_output"),
        has_reasoning=row.get("reasoning"),
        is_open_weights=row.get("open_weights"),
        licence=str(row.get("license") or ""),
        knowledge_cutoff=str(row.get("knowledge") or "")[:10],
        released_on=_day(row.get("release_date")),
        source=SITE,
        sourced_on=on,
    )


def _day(value: object) -> date | None:
    """A whole date; "2025-04" alone is not one."""
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None


def _offer(
    provider: str, upstream_id: str, name: Name, row: Row, *, on: date
) -> SeedOffer:
    limit = row.get("limit") or {}
    return SeedOffer(
        model=name.slug,
        provider=provider,
        upstream_id=upstream_id,
        variant=name.variant,
        context_tokens=limit.get("context") or None,
        max_output_tokens=limit.get("output") or None,
        prices=tuple(read_costs(row.get("cost") or {})),
        parameters=tuple(_parameters(row)),
        source=SITE,
        sourced_on=on,
    )


def read_costs(cost: Row) -> Iterator[SeedPrice]:
    """The price rows of one `cost` object; none when nothing in it costs anything."""
    if not any(cost.get(key) for key in _COMPONENTS):
        return
    yield from _rows(cost, above=0)
    for step in cost.get("tiers") or ():
        tier = step.get("tier") or {}
        if tier.get("type") == "context" and tier.get("size"):
            yield from _rows(step, above=int(tier["size"]))


def _rows(cost: Row, *, above: int) -> Iterator[SeedPrice]:
    for key, component in _COMPONENTS.items():
        usd = from_per_million(cost.get(key))
        if usd or (usd is not None and component in {"input", "output"}):
            yield SeedPrice(component, usd, above_prompt_tokens=above)


def _parameters(row: Row) -> Iterator[ParameterFact]:
    for key, name in (
        ("temperature", "temperature"),
        ("tool_call", "tools"),
        ("structured_output", "structured_outputs"),
    ):
        if isinstance(row.get(key), bool):
            yield ParameterFact(name, is_supported=row[key])

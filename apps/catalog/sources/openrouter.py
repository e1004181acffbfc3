"""OpenRouter's list of models: `GET /api/v1/models?output_modalities=all`.

Without `output_modalities=all` only models that write text are listed. A row's price is
that of the cheapest endpoint, discounts included: a headline, marked as such.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any, Final
from urllib.parse import urljoin

from apps.catalog.seed_format import ParameterFact, SeedModel, SeedOffer
from apps.catalog.sources.base import (
    AliasFact,
    BrokenPayloadError,
    Coverage,
    Payload,
    Picture,
    ProviderFact,
    Taker,
    rows_of,
)
from apps.catalog.sources.openrouter_names import (
    RowId,
    is_pointer,
    last_day,
    read_id,
    released_on,
    shown_name,
)
from apps.catalog.sources.openrouter_prices import Prices, read_prices
from apps.catalog.sources.openrouter_providers import read_policies, read_providers

SITE: Final = "https://openrouter.ai"
BROKER: Final = ProviderFact("openrouter", "OpenRouter", {"is_broker": True})
ORIGIN: Final = "openrouter"
COVERS: Final = Coverage(frozenset({"openrouter"}), frozenset({ORIGIN, "seed"}))
# A page holds a thousand rows at most, and the list has under a thousand.
_MOST_PAGES: Final = 20
type Row = dict[str, Any]


def take(taker: Taker, url: str) -> list[Payload]:
    """All pages of the list, then the providers."""
    address = f"{url}/models?output_modalities=all"
    pages: list[Payload] = []
    while address:
        resource = f"models/{len(pages)}" if pages else "models"
        pages.append(taker.get(resource, address))
        address = _next(pages[-1], address)
        if len(pages) > _MOST_PAGES:
            raise BrokenPayloadError("the pages of the list do not end")
    return [*pages, *_take_providers(taker, url)]


def _next(page: Payload, address: str) -> str:
    links = page.body.get("links") if isinstance(page.body, dict) else None
    following = links.get("next") if isinstance(links, dict) else None
    return urljoin(address, following) if following else ""


def _take_providers(taker: Taker, url: str) -> list[Payload]:
    # The policies are what the site's own documentation page reads, without a promise.
    site = url.removesuffix("/api/v1")
    found = taker.get_many(
        {
            "providers": f"{url}/providers",
            "policies": f"{site}/api/frontend/v1/all-providers",
        }
    )
    return [answer for answer in found.values() if isinstance(answer, Payload)]


def read(payloads: Sequence[Payload], on: date) -> Picture:
    """The picture of the whole list; raises BrokenPayloadError."""
    rows, total = [], None
    for payload in payloads:
        if payload.resource.partition("/")[0] == "models":
            rows += rows_of(payload.body)
            total = payload.body.get("total_count", total)
    if isinstance(total, int) and total != len(rows):
        raise BrokenPayloadError(f"{len(rows)} rows where {total} are announced")
    return _Reading(on).picture(rows, _providers(payloads))


def _providers(payloads: Iterable[Payload]) -> tuple[ProviderFact, ...]:
    facts: dict[str, ProviderFact] = {BROKER.slug: BROKER}
    for payload in payloads:
        readers = {"providers": read_providers, "policies": read_policies}
        reader = readers.get(payload.resource)
        for fact in reader(payload.body) if reader and payload.body else ():
            known = facts.get(fact.slug)
            merged = {**(known.facts if known else {}), **fact.facts}
            name = known.name if known else fact.name
            facts[fact.slug] = ProviderFact(fact.slug, name, merged)
    return tuple(facts.values())


class _Reading:
    """Collects what the rows say, and what was left out."""

    def __init__(self, on: date) -> None:
        self.on = on
        self.models: dict[str, SeedModel] = {}
        self.offers: list[SeedOffer] = []
        self.aliases: list[AliasFact] = []
        self.notes: list[str] = []

    def picture(
        self, rows: Sequence[Row], providers: tuple[ProviderFact, ...]
    ) -> Picture:
        for row in rows:
            _require(row)
        # A model's own row speaks for it; a variant only where there is no other.
        for row in sorted(rows, key=lambda row: ":" in row["id"]):
            if not is_pointer(row["id"]):
                self.add(row)
        for row in rows:
            if is_pointer(row["id"]):
                self.point(row)
        return Picture(
            origin=ORIGIN,
            source=f"{SITE}/models",
            on=self.on,
            providers=providers,
            models=tuple(self.models.values()),
            offers=tuple(self.offers),
            aliases=tuple(self.aliases),
            covers=COVERS,
            row_count=len(rows),
            notes=tuple(self.notes),
        )

    def add(self, row: Row) -> None:
        found = read_id(row["id"])
        if found is None:
            self.notes.append(f"{row['id']}: its maker cannot be told")
            return
        try:
            prices = read_prices(row["pricing"], service_tier=found.service_tier)
        except ValueError as problem:
            raise BrokenPayloadError(f"{row['id']}: {problem}") from problem
        self.notes += [f"{row['id']}: {note}" for note in prices.notes]
        model = _model(row, found, prices, on=self.on)
        slug = self.models.setdefault(model.slug, model).slug
        self.offers.append(_offer(row, found, prices, slug=slug, on=self.on))
        self.aliases.append(AliasFact(row["id"], slug, found.match, found.rule))

    def point(self, row: Row) -> None:
        target = (row.get("alias_target") or {}).get("slug", "")
        found = read_id(target)
        if found and found.name.slug in self.models:
            pointer = AliasFact(row["id"], found.name.slug, "pointer", "latest")
            self.aliases.append(pointer)
        else:
            self.notes.append(f"{row['id']}: a pointer that names no model of the list")


def _require(row: Row) -> None:
    is_whole = isinstance(row.get("id"), str) and isinstance(row.get("pricing"), dict)
    if not is_whole:
        raise BrokenPayloadError(f"a row without id or pricing: {str(row)[:80]}")


def _model(row: Row, found: RowId, prices: Prices, *, on: date) -> SeedModel:
    architecture = row.get("architecture") or {}
    inputs = _words(architecture.get("input_modalities"))
    outputs = _words(architecture.get("output_modalities"))
    supported = row.get("supported_parameters")
    tokenizer = architecture.get("tokenizer") or ""
    return SeedModel(
        slug=found.name.slug,
        name=shown_name(row) or found.name.name,
        author=found.name.author,
        kind="other" if prices.is_variable else kind_of(outputs),
        description=str(row.get("description") or ""),
        context_tokens=row.get("context_length"),
        max_output_tokens=(row.get("top_provider") or {}).get("max_completion_tokens"),
        input_modalities=inputs,
        output_modalities=outputs,
        has_vision="image" in inputs if inputs else None,
        has_tools=None if supported is None else "tools" in supported,
        has_json_schema=None
        if supported is None
        else "structured_outputs" in supported,
        has_reasoning=None if supported is None else "reasoning" in supported,
        tokenizer="" if tokenizer in {"Other", "Router"} else tokenizer,
        hugging_face_id=row.get("hugging_face_id") or "",
        knowledge_cutoff=row.get("knowledge_cutoff") or "",
        released_on=released_on(row),
        sunset_on=last_day(row.get("expiration_date")),
        source=f"{SITE}/{found.base}",
        sourced_on=on,
    )


def _words(value: object) -> tuple[str, ...] | None:
    return tuple(map(str, value)) if isinstance(value, list) and value else None


def kind_of(outputs: Iterable[str] | None) -> str:
    """Text alone is a chat; what a model makes beside it says what it is for."""
    kinds = {
        "image": "image",
        "audio": "audio",
        "video": "video",
        "embeddings": "embedding",
        "rerank": "rerank",
    }
    made = set(outputs or ("text",))
    return next((kind for word, kind in kinds.items() if word in made), "chat")


def _offer(row: Row, found: RowId, prices: Prices, *, slug: str, on: date) -> SeedOffer:
    top = row.get("top_provider") or {}
    return SeedOffer(
        model=slug,
        provider="openrouter",
        upstream_id=row["id"],
        variant=found.variant,
        service_tier=found.service_tier,
        is_headline=True,
        is_price_variable=prices.is_variable,
        context_tokens=top.get("context_length") or row.get("context_length"),
        max_output_tokens=top.get("max_completion_tokens"),
        sunset_on=last_day(row.get("expiration_date")),
        prices=prices.listed,
        discounts=prices.discounted,
        has_parameter_list=isinstance(row.get("supported_parameters"), list),
        parameters=parameters_of(row),
        source=f"{SITE}/{found.base}",
        sourced_on=on,
    )


def parameters_of(row: Row) -> tuple[ParameterFact, ...] | None:
    """The parameters a row supports, with the defaults and efforts it states."""
    supported = row.get("supported_parameters")
    if not isinstance(supported, list):
        return None
    defaults = row.get("default_parameters") or {}
    efforts = (row.get("reasoning") or {}).get("supported_efforts")
    return tuple(_parameters(sorted(set(map(str, supported))), defaults, efforts))


def _parameters(
    names: Iterable[str], defaults: Row, efforts: list[str] | None
) -> Iterator[ParameterFact]:
    for name in names:
        has_efforts = name == "reasoning_effort" and efforts
        yield ParameterFact(
            name,
            default=defaults.get(name),
            choices=tuple(efforts) if has_efforts and efforts else None,
        )

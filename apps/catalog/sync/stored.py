"""What the database holds, as plain values that a diff can read."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Max

from apps.catalog.folding import match_key
from apps.catalog.models import (
    AIModel,
    ModelAlias,
    Offer,
    OfferHealth,
    OfferParameter,
    PendingChange,
    Price,
    Provider,
    SourceFetch,
)
from apps.catalog.seed_format import SeedPrice, plain_price
from apps.catalog.services import DATABASE

# provider, upstream id, region, variant, endpoint tag
type Place = tuple[str, str, str, str, str]
type Values = dict[str, Any]

PROVIDER_FIELDS: Final = (
    "name",
    "is_broker",
    "headquarters",
    "datacenters",
    "privacy_url",
    "terms_url",
    "status_url",
    "trains_on_prompts",
    "retains_prompts",
    "retention_days",
    "may_publish_prompts",
    "needs_user_ids",
)
MODEL_FIELDS: Final = (
    "name",
    "family",
    "kind",
    "description",
    "context_tokens",
    "max_output_tokens",
    "input_modalities",
    "output_modalities",
    "has_vision",
    "has_tools",
    "has_json_schema",
    "has_reasoning",
    "is_open_weights",
    "licence",
    "tokenizer",
    "hugging_face_id",
    "knowledge_cutoff",
    "released_on",
    "deprecated_on",
    "sunset_on",
)
OFFER_FIELDS: Final = (
    "served_by",
    "quantization",
    "service_tier",
    "is_headline",
    "is_price_variable",
    "context_tokens",
    "max_input_tokens",
    "max_output_tokens",
    "has_implicit_caching",
    "has_parameter_list",
    "is_available",
    "is_stand_in",
    "deprecated_on",
    "sunset_on",
)
PRICE_FIELDS: Final = (
    "component",
    "usd",
    "service_tier",
    "above_prompt_tokens",
    "utc_from",
    "utc_until",
    "utc_weekdays",
)


@dataclass(frozen=True, slots=True)
class StoredRow:
    """One provider, model or offer."""

    id: UUID
    values: Values
    provenance: Mapping[str, Any]
    origin: str
    source: str = ""
    sourced_on: date | None = None


@dataclass(frozen=True, slots=True)
class StoredOffer(StoredRow):
    """An offer with its place, and whether it is missed."""

    place: Place = ("", "", "", "", "")
    model: str = ""
    missing_since: datetime | None = None
    delisted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StoredPrice:
    """One open price row."""

    id: UUID
    price: SeedPrice
    is_discount: bool
    origin: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A price list that waits for an editor, or that one refused."""

    id: UUID
    prices: list[Any]
    is_refused: bool


@dataclass(frozen=True, slots=True)
class StoredParameter:
    id: UUID
    values: tuple[object, ...]  # is_supported, default, choices
    origin: str


@dataclass(frozen=True, slots=True)
class StoredAlias:
    id: UUID
    model: str | None
    match: str
    rule: str


@dataclass(frozen=True, slots=True)
class Stored:
    """The catalog as one source meets it."""

    providers: Mapping[str, StoredRow] = field(default_factory=dict)
    models: Mapping[str, StoredRow] = field(default_factory=dict)
    offers: Mapping[Place, StoredOffer] = field(default_factory=dict)
    prices: Mapping[UUID, list[StoredPrice]] = field(default_factory=dict)
    # Offers that ever had a price: their next one counts from now on.
    priced_before: frozenset[UUID] = frozenset()
    waiting: Mapping[UUID, list[Waiting]] = field(default_factory=dict)
    parameters: Mapping[UUID, Mapping[str, StoredParameter]] = field(
        default_factory=dict
    )
    health: Mapping[UUID, tuple[object, ...]] = field(default_factory=dict)
    aliases: Mapping[str, StoredAlias] = field(default_factory=dict)
    # When each origin was last known to be right.
    confirmed: Mapping[str, date] = field(default_factory=dict)
    by_key: Mapping[str, str] = field(default_factory=dict)
    # Models that somebody else than a broker offers.
    direct: frozenset[str] = frozenset()


def read_stored(origin: str, *, confirmed: Mapping[str, date] | None = None) -> Stored:
    """Everything a picture of this origin may be compared with, in ten queries."""
    models = _models()
    offers = _offers()
    return Stored(
        providers=_providers(),
        models=models,
        offers=offers,
        prices=_prices(),
        priced_before=frozenset(
            Price.objects.using(DATABASE)
            .order_by()
            .values_list("offer_id", flat=True)
            .distinct()
        ),
        waiting=_waiting(),
        parameters=_parameters(),
        health=_health(),
        aliases=_aliases(origin),
        confirmed={**_fetched(), **(confirmed or {})},
        by_key={match_key(slug): slug for slug in sorted(models, reverse=True)},
        direct=frozenset(o.model for o in offers.values() if _is_direct(o)),
    )


def _is_direct(offer: StoredOffer) -> bool:
    is_broker = offer.values["is_headline"] or bool(offer.place[4])
    return not is_broker and bool(offer.values["is_available"])


def _row(values: Values, fields: Iterable[str]) -> StoredRow:
    return StoredRow(
        id=values["id"],
        values={name: values[name] for name in fields},
        provenance=values["provenance"],
        origin=values["origin"],
        source=values.get("source", ""),
        sourced_on=values.get("sourced_on"),
    )


def _providers() -> dict[str, StoredRow]:
    rows = Provider.objects.using(DATABASE).order_by()
    fields = ("id", "slug", "provenance", "origin", *PROVIDER_FIELDS)
    return {row["slug"]: _row(row, PROVIDER_FIELDS) for row in rows.values(*fields)}


_ROW: Final = ("id", "provenance", "origin", "source", "sourced_on")


def _models() -> dict[str, StoredRow]:
    rows = AIModel.objects.using(DATABASE).order_by()
    found = {}
    for row in rows.values("slug", "successor__slug", *_ROW, *MODEL_FIELDS):
        row["successor"] = row["successor__slug"] or ""
        found[row["slug"]] = _row(row, (*MODEL_FIELDS, "successor"))
    return found


def _offers() -> dict[Place, StoredOffer]:
    names = [name for name in OFFER_FIELDS if name != "served_by"]
    rows = Offer.objects.using(DATABASE).order_by()
    found = {}
    for row in rows.values(
        *_ROW,
        *names,
        "upstream_id",
        "region",
        "variant",
        "endpoint_tag",
        "missing_since",
        "delisted_at",
        "provider__slug",
        "served_by__slug",
        "ai_model__slug",
    ):
        offer = _offer(row)
        found[offer.place] = offer
    return found


def _offer(row: Values) -> StoredOffer:
    row["served_by"] = row["served_by__slug"] or ""
    return StoredOffer(
        id=row["id"],
        values={name: row[name] for name in OFFER_FIELDS},
        provenance=row["provenance"],
        origin=row["origin"],
        source=row["source"],
        sourced_on=row["sourced_on"],
        place=(
            row["provider__slug"],
            row["upstream_id"],
            row["region"],
            row["variant"],
            row["endpoint_tag"],
        ),
        model=row["ai_model__slug"],
        missing_since=row["missing_since"],
        delisted_at=row["delisted_at"],
    )


def _prices() -> dict[UUID, list[StoredPrice]]:
    rows = Price.objects.using(DATABASE).filter(valid_until=None).order_by()
    found: dict[UUID, list[StoredPrice]] = defaultdict(list)
    for pk, offer, is_discount, origin, *price in rows.values_list(
        "id", "offer_id", "is_discount", "origin", *PRICE_FIELDS
    ):
        row = StoredPrice(pk, SeedPrice(*price), is_discount, origin)
        found[offer].append(row)
    return found


def _waiting() -> dict[UUID, list[Waiting]]:
    """What waits, and what was refused last, by offer."""
    state = PendingChange.State
    rows = (
        PendingChange.objects.using(DATABASE)
        .filter(state__in=(state.WAITING, state.REFUSED))
        .order_by("found_at", "id")
    )
    found: dict[UUID, list[Waiting]] = defaultdict(list)
    for pk, offer, prices, now in rows.values_list(
        "id", "offer_id", "new_prices", "state"
    ):
        found[offer].append(Waiting(pk, prices, is_refused=now == state.REFUSED))
    return found


def _parameters() -> dict[UUID, dict[str, StoredParameter]]:
    rows = OfferParameter.objects.using(DATABASE).order_by()
    found: dict[UUID, dict[str, StoredParameter]] = defaultdict(dict)
    for pk, offer, name, origin, *values in rows.values_list(
        "id", "offer_id", "name", "origin", "is_supported", "default", "choices"
    ):
        found[offer][name] = StoredParameter(pk, tuple(values), origin)
    return found


HEALTH_FIELDS: Final = (
    "status",
    "uptime_5m",
    "uptime_30m",
    "uptime_1d",
    "latency_ms",
    "throughput",
)


def _health() -> dict[UUID, tuple[object, ...]]:
    rows = OfferHealth.objects.using(DATABASE).order_by()
    return {
        offer: tuple(values)
        for offer, *values in rows.values_list("offer_id", *HEALTH_FIELDS)
    }


def _aliases(origin: str) -> dict[str, StoredAlias]:
    rows = ModelAlias.objects.using(DATABASE).filter(source=origin).order_by()
    return {
        external: StoredAlias(pk, slug, match, rule)
        for external, pk, slug, match, rule in rows.values_list(
            "external_id", "id", "ai_model__slug", "match", "rule"
        )
    }


def _fetched() -> dict[str, date]:
    rows = SourceFetch.objects.using(DATABASE).order_by().values_list("source")
    latest = rows.annotate(latest=Max("fetched_at"))
    return {source: fetched_at.date() for source, fetched_at in latest}


def plain_list(prices: Iterable[SeedPrice]) -> list[Any]:
    """A price list as JSON holds it, in one order."""
    return [plain_price(price) for price in sorted(prices, key=str)]

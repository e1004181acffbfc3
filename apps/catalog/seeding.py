"""Bring the shipped seed into the database: what is new or changed, nothing else.

What an operator typed outlives it. A vanished offer is delisted, never deleted. A
changed price closes the old row and opens a new one, so an old request keeps its price.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import F, OuterRef, Subquery

from apps.catalog.models import (
    AIModel,
    Offer,
    Price,
    Provider,
    SeedLoad,
    TaskScore,
)
from apps.catalog.seed_format import (
    SEED_DIR,
    Seed,
    SeedModel,
    SeedOffer,
    SeedPrice,
    SeedProvider,
    seed_digest,
)
from apps.catalog.services import DATABASE, OPERATOR, announce, lock_catalog
from apps.kit.clock import utc_now
from apps.providers.registry import REGISTRY

# A source says what holds on its day, not since when. The first price we learn of an
# offer is charged for any moment before the second.
BEFORE_ALL: Final = datetime(2000, 1, 1, tzinfo=UTC)
type PriceKey = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What one load did."""

    is_changed: bool
    providers: int = 0
    models: int = 0
    offers: int = 0
    new_prices: int = 0


def load_seed(folder: Path = SEED_DIR) -> Loaded:
    """Load the seed unless this database already holds exactly it."""
    now = utc_now()
    digest = _digest(folder)
    with transaction.atomic(using=DATABASE):
        lock_catalog()
        held = SeedLoad.objects.using(DATABASE).first()
        if held and held.digest == digest:
            is_changed = _retire(now.date())
            if is_changed:
                announce("retired")
            return Loaded(is_changed=is_changed)
        loaded = _load(Seed.read(folder), now)
        SeedLoad.objects.using(DATABASE).update_or_create(
            pk=held.pk if held else 1, defaults={"digest": digest, "loaded_at": now}
        )
        announce("seed")
    return loaded


def _digest(folder: Path) -> str:
    registry = repr(sorted(REGISTRY.items()))
    return hashlib.sha256((seed_digest(folder) + registry).encode()).hexdigest()


def _load(seed: Seed, now: datetime) -> Loaded:
    providers = _put_providers(seed.providers)
    models = _put_models(seed.models)
    offers = _put_offers(seed.offers, providers, models)
    new_prices = _put_prices(seed.offers, offers, now)
    _put_scores(seed, models)
    _retire(now.date())
    return Loaded(
        is_changed=True,
        providers=len(providers),
        models=len(seed.models),
        offers=len(offers),
        new_prices=new_prices,
    )


def _put_providers(listed: Iterable[SeedProvider]) -> dict[str, UUID]:
    """The registry's providers and those the seed lists beside them."""
    known = [
        SeedProvider(k.slug, k.name, k.website, k.base_url, k.api_key_env, k.protocol)
        for k in REGISTRY.values()
    ]
    rows = {provider.slug: provider for provider in [*listed, *known]}
    table = Provider.objects.using(DATABASE)
    operators = table.filter(is_operator_added=True).values_list("slug", flat=True)
    for slug in operators:
        rows.pop(slug, None)
    table.bulk_create(
        (Provider(**asdict(row)) for row in rows.values()),
        update_conflicts=True,
        unique_fields=["slug"],
        update_fields=[
            *("name", "website", "base_url", "api_key_env", "protocol", "updated_at")
        ],
    )
    return dict(table.values_list("slug", "id"))


def _put_models(models: Iterable[SeedModel]) -> dict[str, UUID]:
    table = AIModel.objects.using(DATABASE)
    typed = set(
        table.filter(source__startswith=OPERATOR).values_list("slug", flat=True)
    )
    fields = [name for name in SeedModel.__dataclass_fields__ if name != "slug"]
    table.bulk_create(
        (AIModel(**asdict(model)) for model in models if model.slug not in typed),
        update_conflicts=True,
        unique_fields=["slug"],
        update_fields=[*fields, "status", "updated_at"],
    )
    return dict(table.values_list("slug", "id"))


type Place = tuple[UUID, str, str, str]


def _put_offers(
    offers: Iterable[SeedOffer],
    providers: Mapping[str, UUID],
    models: Mapping[str, UUID],
) -> dict[Place, UUID]:
    """Write the offers and delist what the seed no longer has; ids by place."""
    table = Offer.objects.using(DATABASE)
    typed = set(_places(source__startswith=OPERATOR))
    rows = {}
    for offer in offers:
        place = _place(offer, providers)
        if place not in typed:
            rows[place] = _offer_row(offer, models[offer.model], place)
    table.bulk_create(
        rows.values(),
        update_conflicts=True,
        unique_fields=["provider", "upstream_id", "region", "variant"],
        update_fields=[
            *("ai_model", "context_tokens", "max_output_tokens", "is_available"),
            *("is_stand_in", "deprecated_on", "source", "sourced_on", "updated_at"),
        ],
    )
    ids = _places()
    gone = [ids[place] for place in ids if place not in rows and place not in typed]
    table.filter(id__in=gone).update(is_available=False, updated_at=utc_now())
    return {place: ids[place] for place in rows}


def _places(**filters: str) -> dict[Place, UUID]:
    offers = Offer.objects.using(DATABASE).filter(**filters)
    fields = ("provider_id", "upstream_id", "region", "variant", "id")
    return {(p, u, r, v): pk for p, u, r, v, pk in offers.values_list(*fields)}


def _place(offer: SeedOffer, providers: Mapping[str, UUID]) -> Place:
    return providers[offer.provider], offer.upstream_id, offer.region, offer.variant


def _offer_row(offer: SeedOffer, model_id: UUID, place: Place) -> Offer:
    values = asdict(offer)
    for name in ("model", "provider", "prices"):
        del values[name]
    return Offer(provider_id=place[0], ai_model_id=model_id, **values)


def _put_prices(
    offers: Iterable[SeedOffer], ids: Mapping[Place, UUID], now: datetime
) -> int:
    table = Price.objects.using(DATABASE)
    providers = dict(Provider.objects.using(DATABASE).values_list("slug", "id"))
    known = set(table.order_by().values_list("offer_id", flat=True).distinct())
    current = _current_prices(ids.values())
    new: list[Price] = []
    for offer in offers:
        offer_id = ids.get(_place(offer, providers))
        if offer_id:
            since = now if offer_id in known else BEFORE_ALL
            new += _changes(offer, offer_id, current[offer_id], since)
    # What is left was changed, or is no longer stated.
    left = [price.pk for rows in current.values() for price in rows.values()]
    table.filter(pk__in=left).update(valid_until=now)
    table.bulk_create(new, batch_size=2000)
    _confirm_prices(ids.values())
    return len(new)


def _confirm_prices(offers: Iterable[UUID]) -> None:
    """Date the prices that stay as they are: the source states them still."""
    offer = Offer.objects.using(DATABASE).filter(pk=OuterRef("offer_id"))
    stated = Price.objects.using(DATABASE).filter(offer__in=offers, valid_until=None)
    stated.exclude(sourced_on=F("offer__sourced_on"), source=F("offer__source")).update(
        sourced_on=Subquery(offer.values("sourced_on")),
        source=Subquery(offer.values("source")),
    )


def _current_prices(
    offers: Iterable[UUID],
) -> defaultdict[UUID, dict[PriceKey, Price]]:
    prices: defaultdict[UUID, dict[PriceKey, Price]] = defaultdict(dict)
    open_rows = Price.objects.using(DATABASE).filter(
        offer__in=offers, valid_until=None, is_discount=False
    )
    for price in open_rows:
        prices[price.offer_id][_key(price)] = price
    return prices


def _changes(
    offer: SeedOffer,
    offer_id: UUID,
    current: dict[PriceKey, Price],
    since: datetime,
) -> Iterator[Price]:
    """The rows to open; takes out of `current` those that stay as they are."""
    for price in offer.prices:
        held = current.get(_key(price))
        if held and held.usd == price.usd:
            del current[_key(price)]
            continue
        yield Price(
            offer_id=offer_id,
            valid_from=since,
            source=offer.source,
            sourced_on=offer.sourced_on,
            **asdict(price),
        )


def _key(price: Price | SeedPrice) -> PriceKey:
    return (
        price.component,
        price.service_tier,
        price.above_prompt_tokens,
        price.utc_from,
        price.utc_until,
        price.utc_weekdays,
    )


def _put_scores(seed: Seed, models: Mapping[str, UUID]) -> None:
    def row(values: dict[str, Any]) -> TaskScore:
        return TaskScore(ai_model_id=models[values.pop("model")], **values)

    TaskScore.objects.using(DATABASE).bulk_create(
        (row(asdict(score)) for score in seed.scores),
        update_conflicts=True,
        unique_fields=["ai_model", "task", "benchmark", "variant"],
        update_fields=[
            *("score", "source", "licence", "measured_on", "is_self_reported")
        ],
    )


def _retire(today: date) -> bool:
    """Take out of service what has passed its announced last day."""
    now = utc_now()
    past = AIModel.objects.using(DATABASE).filter(deprecated_on__lte=today)
    coming = AIModel.objects.using(DATABASE).filter(deprecated_on__gt=today)
    ended = Offer.objects.using(DATABASE).filter(
        deprecated_on__lte=today, is_available=True
    )
    changed = ended.update(is_available=False, updated_at=now)
    for models, status in (
        (past, AIModel.Status.RETIRED),
        (coming, AIModel.Status.DEPRECATED),
    ):
        changed += models.exclude(status=status).update(status=status, updated_at=now)
    return bool(changed)

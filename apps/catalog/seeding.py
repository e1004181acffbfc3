"""Bring the shipped seed into the database: what is new or changed, nothing else.

What an operator typed outlives it. A vanished offer is delisted, never deleted. A
changed price closes the old row and opens a new one, so an old request keeps its price.
"""

import hashlib
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from django.db import connections, transaction

from apps.catalog.headlines import hash_joins
from apps.catalog.models import Origin, Provider, SeedLoad
from apps.catalog.rating import rate_models
from apps.catalog.seed_format import SEED_DIR, Seed, SeedProvider, seed_digest
from apps.catalog.services import DATABASE, announce, lock_catalog
from apps.catalog.sources.base import Coverage, Picture
from apps.catalog.sync import statuses
from apps.catalog.sync.apply import Applied, Applier
from apps.catalog.sync.changes import Log
from apps.catalog.sync.diff import diff
from apps.catalog.sync.running import confirmed_origins
from apps.catalog.sync.stored import read_stored
from apps.kit.clock import utc_now
from apps.providers.registry import REGISTRY

SOURCE: Final = "shipped with ModelOptix"
# They pass calls on to other providers.
BROKERS: Final = {"openrouter", "huggingface"}


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
            is_changed = _follow_days(Log(now, Origin.SEED, SOURCE))
            if is_changed:
                announce("retired")
            return Loaded(is_changed=is_changed)
        loaded = _load(Seed.read(folder), now, is_first=held is None)
        rate_models(folder, on=now.date())
        SeedLoad.objects.using(DATABASE).update_or_create(
            pk=held.pk if held else 1, defaults={"digest": digest, "loaded_at": now}
        )
        announce("seed")
    return loaded


def _digest(folder: Path) -> str:
    registry = repr(sorted(REGISTRY.items()))
    return hashlib.sha256((seed_digest(folder) + registry).encode()).hexdigest()


def _load(seed: Seed, now: datetime, *, is_first: bool) -> Loaded:
    providers = _put_providers(seed.providers)
    picture = _picture(seed, providers, now)
    stored = read_stored(Origin.SEED, confirmed=confirmed_origins())
    found = diff(picture, stored, today=now.date())
    # The first load of an empty catalog is no news.
    log = None if is_first else Log.of(found, now)
    applied = Applier(found, now, nullcontext, is_logged=log is not None).run()
    gone = tuple(offer.id for offer in found.missing)
    if gone and log:
        absences = statuses.Absences(first=gone, delisted=gone)
        statuses.write_absences(absences, since=now, log=log)
    if not is_first:
        _confirm_prices()
    _follow_days(log, at=now)
    return _loaded(seed, providers, applied)


def _picture(seed: Seed, providers: dict[str, UUID], now: datetime) -> Picture:
    dates = [model.sourced_on for model in seed.models]
    dates += [offer.sourced_on for offer in seed.offers]
    return Picture(
        origin=Origin.SEED,
        source=SOURCE,
        on=max(dates, default=now.date()),
        models=seed.models,
        offers=seed.offers,
        covers=Coverage(frozenset(providers), frozenset({Origin.SEED.value})),
        restates=True,
        row_count=len(seed.offers),
    )


def _loaded(seed: Seed, providers: dict[str, UUID], applied: Applied) -> Loaded:
    return Loaded(
        is_changed=True,
        providers=len(providers),
        models=len(seed.models),
        offers=len(seed.offers),
        new_prices=applied.prices,
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
        (
            Provider(**asdict(row), is_broker=row.slug in BROKERS)
            for row in rows.values()
        ),
        update_conflicts=True,
        unique_fields=["slug"],
        update_fields=[
            *("name", "website", "base_url", "api_key_env", "protocol"),
            *("is_broker", "updated_at"),
        ],
    )
    return dict(table.values_list("slug", "id"))


# One pass over the prices; the same as a condition on related rows was minutes of
# nested loops where the tables had not been analysed yet.
_CONFIRM: Final = """
    UPDATE catalog_price p SET sourced_on = o.sourced_on, source = o.source
    FROM catalog_offer o
    WHERE o.id = p.offer_id AND p.valid_until IS NULL
      AND p.origin = 'seed' AND o.origin = 'seed'
      AND (p.sourced_on, p.source) IS DISTINCT FROM (o.sourced_on, o.source)
"""


def _confirm_prices() -> None:
    """Date the prices that stay as they are: the seed states them still."""
    with connections[DATABASE].cursor() as cursor, hash_joins(cursor):
        cursor.execute(_CONFIRM)


def _follow_days(log: Log | None, *, at: datetime | None = None) -> bool:
    """Take out of service what has passed its announced last day."""
    moment = log.at if log else at or utc_now()
    ended, turns = statuses.due(moment.date())
    statuses.write_due(ended, turns, log=log)
    return bool(ended or turns)

"""Writes to the catalog, each in one transaction of the jobs' login.

The catalog is everybody's: what serves requests may only read it.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import connections, transaction

from apps.catalog.folding import vendor_of
from apps.catalog.headlines import refresh_headlines
from apps.catalog.models import (
    AIModel,
    ModelChange,
    Offer,
    Origin,
    Price,
    Provider,
    UsedModel,
)
from apps.kit.clock import utc_now

DATABASE: Final = "jobs"
CHANNEL: Final = "modeloptix_catalog"
# Begins the source of what an operator typed; the seed never overwrites it.
OPERATOR: Final = "operator"


def announce(change: str) -> None:
    """Refresh the list's headlines, and tell every router that its snapshot is old.

    The routers hear of it at the commit.
    """
    refresh_headlines(DATABASE)
    with connections[DATABASE].cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, change])


def lock_catalog() -> None:
    """Let one writer in at a time, until the transaction ends."""
    number = int.from_bytes(hashlib.sha256(CHANNEL.encode()).digest()[:7])
    with connections[DATABASE].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


@dataclass(frozen=True, slots=True)
class OperatorOffer:
    """A model at a server of the operator's choice; None leaves a price unknown."""

    provider: str
    model: str  # the server's own id
    base_url: str = ""  # needed for a new provider
    api_key_env: str | None = None  # None leaves a known provider's as it is
    protocol: str | None = None
    context_tokens: int | None = None
    input_usd: Decimal | None = None
    output_usd: Decimal | None = None


class UnknownProviderError(ValueError):
    """The provider is new, and nothing says where it listens."""


def add_offer(new: OperatorOffer) -> Offer:
    """Add or change a provider, its model and its price; safe to repeat."""
    now = utc_now()
    with transaction.atomic(using=DATABASE):
        lock_catalog()
        provider = _provider(new)
        offer, _ = Offer.objects.using(DATABASE).update_or_create(
            provider=provider,
            upstream_id=new.model,
            region="",
            variant="",
            defaults=_offer_values(new, _model(new, now.date()), now.date()),
        )
        _set_prices(offer, new, now)
        announce(f"{provider.slug} {new.model}")
    return offer


def _provider(new: OperatorOffer) -> Provider:
    found = Provider.objects.using(DATABASE).filter(slug=new.provider).first()
    if found is None and not new.base_url:
        raise UnknownProviderError(new.provider)
    provider = found or Provider(slug=new.provider, name=new.provider)
    changes = {
        "base_url": new.base_url or None,
        "api_key_env": new.api_key_env,
        "protocol": new.protocol,
    }
    changed = {k: v for k, v in changes.items() if v is not None}
    for field, value in changed.items():
        setattr(provider, field, value)
    if changed or found is None:
        provider.is_operator_added = True
        provider.origin = Origin.OPERATOR
        provider.save(using=DATABASE)
    return provider


def _model(new: OperatorOffer, today: date) -> AIModel:
    slug = new.model if "/" in new.model else f"{new.provider}/{new.model}"
    known = AIModel.objects.using(DATABASE).filter(slug__iexact=slug).first()
    if known:
        return known
    author, _, name = slug.partition("/")
    return AIModel.objects.using(DATABASE).create(
        slug=slug,
        name=name,
        author=author,
        context_tokens=new.context_tokens,
        vendor=vendor_of(author),
        source=operator_source(today),
        sourced_on=today,
        origin=Origin.OPERATOR,
    )


def _offer_values(new: OperatorOffer, model: AIModel, today: date) -> dict[str, object]:
    values: dict[str, object] = {
        "ai_model": model,
        "is_available": True,
        "delisted_at": None,
        "missing_since": None,
        "source": operator_source(today),
        "sourced_on": today,
        "origin": Origin.OPERATOR,
    }
    if new.context_tokens is not None:
        values["context_tokens"] = new.context_tokens
    return values


def operator_source(today: date) -> str:
    return f"{OPERATOR}, on {today:%Y-%m-%d}"


def _set_prices(offer: Offer, new: OperatorOffer, now: datetime) -> None:
    """Let the typed prices hold from now on; what was charged before stays as it was.

    Whoever types a price replaces the whole list price: a cache or batch price of
    another list beside it would be a mixture that nobody charges.
    """
    typed = {"input": new.input_usd, "output": new.output_usd}
    wanted = {component: usd for component, usd in typed.items() if usd is not None}
    current = Price.objects.using(DATABASE).filter(offer=offer, valid_until=None)
    if not wanted or {p.component: p.usd for p in current} == wanted:
        return
    _log_prices(offer, {p.component: p.usd for p in current}, wanted, now)
    current.update(valid_until=now)
    Price.objects.using(DATABASE).bulk_create(
        Price(
            offer=offer,
            component=component,
            usd=usd,
            valid_from=now,
            source=operator_source(now.date()),
            sourced_on=now.date(),
            origin=Origin.OPERATOR,
        )
        for component, usd in wanted.items()
    )


def _log_prices(
    offer: Offer, old: dict[str, Decimal], new: dict[str, Decimal], now: datetime
) -> None:
    """Note what an operator's list changes; a first list changes nothing."""
    what = ModelChange.What
    moved = [name for name in new if old and old.get(name) != new[name]]
    ModelChange.objects.using(DATABASE).bulk_create(
        ModelChange(
            at=now,
            what=what.PRICE if name in old else what.PRICE_ADDED,
            ai_model_id=offer.ai_model_id,
            offer=offer,
            field=name,
            old=str(old[name].normalize()) if name in old else None,
            new=str(new[name].normalize()),
            change_share=float(new[name] / old[name] - 1) if old.get(name) else None,
            origin=Origin.OPERATOR,
            source=operator_source(now.date()),
        )
        for name in moved
    )


def note_used(model_ids: Iterable[UUID], *, on: date) -> int:
    """Remember which models are in use, so that their prices are kept fresh.

    Apps above the catalog call it; a model noted for the day already is not written.
    """
    table = UsedModel.objects.using(DATABASE)
    ids = set(model_ids)
    known = set(
        table.filter(pk__in=ids, last_used_on__gte=on).values_list("pk", flat=True)
    )
    real = AIModel.objects.using(DATABASE).filter(pk__in=ids - known)
    rows = [
        UsedModel(pk=pk, last_used_on=on) for pk in real.values_list("pk", flat=True)
    ]
    table.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["ai_model"],
        update_fields=["last_used_on"],
    )
    return len(rows)

"""Writes to the catalog, each in one transaction of the owner's login.

The catalog is everybody's: what serves requests may only read it.
"""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from django.db import connections, transaction

from apps.catalog.models import AIModel, Offer, Price, Provider
from apps.kit.clock import utc_now

DATABASE: Final = "owner"
CHANNEL: Final = "modeloptix_catalog"
# Begins the source of what an operator typed; the seed never overwrites it.
OPERATOR: Final = "operator"


def announce(change: str) -> None:
    """Tell every router process, at the commit, that its snapshot is old."""
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
        source=operator_source(today),
        sourced_on=today,
    )


def _offer_values(new: OperatorOffer, model: AIModel, today: date) -> dict[str, object]:
    values: dict[str, object] = {
        "ai_model": model,
        "is_available": True,
        "source": operator_source(today),
        "sourced_on": today,
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
    current.update(valid_until=now)
    Price.objects.using(DATABASE).bulk_create(
        Price(
            offer=offer,
            component=component,
            usd=usd,
            valid_from=now,
            source=operator_source(now.date()),
            sourced_on=now.date(),
        )
        for component, usd in wanted.items()
    )

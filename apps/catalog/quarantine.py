"""An editor's decision on a price list that jumped.

Approved, the list counts from now on; refused, it stays refused until its source states
something else. Both are in the change log, with who decided.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from apps.audit.services import record
from apps.catalog.models import ModelChange, Offer, PendingChange, Price
from apps.catalog.seed_format import SeedPrice, read_price
from apps.catalog.services import DATABASE, announce, lock_catalog
from apps.catalog.sync.changes import Log
from apps.catalog.sync.prices import ListDiff, diff_prices
from apps.catalog.sync.stored import PRICE_FIELDS, StoredPrice
from apps.kit.clock import utc_now
from apps.tenancy.scope import unscoped

State: Final = PendingChange.State


class NotWaitingError(Exception):
    """Somebody has decided already, or the source has withdrawn it."""


def approve(pending_id: UUID, *, by: str, note: str = "") -> Offer:
    """Let the held list count from now on; raises NotWaitingError."""
    now = utc_now()
    with (
        unscoped("an editor's decision about the catalog is no organization's"),
        transaction.atomic(using=DATABASE),
    ):
        lock_catalog()
        pending = _decide(pending_id, State.APPROVED, by=by, note=note, at=now)
        offer = pending.offer
        listed = [read_price(*row) for row in pending.new_prices]
        found = diff_prices(
            listed,
            _discounts(offer),
            stored=_stored(offer),
            origin=pending.origin,
            is_trusted=True,
        )
        _write(found, pending, now)
        Offer.objects.using(DATABASE).filter(pk=offer.pk).update(updated_at=now)
        log = Log(now, pending.origin, pending.source, by=by)
        subject = {"offer_id": offer.pk, "ai_model_id": offer.ai_model_id}
        ModelChange.objects.using(DATABASE).bulk_create(
            log.price(move, dict(subject)) for move in found.moves
        )
        announce("approved price")
    return offer


def refuse(pending_id: UUID, *, by: str, note: str = "") -> Offer:
    """Keep the present prices; raises NotWaitingError."""
    now = utc_now()
    with (
        unscoped("an editor's decision about the catalog is no organization's"),
        transaction.atomic(using=DATABASE),
    ):
        lock_catalog()
        pending = _decide(pending_id, State.REFUSED, by=by, note=note, at=now)
        first = pending.jumps[0]
        Log(now, pending.origin, pending.source, by=by).row(
            ModelChange.What.PRICE_REFUSED,
            offer_id=pending.offer_id,
            ai_model_id=pending.offer.ai_model_id,
            field=first["component"],
            condition=first["condition"],
            old=first["old"],
            new=first["new"],
        ).save(using=DATABASE)
    return pending.offer


def _decide(
    pending_id: UUID, state: str, *, by: str, note: str, at: datetime
) -> PendingChange:
    table = PendingChange.objects.using(DATABASE)
    hit = table.filter(pk=pending_id, state=State.WAITING).update(
        state=state, decided_by=by, decided_at=at, note=note
    )
    if not hit:
        raise NotWaitingError("It does not wait any more.")
    pending = table.select_related("offer").get(pk=pending_id)
    record(
        f"price.{state}",
        subject="offer",
        subject_id=pending.offer_id,
        before={"prices": pending.old_prices},
        after={"prices": pending.new_prices, "note": note},
        org_id=None,
    )
    return pending


def _open(offer: Offer) -> Iterator[StoredPrice]:
    rows = Price.objects.using(DATABASE).filter(offer=offer, valid_until=None)
    for pk, is_discount, origin, *price in rows.values_list(
        "pk", "is_discount", "origin", *PRICE_FIELDS
    ):
        yield StoredPrice(pk, SeedPrice(*price), is_discount, origin)


def _stored(offer: Offer) -> list[StoredPrice]:
    return list(_open(offer))


def _discounts(offer: Offer) -> list[SeedPrice]:
    """What is in force stays: only the list was held."""
    return [row.price for row in _open(offer) if row.is_discount]


def _write(found: ListDiff, pending: PendingChange, now: datetime) -> None:
    table = Price.objects.using(DATABASE)
    table.filter(pk__in=found.closes).update(valid_until=now)
    table.bulk_create(
        Price(
            offer_id=pending.offer_id,
            is_discount=is_discount,
            valid_from=now,
            source=pending.source,
            sourced_on=pending.sourced_on,
            origin=pending.origin,
            **{name: getattr(price, name) for name in PRICE_FIELDS},
        )
        for price, is_discount in found.opens
    )

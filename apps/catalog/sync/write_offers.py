"""Write what a diff says of offers: rows, prices, held lists, parameters, health."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from apps.catalog.models import (
    Offer,
    OfferHealth,
    OfferParameter,
    PendingChange,
    Price,
)
from apps.catalog.seed_format import SeedPrice
from apps.catalog.services import DATABASE
from apps.catalog.sources.base import Picture
from apps.catalog.sync.entries import OfferDiff, Patch
from apps.catalog.sync.stored import HEALTH_FIELDS, PRICE_FIELDS
from apps.catalog.sync.write_rows import update_rows

# A source says what holds on its day, not since when. The first price we learn of an
# offer is charged for any moment before the second.
BEFORE_ALL: Final = datetime(2000, 1, 1, tzinfo=UTC)


def current(offers: Sequence[OfferDiff]) -> list[OfferDiff]:
    """Those whose row and open prices are still as they were compared."""
    ids = [change.id for change in offers if change.row]
    provenance = dict(
        Offer.objects.using(DATABASE).filter(pk__in=ids).values_list("pk", "provenance")
    )
    closing = {pk for change in offers for pk in change.prices.closes}
    gone = closing - set(
        Price.objects.using(DATABASE)
        .filter(pk__in=closing, valid_until=None)
        .values_list("pk", flat=True)
    )
    return [
        change
        for change in offers
        if change.row is None
        or (
            provenance.get(change.id) == change.row.provenance
            and gone.isdisjoint(change.prices.closes)
        )
    ]


@dataclass(frozen=True, slots=True)
class OfferWriter:
    """Writes offers of one picture, inside a unit."""

    picture: Picture
    now: datetime
    providers: Mapping[str, UUID]
    models: Mapping[str, UUID]

    def write(self, offers: Sequence[OfferDiff]) -> None:
        new = [change for change in offers if change.row is None]
        Offer.objects.using(DATABASE).bulk_create(map(self._row, new))
        known = [change for change in offers if change.row is not None]
        update_rows(Offer, [self._patch(change) for change in known], self.now)
        self._write_prices(offers)
        self._write_held(offers)
        self._write_parameters(offers)
        self._write_health(offers)

    def _row(self, change: OfferDiff) -> Offer:
        values = {**change.values, "origin": self.picture.origin}
        values["served_by_id"] = self.providers.get(values.pop("served_by"))
        provider, upstream_id, region, variant, tag = change.place
        return Offer(
            id=change.id,
            ai_model_id=self.models[change.model],
            provider_id=self.providers[provider],
            upstream_id=upstream_id,
            region=region,
            variant=variant,
            endpoint_tag=tag,
            source=change.fact.source,
            sourced_on=change.fact.sourced_on,
            **values,
        )

    def _patch(self, change: OfferDiff) -> Patch:
        """The offer's new values; whoever writes an offer dates and owns it."""
        row = change.row
        assert row is not None  # noqa: S101  # asked by the caller
        values: dict[str, Any] = {
            **change.values,
            "source": change.fact.source,
            "sourced_on": change.fact.sourced_on,
            "origin": self.picture.origin,
        }
        if "served_by" in values:
            values["served_by_id"] = self.providers.get(values.pop("served_by"))
        if change.returns:
            values |= {"missing_since": None, "delisted_at": None}
            values.setdefault("is_available", row.values["is_available"])
        return Patch(row, "", values, provenance=change.provenance)

    def _write_prices(self, offers: Sequence[OfferDiff]) -> None:
        picture = self.picture
        lists = [(change, change.prices) for change in offers]
        closes = [pk for _, prices in lists for pk in prices.closes]
        adopts = {pk: change for change, p in lists for pk in p.adopts}
        table = Price.objects.using(DATABASE)
        if closes:
            table.filter(pk__in=closes).update(valid_until=self.now)
        for source, pks in _by_source(adopts).items():
            table.filter(pk__in=pks).update(
                origin=picture.origin, source=source, sourced_on=picture.on
            )
        rows = [row for change, p in lists for row in self._opened(change, p.opens)]
        table.bulk_create(rows, batch_size=2000)

    def _opened(
        self, change: OfferDiff, opens: Iterable[tuple[SeedPrice, bool]]
    ) -> Iterator[Price]:
        for price, is_discount in opens:
            yield Price(
                offer_id=change.id,
                is_discount=is_discount,
                valid_from=BEFORE_ALL if change.is_first_price else self.now,
                source=change.fact.source,
                sourced_on=change.fact.sourced_on,
                origin=self.picture.origin,
                **{name: getattr(price, name) for name in PRICE_FIELDS},
            )

    def _write_held(self, offers: Sequence[OfferDiff]) -> None:
        withdrawn = [pk for change in offers for pk in change.prices.withdraws]
        table = PendingChange.objects.using(DATABASE)
        if withdrawn:
            table.filter(pk__in=withdrawn, state=PendingChange.State.WAITING).update(
                state=PendingChange.State.WITHDRAWN, decided_at=self.now
            )
        table.bulk_create(
            PendingChange(
                offer_id=change.id,
                old_prices=change.prices.held.old,
                new_prices=change.prices.held.new,
                jumps=list(change.prices.held.jumps),
                origin=self.picture.origin,
                source=change.fact.source,
                sourced_on=change.fact.sourced_on,
                found_at=self.now,
            )
            for change in offers
            if change.prices.held
        )

    def _write_parameters(self, offers: Sequence[OfferDiff]) -> None:
        moved = [(c, c.parameters) for c in offers if c.parameters]
        removes = [pk for _, p in moved for pk in p.removes]
        if removes:
            OfferParameter.objects.using(DATABASE).filter(pk__in=removes).delete()
        OfferParameter.objects.using(DATABASE).bulk_create(
            (
                OfferParameter(
                    id=pk,
                    offer_id=change.id,
                    name=fact.name,
                    is_supported=fact.is_supported,
                    default=fact.default,
                    choices=list(fact.choices) if fact.choices else None,
                    origin=self.picture.origin,
                    source=change.fact.source,
                    sourced_on=change.fact.sourced_on,
                )
                for change, p in moved
                for pk, fact in p.puts
            ),
            batch_size=5000,
            update_conflicts=True,
            unique_fields=["offer", "name"],
            update_fields=[
                *("is_supported", "default", "choices"),
                *("origin", "source", "sourced_on"),
            ],
        )

    def _write_health(self, offers: Sequence[OfferDiff]) -> None:
        OfferHealth.objects.using(DATABASE).bulk_create(
            (
                OfferHealth(
                    offer_id=change.id,
                    origin=self.picture.origin,
                    measured_at=self.now,
                    **{name: getattr(change.health, name) for name in HEALTH_FIELDS},
                )
                for change in offers
                if change.health
            ),
            update_conflicts=True,
            unique_fields=["offer"],
            update_fields=[*HEALTH_FIELDS, "origin", "measured_at"],
        )


def _by_source(adopts: Mapping[UUID, OfferDiff]) -> dict[str, list[UUID]]:
    found: dict[str, list[UUID]] = defaultdict(list)
    for pk, change in adopts.items():
        found[change.fact.source].append(pk)
    return found

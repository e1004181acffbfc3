"""Dated prices of offers, out of the catalog, with who said them and when."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from apps.catalog.models import Price as StoredPrice
from apps.kit.money import STANDARD, PriceCard, PriceRow
from apps.savings.booking import UNPRICED, Price


@dataclass(frozen=True, slots=True)
class Sourced:
    """An offer's prices, with who said each and when."""

    provider: str = ""
    price: Price = UNPRICED
    sources: Mapping[PriceRow, tuple[str, date]] = field(default_factory=dict)

    def shown(self, at: datetime) -> dict[str, Any]:
        """The prices of a moment as the ledger keeps them: numbers as exact text."""
        card = self.price.card(at)
        source, sourced_on = self._source(at)
        return {
            **_numbers(card),
            "provider": self.provider,
            "source": source,
            "sourced_on": sourced_on.isoformat() if sourced_on else None,
        }

    def _source(self, at: datetime) -> tuple[str, date | None]:
        rows = [row for row in self.sources if row.component == "input"]
        in_force = [row for row in rows if row.applies(at, 0)]
        best = max(in_force, key=PriceRow.rank, default=None)
        return self.sources[best] if best else ("", None)


NOT_SOURCED = Sourced()


def prices_of(offer_ids: Iterable[UUID | None]) -> dict[UUID, Sourced]:
    """The list prices of these offers, of all times."""
    wanted = {offer_id for offer_id in offer_ids if offer_id}
    rows: dict[UUID, dict[PriceRow, tuple[str, date]]] = defaultdict(dict)
    providers: dict[UUID, str] = {}
    stored = StoredPrice.objects.filter(
        offer_id__in=wanted, service_tier=STANDARD, is_discount=False
    )
    for one in stored.select_related("offer__provider").order_by("valid_from", "id"):
        rows[one.offer_id][PriceRow.of(one)] = (one.source, one.sourced_on)
        providers[one.offer_id] = one.offer.provider.slug
    return {
        offer_id: Sourced(providers[offer_id], Price(tuple(found)), found)
        for offer_id, found in rows.items()
    }


def _numbers(card: PriceCard) -> dict[str, str | None]:
    named = {
        "input": card.input,
        "cached": card.cache_read,
        "output": card.output,
        "request": card.request,
    }
    return {name: None if usd is None else str(usd) for name, usd in named.items()}

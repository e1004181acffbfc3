"""Prices of the catalog as the advisor compares them: plain list prices, by size.

Only what holds at any hour counts: a price of the night would make a use case that
runs by day look cheap. A discount that runs now is kept beside, and never in place of,
the list price.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, Max, Q

from apps.catalog.models import Price
from apps.kit.money import PriceRow, price_card
from apps.opportunities.engine.candidates import Prices

_FIELDS: Final = tuple(field.name for field in fields(PriceRow))
_WANTED: Final = ("input", "output", "cache_read", "request")


@dataclass(frozen=True, slots=True)
class Card:
    """The prices of one offer, and where the list price is from."""

    prices: tuple[Prices, ...]
    discounted: tuple[Prices, ...]
    source: str
    sourced_on: date
    origin: str
    # The next moment at which one of its rows begins or ends.
    changes_at: datetime | None


def price_marks() -> dict[UUID, object]:
    """Of every offer a value that changes whenever a price of it comes or goes."""
    rows = Price.objects.order_by().values_list("offer_id")
    marks = rows.annotate(Count("id"), Max("valid_from"), Max("valid_until"))
    return {offer_id: mark for offer_id, *mark in marks}


def cards(now: datetime, of: Iterable[UUID] | None = None) -> dict[UUID, Card]:
    """Every offer with a price in force, or those asked for."""
    rows: dict[UUID, list[tuple[PriceRow, str, date, str]]] = defaultdict(list)
    wanted = {} if of is None else {"offer_id__in": list(of)}
    for offer_id, source, on, origin, *values in _current(now, **wanted):
        rows[offer_id].append((PriceRow(*values), source, on, origin))
    return {offer_id: _card(found, now) for offer_id, found in rows.items()}


def _current(now: datetime, **wanted: Any) -> Iterable[tuple[Any, ...]]:
    return (
        Price.objects.filter(
            Q(valid_until=None) | Q(valid_until__gt=now),
            service_tier=Price.ServiceTier.STANDARD,
            component__in=_WANTED,
            utc_from=None,
            utc_until=None,
            utc_weekdays="",
            **wanted,
        )
        .order_by("offer_id", "component")
        .values_list("offer_id", "source", "sourced_on", "origin", *_FIELDS)
    )


def _card(found: list[tuple[PriceRow, str, date, str]], now: datetime) -> Card:
    rows = [row for row, *_ in found]
    _, source, on, origin = max(found, key=lambda one: one[2])
    has_discount = any(row.is_discount and row.applies(now, 10**9) for row in rows)
    moments = (m for row in rows for m in (row.valid_from, row.valid_until))
    return Card(
        _by_size(rows, now),
        _by_size(rows, now, with_discounts=True) if has_discount else (),
        source,
        on,
        origin,
        min((m for m in moments if m is not None and m > now), default=None),
    )


def _by_size(
    rows: list[PriceRow], now: datetime, *, with_discounts: bool = False
) -> tuple[Prices, ...]:
    sizes = sorted({0, *(row.above_prompt_tokens for row in rows)})
    own_cache = any(row.component == "cache_read" for row in rows)
    found = []
    for above in sizes:
        card = price_card(
            rows, now, prompt_tokens=above + 1, with_discounts=with_discounts
        )
        found.append(
            Prices(
                input=card.input,
                output=card.output,
                cached=card.cache_read if own_cache else None,
                request=card.request or Decimal(0),
                above=above,
            )
        )
    return tuple(found)

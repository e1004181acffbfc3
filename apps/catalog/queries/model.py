"""The page of one model: offers with their prices, results, parameters, changes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import Prefetch

from apps.catalog.models import AIModel, ModelChange, Offer, Price
from apps.catalog.runs import Mix, cost_of_runs
from apps.kit.money import PriceRow, price_card

MOST_CHANGES: Final = 20
# What is valid from then on was in force at the first look; since when, nobody says.
BEFORE_ALL: Final = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class OfferOnPage:
    """One offer with the prices in force, and those that need a condition."""

    offer: Offer
    input_usd: Decimal | None
    cache_read_usd: Decimal | None
    output_usd: Decimal | None
    priced_by: Price | None  # where the list price comes from
    conditional: Sequence[Price]
    former: Sequence[Price]
    runs_usd: Decimal | None  # 1,000 calls of the reader's mix


def offers_of(model: AIModel, *, mix: Mix, at: datetime) -> list[OfferOnPage]:
    """The model's offers, the cheapest input first, the unpriced and the gone last."""
    prices = Price.objects.order_by(
        "component", "service_tier", "above_prompt_tokens", "utc_from", "-valid_from"
    )
    offers = Offer.objects.filter(ai_model=model).select_related(
        "provider", "served_by"
    )
    shown = [
        offer_on_page(offer, mix, at)
        for offer in offers.prefetch_related(
            Prefetch("prices", queryset=prices), "parameters"
        )
    ]
    return sorted(
        shown,
        key=lambda row: (
            not row.offer.is_available,
            row.input_usd is None,
            row.input_usd or 0,
            row.offer.provider.name,
            row.offer.region,
        ),
    )


def offer_on_page(offer: Offer, mix: Mix, at: datetime) -> OfferOnPage:
    """Sort an offer's prices into what is in force, conditional and former."""
    prices = list(offer.prices.all())
    current = [p for p in prices if p.valid_until is None or p.valid_until > at]
    plain = [price for price in current if _is_plain(price)]
    card = price_card(map(PriceRow.of, plain), at)
    own = {price.component: price.usd for price in plain}
    return OfferOnPage(
        offer=offer,
        input_usd=card.input,
        # A fallback is how a bill is estimated, not what the provider states.
        cache_read_usd=own.get(Price.Component.CACHE_READ),
        output_usd=card.output,
        priced_by=plain[0] if plain else None,
        conditional=[p for p in current if not _is_plain(p) or _is_extra(p)],
        former=[p for p in prices if p not in current],
        runs_usd=None if offer.is_price_variable else cost_of_runs(current, mix, at),
    )


def _is_plain(price: Price) -> bool:
    return (
        price.service_tier == Price.ServiceTier.STANDARD
        and not price.above_prompt_tokens
        and price.utc_from is None
        and not price.utc_weekdays
        and not price.is_discount
    )


def _is_extra(price: Price) -> bool:
    shown = {
        Price.Component.INPUT,
        Price.Component.OUTPUT,
        Price.Component.CACHE_READ,
    }
    return price.component not in shown


def changes_of(model: AIModel) -> list[ModelChange]:
    """What changed lately, the newest first."""
    changes = ModelChange.objects.filter(ai_model=model, is_first_look=False)
    return list(
        changes.select_related("offer__provider", "provider").order_by("-at", "-id")[
            :MOST_CHANGES
        ]
    )


@dataclass(frozen=True, slots=True)
class Parameter:
    """One request parameter, and which of the offers take it."""

    name: str
    taken_by: int
    refused_by: int
    unknown_at: int


def parameters_of(offers: Sequence[OfferOnPage]) -> list[Parameter]:
    """Every parameter that any available offer names; "not listed" is not "no"."""
    available = [row.offer for row in offers if row.offer.is_available]
    known = {
        offer.pk: {p.name: p.is_supported for p in offer.parameters.all()}
        for offer in available
    }
    names = sorted({name for own in known.values() for name in own})
    return [_parameter(name, available, known) for name in names]


def _parameter(
    name: str, offers: Sequence[Offer], known: dict[UUID, dict[str, bool]]
) -> Parameter:
    answers = [
        # Who lists all parameters does not take those that are missing.
        known[offer.pk].get(name, False if offer.has_parameter_list else None)
        for offer in offers
    ]
    return Parameter(
        name, answers.count(True), answers.count(False), answers.count(None)
    )


@dataclass(frozen=True, slots=True)
class PricePoint:
    """A list price of one offer from a day on; the chart and its table show these."""

    since: datetime
    until: datetime | None
    input_usd: Decimal | None
    output_usd: Decimal | None
    # The price is older than our first look, on `since`; from when, nobody says.
    is_older: bool


def history_of(row: OfferOnPage) -> list[PricePoint]:
    """The plain list prices of an offer over time, the oldest first."""
    prices = [p for p in row.offer.prices.all() if _is_plain(p)]
    moments = sorted({p.valid_from for p in prices})
    ends = [*moments[1:], None]
    return [
        PricePoint(
            max(since, _first_look(prices)) if since <= BEFORE_ALL else since,
            until,
            _at(prices, Price.Component.INPUT, since),
            _at(prices, Price.Component.OUTPUT, since),
            since <= BEFORE_ALL,
        )
        for since, until in zip(moments, ends, strict=True)
    ]


def _first_look(prices: Sequence[Price]) -> datetime:
    """When the oldest price was first read; no later than the first known change."""
    first = min(p.sourced_on for p in prices if p.valid_from <= BEFORE_ALL)
    look = datetime(first.year, first.month, first.day, tzinfo=UTC)
    later = [p.valid_from for p in prices if p.valid_from > BEFORE_ALL]
    return min([look, *later])


def _at(prices: Iterable[Price], component: str, at: datetime) -> Decimal | None:
    for price in prices:
        is_open = price.valid_until is None or at < price.valid_until
        if price.component == component and price.valid_from <= at and is_open:
            return price.usd
    return None

"""What a use case costs a month on its model of today, and by which price.

The price is a concrete offer's, standard tier and undiscounted: where its owner says
who serves it, that one's; else the maker's own; else the cheapest of those who sell it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final, Literal
from uuid import UUID

from django.db.models import Prefetch, Q

from apps.catalog.folding import vendor_of
from apps.catalog.models import Offer, Price
from apps.kit.clock import utc_now
from apps.kit.money import STANDARD, PriceCard, PriceRow, cost, price_card
from apps.portfolio.models import UseCase
from apps.portfolio.volume import Volume
from apps.providers.wire import Usage

# What makes an offer another product than the plain one: never a price to plan with.
_PLAIN: Final = Q(variant="", service_tier=STANDARD, is_price_variable=False)


@dataclass(frozen=True, slots=True)
class CurrentPrice:
    """The price a use case's cost is worked out by, per 1,000,000 tokens."""

    provider: str
    provider_name: str
    card: PriceCard
    # What the provider itself states; the card's may be the price of fresh input.
    cache_read_usd: Decimal | None
    checked_on: date
    source: str
    rows: tuple[PriceRow, ...]
    # Why this offer: its owner says who serves it, it is the maker's own, or it is the
    # cheapest of those who sell it.
    chosen: Literal["said", "maker", "cheapest"] = "said"


@dataclass(frozen=True, slots=True)
class MonthlyCost:
    """Both are None where they are not known: no volume, or no price."""

    usd: Decimal | None
    price: CurrentPrice | None


def monthly_costs(
    use_cases: Sequence[UseCase],
    volumes: Mapping[UUID, Volume],
    *,
    now: datetime | None = None,
) -> dict[UUID, MonthlyCost]:
    """The cost of each use case, by its id; two statements however many there are."""
    now = now or utc_now()
    offers = _offers({one.current_model_id for one in use_cases}, now)
    found = {}
    for one in use_cases:
        price = _price_of(one, offers.get(one.current_model_id, []), now)
        usd = monthly_cost(volumes[one.id], price.rows, now) if price else None
        found[one.id] = MonthlyCost(usd, price)
    return found


def monthly_cost(
    volume: Volume, rows: Iterable[PriceRow], at: datetime
) -> Decimal | None:
    """A month of a use case at these prices; None where anything of it is unknown."""
    calls = volume.calls_month
    each = usage_of(volume)
    if calls is None or each is None:
        return None
    one = cost(each, rows, at)
    return None if one is None else one * calls


def usage_of(volume: Volume) -> Usage | None:
    """One average call in whole tokens, its cached part apart."""
    if volume.input_tokens is None or volume.output_tokens is None:
        return None
    prompt = _whole(volume.input_tokens)
    cached = _whole(volume.input_tokens * (volume.cached_share or Decimal(0)))
    cached = min(cached, prompt)
    output = _whole(volume.output_tokens)
    return Usage(fresh=prompt - cached, cache_read=cached, output=output)


def _whole(number: Decimal) -> int:
    return int(number.to_integral_value(ROUND_HALF_EVEN))


def _offers(model_ids: set[UUID], now: datetime) -> dict[UUID, list[Offer]]:
    in_force = Q(valid_from__lte=now) & (Q(valid_until=None) | Q(valid_until__gt=now))
    offers = (
        Offer.objects.filter(
            _PLAIN,
            ai_model__in=model_ids,
            is_available=True,
            is_headline=False,
            is_stand_in=False,
        )
        .select_related("provider", "ai_model")
        .prefetch_related(Prefetch("prices", queryset=Price.objects.filter(in_force)))
        .order_by("provider__slug", "region", "endpoint_tag", "id")
    )
    by_model: dict[UUID, list[Offer]] = defaultdict(list)
    for offer in offers:
        by_model[offer.ai_model_id].append(offer)
    return by_model


def _price_of(
    use_case: UseCase, offers: Iterable[Offer], now: datetime
) -> CurrentPrice | None:
    priced = [found for offer in offers if (found := _priced(offer, now))]
    said = use_case.current_provider_id
    if said is not None:
        own = [price for offer, price in priced if offer.provider_id == said]
        return _cheapest(own)
    makers = [price for offer, price in priced if _is_makers_own(offer)]
    if best := _cheapest(makers):
        return replace(best, chosen="maker")
    best = _cheapest([price for _, price in priced])
    return replace(best, chosen="cheapest") if best else None


def _cheapest(prices: Iterable[CurrentPrice]) -> CurrentPrice | None:
    return min(prices, key=lambda price: _dearness(price.card), default=None)


def _priced(offer: Offer, now: datetime) -> tuple[Offer, CurrentPrice] | None:
    prices = list(offer.prices.all())
    rows = tuple(PriceRow.of(price) for price in prices)
    card = price_card(rows, now)
    if card.input is None or card.output is None:
        return None
    newest = max(prices, key=lambda price: price.sourced_on)
    price = CurrentPrice(
        provider=offer.provider.slug,
        provider_name=offer.provider.name,
        card=card,
        cache_read_usd=next((p.usd for p in rows if p.component == "cache_read"), None),
        checked_on=newest.sourced_on,
        source=newest.source,
        rows=rows,
    )
    return offer, price


def _is_makers_own(offer: Offer) -> bool:
    model = offer.ai_model
    makers = {model.author, model.vendor, vendor_of(model.author)}
    return not offer.provider.is_broker and offer.provider.slug in makers


def _dearness(card: PriceCard) -> Decimal:
    # Three tokens in for one out, as it is usually; only the order counts.
    return 3 * (card.input or Decimal(0)) + (card.output or Decimal(0))

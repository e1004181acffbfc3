"""The one money module: prices in, dollars out, unknown stays unknown.

Amounts are `Decimal` US dollars and prices are US dollars per 1,000,000 tokens
(per single unit for `request`, `search` and `picture`). `cost` is the reference;
`CompiledPrice` is the same arithmetic in whole nano-dollars for the hot path, never
more than half a nano away.

A component without a price of its own is charged as follows, before its price counts
as unknown: cache reads as input, 1-hour cache writes as 5-minute ones, 5-minute cache
writes as input, reasoning as output; sound and pictures as the text beside them. A
request fee that no source names is zero; a search or a picture without one is unknown.
"""

from apps.kit.money.compiled import CompiledPrice, compile_price
from apps.kit.money.prices import (
    STANDARD,
    PriceCard,
    PriceLike,
    PriceRow,
    Saving,
    UsageLike,
    cost,
    cost_on,
    monthly,
    price_card,
    saving,
)
from apps.kit.money.shown import UNKNOWN, format_price, format_usd
from apps.kit.money.units import (
    before_discount,
    from_nano,
    from_per_million,
    from_per_thousand,
    from_per_token,
    to_nano,
)

__all__ = [
    "STANDARD",
    "UNKNOWN",
    "CompiledPrice",
    "PriceCard",
    "PriceLike",
    "PriceRow",
    "Saving",
    "UsageLike",
    "before_discount",
    "compile_price",
    "cost",
    "cost_on",
    "format_price",
    "format_usd",
    "from_nano",
    "from_per_million",
    "from_per_thousand",
    "from_per_token",
    "monthly",
    "price_card",
    "saving",
    "to_nano",
]

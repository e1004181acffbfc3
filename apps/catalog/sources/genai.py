"""Read OpenRouter's offers out of the `genai-prices` package (MIT).

That package lists what OpenRouter asks for each model. Only base ids are taken (no
`:free` or `:batch`), as a start until the live prices are there.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from apps.catalog.folding import read_name
from apps.catalog.seed_format import SeedPrice
from apps.catalog.sources.listing import Listing
from apps.kit.money import from_per_million

_COMPONENTS: Final = {
    "input_mtok": "input",
    "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write_5m",
    "output_mtok": "output",
}


def read_openrouter(
    models: Iterable[Any], *, version: str, at: datetime
) -> Iterator[Listing]:
    """Every chat model of the package's provider `openrouter` with a price."""
    for model in models:
        name = read_name(model.id)
        prices = tuple(_prices(model.prices, at))
        charged = {price.component for price in prices if price.usd}
        if name and ":" not in model.id and {"input", "output"} <= charged:
            yield Listing(
                name=name,
                provider="openrouter",
                upstream_id=model.id,
                kind="chat",
                source=f"https://openrouter.ai/{model.id} via genai-prices {version}",
                context_tokens=model.context_window,
                prices=prices,
            )


def _prices(prices: Any, at: datetime) -> Iterator[SeedPrice]:
    if isinstance(prices, list):
        # The last one whose condition holds is charged.
        held = [p for p in prices if not p.constraint or p.constraint.active(at)]
        if not held:
            return
        prices = held[-1].prices
    for field, component in _COMPONENTS.items():
        price = getattr(prices, field, None)
        if price is None:
            continue
        is_tiered = not isinstance(price, Decimal)
        yield from _row(component, price.base if is_tiered else price)
        for tier in price.tiers if is_tiered else ():
            yield from _row(component, tier.price, above=tier.start)


def _row(component: str, price: Decimal, *, above: int = 0) -> Iterator[SeedPrice]:
    usd = from_per_million(price)
    if usd is not None:
        yield SeedPrice(component, usd, above_prompt_tokens=above)

"""What a thousand calls cost at one offer, for a mix of tokens of the reader's."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from apps.catalog.models import Price
from apps.kit.money import PriceRow, cost
from apps.providers.wire import Usage

RUNS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Mix:
    """The tokens of one call; `cached` is the share of the prompt read from a cache."""

    input_tokens: int = 1_500
    output_tokens: int = 500
    cached: Decimal = Decimal(0)  # 0 to 1

    def usage(self) -> Usage:
        """Disjoint buckets: what is read from the cache is not fresh."""
        read = int(self.input_tokens * self.cached)
        return Usage(
            fresh=self.input_tokens - read, cache_read=read, output=self.output_tokens
        )


def cost_of_runs(prices: Iterable[Price], mix: Mix, at: datetime) -> Decimal | None:
    """USD for 1,000 such calls at the list price in force; None when it is unknown.

    Where the provider states no price for cached tokens, they cost what fresh ones do.
    """
    one = cost(mix.usage(), map(PriceRow.of, prices), at)
    return None if one is None else one * RUNS

"""Compare what a request cost with what the premium baseline would have cost."""

from dataclasses import dataclass

from apps.kit.money import CompiledPrice
from apps.providers.wire import Usage


@dataclass(frozen=True, slots=True)
class Bill:
    """Nano-dollars of one request; None where no price is known."""

    cost_nano: int | None
    baseline_nano: int | None

    @property
    def savings_nano(self) -> int | None:
        """`baseline − cost`, negative when the request cost more."""
        if self.cost_nano is None or self.baseline_nano is None:
            return None
        return self.baseline_nano - self.cost_nano


def price_usage(price: CompiledPrice | None, usage: Usage) -> int | None:
    """Nano-dollars for all that `usage` counts, or None without a price."""
    return None if price is None else price.cost_of(usage)


def bill(
    usage: Usage,
    *,
    price: CompiledPrice | None,
    baseline: CompiledPrice | None,
) -> Bill:
    """The bill of an answered request.

    The baseline is priced at the same tokens and the same cache share. Another
    model would have written another number of tokens, so it is an estimate.
    """
    return Bill(price_usage(price, usage), price_usage(baseline, usage))

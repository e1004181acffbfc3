"""Sources' units into ours, and ours into whole nano-dollars, each once."""

import decimal
from decimal import Decimal
from typing import Final

MILLION: Final = 1_000_000
# Exact for every product of a price (18 digits) and a token count met in practice.
EXACT: Final = decimal.Context(prec=60, rounding=decimal.ROUND_HALF_EVEN)
# What a price column can hold; anything above is a broken source, not a price.
MOST_USD: Final = Decimal(1_000_000_000)
_STEP: Final = Decimal("1e-9")


def to_nano(usd: Decimal) -> int:
    """Whole nano-dollars, rounded half to even."""
    return int(usd.scaleb(9, EXACT).to_integral_value(decimal.ROUND_HALF_EVEN))


def from_nano(nano: int) -> Decimal:
    return Decimal(nano).scaleb(-9, EXACT)


def from_per_token(value: str | float | Decimal | None) -> Decimal | None:
    """Turn a source's price per token into one per million; negative is unknown.

    OpenRouter writes "-1" where the price varies by request. Floats are read by
    their shortest text, and rounded to nine places, which mends `1.4999999e-06`.
    """
    return _priced(value, MILLION)


def from_per_thousand(value: str | float | Decimal | None) -> Decimal | None:
    """Turn a source's price per 1,000 tokens into one per million."""
    return _priced(value, 1000)


def from_per_million(value: str | float | Decimal | None) -> Decimal | None:
    """Read a source's price per million tokens, or per unit."""
    return _priced(value, 1)


def before_discount(usd: Decimal, discount: Decimal) -> Decimal:
    """Restore a list price from what is left of it; `discount` is a share of 1."""
    return EXACT.quantize(EXACT.divide(usd, 1 - discount), _STEP)


def _priced(value: str | float | Decimal | None, factor: int) -> Decimal | None:
    if value is None:
        return None
    try:
        number = Decimal(str(value).strip())
    except decimal.InvalidOperation as problem:
        raise ValueError(f"{value!r} is not a price") from problem
    if not number.is_finite():
        raise ValueError(f"{value!r} is not a price")
    if number < 0:
        return None
    usd = EXACT.multiply(number, Decimal(factor))
    if usd >= MOST_USD:
        raise ValueError(f"{value!r} is too large for a price")
    return EXACT.quantize(usd, _STEP)

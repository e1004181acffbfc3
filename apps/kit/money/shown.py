"""Money and prices as pages show them."""

from decimal import Decimal
from typing import Final

UNKNOWN: Final = "not assessed"


def format_usd(usd: Decimal | None) -> str:
    """Two decimals from $1 up, at most three significant digits below."""
    if usd is None:
        return UNKNOWN
    places = 2 if abs(usd) >= 1 or not usd else max(2, 2 - usd.adjusted())
    rounded = round(usd, places)
    return _dollars(rounded)


def format_price(usd: Decimal | None) -> str:
    """A price per million tokens, never rounded: `$2.50 / M`, `$0.0375 / M`."""
    return UNKNOWN if usd is None else f"{_dollars(usd)} / M"


def _dollars(usd: Decimal) -> str:
    sign = "-" if usd < 0 else ""
    whole, _, digits = f"{abs(usd):,f}".partition(".")
    return f"{sign}${whole}.{digits.rstrip('0').ljust(2, '0')}"

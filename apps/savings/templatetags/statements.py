"""Money as mails and plain text write it, to the cent: no markup, no invented zero."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from django import template

register = template.Library()

CENT: Final = Decimal("0.01")


@register.filter
def usd(amount: object) -> str:
    """US dollars with two decimals; what is no amount is not assessed."""
    if not isinstance(amount, Decimal):
        return "not assessed"
    rounded = amount.quantize(CENT, ROUND_HALF_UP)
    sign = "−" if rounded < 0 else ""
    return f"{sign}${abs(rounded):,}"


@register.filter
def signed_usd(amount: object) -> str:
    """The same with its sign: a loss is shown as one."""
    shown = usd(amount)
    is_gain = isinstance(amount, Decimal) and amount.quantize(CENT, ROUND_HALF_UP) > 0
    return f"+{shown}" if is_gain else shown


@register.filter
def counted(number: int) -> str:
    return f"{number:,}"

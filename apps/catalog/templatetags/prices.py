"""Money as pages show it."""

from decimal import Decimal
from urllib.parse import urlsplit

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.catalog.models import Price
from apps.kit.money import UNKNOWN, format_price, format_usd

register = template.Library()


@register.filter
def price(usd: Decimal | None) -> SafeString:
    """A price per million tokens, or that it is not known."""
    return _money(usd, format_price(usd))


@register.filter
def usd(amount: Decimal | None) -> SafeString:
    return _money(amount, format_usd(amount))


def _money(amount: Decimal | None, text: str) -> SafeString:
    if amount is None:
        return format_html('<span class="not-assessed">{}</span>', UNKNOWN)
    return format_html('<span class="money">{}</span>', text)


@register.filter
def unit_price(row: Price) -> SafeString:
    """A stored price with its own unit: a million tokens, or one call."""
    if row.component in {Price.Component.REQUEST, Price.Component.SEARCH}:
        return _money(row.usd, f"{format_usd(row.usd)} each")
    return price(row.usd)


@register.filter
def condition(row: Price) -> str:
    """When a price applies, in words."""
    words = []
    if row.service_tier != Price.ServiceTier.STANDARD:
        words.append(f"{row.get_service_tier_display().lower()} tier")
    if row.above_prompt_tokens:
        words.append(f"prompts above {row.above_prompt_tokens:,} tokens")
    if row.utc_weekdays:
        days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
        words.append(" ".join(days[int(day)] for day in row.utc_weekdays))
    if row.utc_from and row.utc_until:
        words.append(f"{row.utc_from:%H:%M}–{row.utc_until:%H:%M} UTC")
    if row.is_discount:
        words.append("temporary discount")
    return ", ".join(words) or "always"


@register.filter
def source(text: str) -> SafeString:
    """Where a fact comes from; an address at its start becomes a link."""
    address, _, rest = text.partition(" ")
    if not address.startswith("https://"):
        return format_html("{}", text)
    host = urlsplit(address).hostname or address
    return format_html(
        '<a href="{}" rel="noopener nofollow">{}</a>{}',
        address.rstrip(","),
        host.removeprefix("www.").rstrip(","),
        f" {rest}" if rest else "",
    )

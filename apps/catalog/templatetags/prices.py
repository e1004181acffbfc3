"""Money as pages show it."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlsplit

from django import template
from django.conf import settings
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.catalog.models import Price
from apps.catalog.queries.model import OfferOnPage
from apps.kit.money import UNKNOWN, format_price, format_usd

register = template.Library()
# Priced by the piece; everything else per million tokens.
EACH: Final = {Price.Component.REQUEST, Price.Component.SEARCH, Price.Component.PICTURE}


@register.simple_tag
def absolute(name: str, *args: str) -> str:
    """The whole address of a page, for canonical links and feeds."""
    return settings.SITE_URL + reverse(name, args=args)


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
    if row.component in EACH:
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


@register.filter
def fact(value: Any, kind: str) -> SafeString:
    """One cell of a comparison by its kind; what is unknown says so."""
    if value is None or value == "":
        return format_html('<span class="not-assessed">{}</span>', UNKNOWN)
    return _FACTS[kind](value)


def _offer(row: OfferOnPage) -> SafeString:
    behind = f" by {row.offer.served_by.name}" if row.offer.served_by else ""
    return format_html("{}{}", row.offer.provider.name, behind)


_FACTS: Final[dict[str, Callable[[Any], SafeString]]] = {
    "usd": usd,
    "price": price,
    "offer": _offer,
    "number": lambda value: format_html("{}", f"{value:,}"),
    "words": lambda values: format_html("{}", ", ".join(values) or "none"),
    "text": lambda value: format_html("{}", value),
    "yesno": lambda value: format_html("{}", "yes" if value else "no"),
    "date": lambda day: format_html("{}", f"{day.day} {day:%b %Y}"),
    "score": lambda share: format_html("{}", f"{share:.2f}"),
}


@register.filter
def humanized(name: str) -> str:
    """A field's name in words."""
    return name.replace("_", " ").capitalize()

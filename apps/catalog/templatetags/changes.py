"""Changes of the catalog in words."""

from decimal import Decimal, InvalidOperation
from typing import Final

from django import template

from apps.catalog.models import ModelChange, Price
from apps.kit.money import UNKNOWN, format_price, format_usd

register = template.Library()

_EACH: Final = {"request", "search", "picture"}
_PRICES: Final = {"price", "price_added", "price_removed", "discount"}


@register.filter
def subject_of(change: ModelChange) -> str:
    """The model, the offer by its provider, or the provider."""
    name = change.ai_model.slug if change.ai_model else ""
    seller = change.offer.provider if change.offer else change.provider
    if name and change.offer and seller:
        return f"{name} at {seller.name}"
    return name or (seller.name if seller else "")


@register.filter
def headline_of(change: ModelChange) -> str:
    """One line for a feed: who, what, from, to."""
    return f"{subject_of(change)}: {said(change)}"


@register.filter
def said(change: ModelChange) -> str:
    """What changed, with both values where there are two."""
    label = change.get_what_display()
    if change.what in _PRICES:
        where = f" ({change.condition})" if change.condition else ""
        name = _component(change.field)
        share = percent(change.change_share)
        moved = f"{_money(change, change.old)} → {_money(change, change.new)}"
        return f"{label}: {name}{where} {moved}{f' ({share})' if share else ''}"
    if not change.field:
        return f"{label}."
    name = change.field.replace("_", " ")
    return f"{label}: {name} {_plain(change.old)} → {_plain(change.new)}"


@register.filter
def percent(share: float | None) -> str:
    """A signed share, such as +12.5 %; empty where there is none."""
    return "" if share is None else f"{share * 100:+.3g} %".replace("-", "−")


def _component(field: str) -> str:
    return str(
        dict(Price.Component.choices).get(field, field.replace("_", " "))
    ).lower()


def _money(change: ModelChange, value: object) -> str:
    try:
        usd = None if value is None else Decimal(str(value))
    except InvalidOperation:
        return _plain(value)
    if usd is None:
        return UNKNOWN
    return f"{format_usd(usd)} each" if change.field in _EACH else format_price(usd)


def _plain(value: object) -> str:
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value)

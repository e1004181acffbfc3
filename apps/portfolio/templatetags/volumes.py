"""How much a use case is used, as pages show it, with where that comes from."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.kit.money import UNKNOWN, format_price
from apps.portfolio.costs import MonthlyCost
from apps.portfolio.models import VolumeOrigin
from apps.portfolio.volume import Volume

register = template.Library()

_SAID = {
    VolumeOrigin.PERSON: "typed by your organization",
    VolumeOrigin.TEMPLATE: "assumed by a template",
    VolumeOrigin.IMPORT: "read from a usage export",
    VolumeOrigin.TRAFFIC: "read from the router’s traffic",  # noqa: RUF001
    VolumeOrigin.DEMO: "made up for the demo",
}


@register.filter
def calls(volume: Volume) -> SafeString:
    """Calls a month: solid when measured, dashed when not."""
    return _figure(volume.calls_month, volume)


@register.filter
def tokens(number: Decimal | None, volume: Volume) -> SafeString:
    """Tokens a call: solid when measured, dashed when not."""
    return _figure(number, volume)


@register.filter
def whole(number: Decimal | None) -> str | SafeString:
    """A count in groups of three, without its fraction."""
    if number is None:
        return format_html('<span class="not-assessed">{}</span>', UNKNOWN)
    return f"{number.to_integral_value(ROUND_HALF_EVEN):,}"


@register.inclusion_tag("components/provenance.html")
def volume_provenance(volume: Volume) -> dict[str, Any]:
    """The mark beside a volume: measured from what, or who said it."""
    if volume.is_measured:
        since, until = volume.since, volume.until
        return {
            "kind": "measured",
            "source": f"from {volume.requests:,} requests, "
            f"{since:%d %b} to {until:%d %b %Y}",
            "how": "Own calls through the alias that a provider answered, test keys "
            "left out, scaled to a month of 30.4 days. It stands in place of what was "
            "typed.",
        }
    if not volume.basis:
        return {"kind": "not assessed", "source": "nobody has said how much", "how": ""}
    origin = VolumeOrigin(volume.origin)
    kind = "assumed" if volume.is_assumed else "estimated"
    source = _SAID[origin]
    how = f"{volume.note}." if volume.note else ""
    if volume.is_assumed:
        how += " Calls a month are yours. Type your own averages to replace it."
    return {"kind": kind, "source": source, "how": how.strip()}


@register.inclusion_tag("components/provenance.html")
def cost_provenance(cost: MonthlyCost, volume: Volume) -> dict[str, Any]:
    """The mark beside a cost a month: whose price, read when."""
    price = cost.price
    if price is None:
        why = "no offer of this model at this provider has a known price"
        return {"kind": "not assessed", "source": why, "how": ""}
    return {
        "kind": "list price" if volume.is_measured else "estimated",
        "source": f"{price.provider_name}, checked {price.checked_on:%d %b %Y}",
        "how": f"{format_price(price.card.input)} in, "
        f"{format_price(price.card.output)} out, standard tier, undiscounted; "
        f"× {'measured' if volume.is_measured else 'typed'} volume.",
    }


def _figure(number: Decimal | None, volume: Volume) -> SafeString:
    if number is None:
        return format_html('<span class="not-assessed">{}</span>', UNKNOWN)
    text = whole(number)
    if volume.is_measured:
        return format_html("{}", text)
    return format_html('<span class="est">{}</span>', text)

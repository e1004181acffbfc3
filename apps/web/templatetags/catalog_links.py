"""Models, their prices and their quality, as the public pages show them."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.opportunities.engine.candidates import Candidate
from apps.web.calculator import Line, benchmarks_of
from apps.web.templatetags.figures import MINUS, NOT_ASSESSED

register = template.Library()


@register.simple_tag
def model_link(candidate: Candidate) -> SafeString:
    """A model's id, leading to its page; out of a frame it opens beside."""
    url = reverse("catalog:model", args=[candidate.model])
    return format_html('<a class="mono" href="{}">{}</a>', url, candidate.model)


@register.inclusion_tag("components/provenance.html")
def price_source(line: Line) -> dict[str, Any]:
    """Whose list price a figure rests on, and when it was checked."""
    one, prices = line.candidate, line.prices
    rates = f"${prices.input:f} in and ${prices.output:f} out per million tokens"
    return {
        "kind": "list price",
        "source": f"{one.provider_name or one.provider}, {rates}",
        "age": one.price_checked_at,
        "how": f"Read at {one.price_source}." if one.price_source else "",
    }


@register.filter
def points(value: float | None) -> SafeString | str:
    """A quality of 100 in the task's benchmarks."""
    return NOT_ASSESSED if value is None else f"{value:.0f}"


@register.filter
def signed_points(value: float) -> str:
    return f"{value:+.0f}".replace("-", MINUS) if round(value) else "±0"


@register.filter
def benchmarks(candidate: Candidate) -> str:
    """On how much a quality rests."""
    count = benchmarks_of(candidate)
    return f"{count} benchmark{'' if count == 1 else 's'}"


@register.filter
def fall(share: Decimal | None) -> SafeString | str:
    """How much less, as a percentage with its sign."""
    if share is None:
        return NOT_ASSESSED
    return f"{-share * 100:+.1f} %".replace("-", MINUS)


@register.filter
def day(moment: datetime) -> str:
    return f"{moment.day} {moment:%b %Y}"

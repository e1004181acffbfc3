"""Facts for search engines, and the drawing of a price over time."""

import json
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from apps.catalog.queries.model import PricePoint
from apps.kit.clock import utc_now
from apps.kit.money import format_price

register = template.Library()

# `</script>` and `<!--` inside a text must not end or open the block.
_ESCAPES: Final = {ord(">"): "\\u003E", ord("<"): "\\u003C", ord("&"): "\\u0026"}
WIDTH: Final = 600
HEIGHT: Final = 120


@register.filter
def ld_json(facts: dict[str, Any]) -> SafeString:
    """A data block of schema.org facts; it is no script and runs nothing."""
    text = json.dumps(facts, ensure_ascii=False).translate(_ESCAPES)
    block = f'<script type="application/ld+json">{text}</script>'
    return mark_safe(block)  # noqa: S308  # escaped above


@register.simple_tag
def price_steps(history: Sequence[PricePoint]) -> SafeString:
    """Input and output prices as steps from zero, from their first day until now."""
    prices = [p for point in history for p in (point.input_usd, point.output_usd)]
    top = max((price for price in prices if price is not None), default=Decimal(0))
    if not history or not top:
        return mark_safe("")
    since, now = history[0].since, utc_now()
    lines = [
        (name, _path([(p.since, getattr(p, field)) for p in history], since, now, top))
        for name, field in (("input", "input_usd"), ("output", "output_usd"))
    ]
    return format_html(
        '<figure class="steps-chart"><svg viewBox="0 0 {} {}" role="img"'
        ' preserveAspectRatio="none" aria-label="Price over time, table below">{}</svg>'
        '<figcaption class="small muted"><span class="key key-input">Input</span>'
        ' <span class="key key-output">Output</span> from $0 to {}, {} until today'
        "</figcaption></figure>",
        WIDTH,
        HEIGHT,
        format_html_join("", '<path class="line-{}" d="{}"></path>', lines),
        format_price(top),
        f"{since.day} {since:%b %Y}",
    )


def _path(
    points: Sequence[tuple[datetime, Decimal | None]],
    since: datetime,
    now: datetime,
    top: Decimal,
) -> str:
    whole = max((now - since).total_seconds(), 1)
    steps, is_drawing = [], False
    ends = [moment for moment, _ in points[1:]] + [now]
    for (moment, usd), end in zip(points, ends, strict=True):
        if usd is None:
            is_drawing = False
            continue
        y = HEIGHT - 4 - float(usd / top) * (HEIGHT - 8)
        x, until = (
            (at - since).total_seconds() / whole * WIDTH for at in (moment, end)
        )
        verb = "L" if is_drawing else "M"
        steps.append(f"{verb}{x:.1f},{y:.1f} L{max(until, x + 1):.1f},{y:.1f}")
        is_drawing = True
    return " ".join(steps)

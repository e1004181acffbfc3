"""Small drawings made on the server: they need no script and follow the theme."""

from collections.abc import Sequence
from decimal import Decimal

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def icon(name: str) -> SafeString:
    """One icon of the sprite; it says nothing that its neighbours do not."""
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>',
        static("img/icons.svg"),
        name,
    )


@register.simple_tag
def bar(
    value: Decimal | float | None, whole: Decimal | float = 1, *, kind: str = ""
) -> SafeString:
    """A horizontal bar from zero; its figure stands beside it in the page."""
    width = _share(value, whole) * 100
    return format_html(
        '<svg class="bar {}" viewBox="0 0 100 6" preserveAspectRatio="none"'
        ' aria-hidden="true"><rect width="{}" height="6"></rect></svg>',
        kind,
        f"{width:.1f}",
    )


@register.simple_tag
def span_bar(start: float, length: float, whole: float) -> SafeString:
    """When something happened within the whole, as a bar that may begin late."""
    return format_html(
        '<svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none"'
        ' aria-hidden="true"><rect x="{}" width="{}" height="6"></rect></svg>',
        f"{_share(start, whole) * 100:.1f}",
        f"{max(_share(length, whole) * 100, 1):.1f}",
    )


@register.simple_tag
def sparkline(values: Sequence[float], label: str) -> SafeString:
    """A line over equal steps, from zero to the highest value."""
    top = max(values, default=0) or 1
    step = 100 / max(len(values) - 1, 1)
    points = " ".join(
        f"{i * step:.1f},{30 - 28 * float(v) / float(top):.1f}"
        for i, v in enumerate(values)
    )
    return format_html(
        '<svg class="sparkline" viewBox="0 0 100 32" preserveAspectRatio="none"'
        ' role="img" aria-label="{}"><path d="M{}"></path></svg>',
        label,
        points,
    )


def _share(value: Decimal | float | None, whole: Decimal | float) -> float:
    if not value or not whole:
        return 0.0
    return min(1.0, max(0.0, float(value) / float(whole)))

"""Words and drawings of a check's results."""

from typing import Final

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.checks.models import Check, Result
from apps.checks.statistics import mcnemar as p_of

register = template.Library()

WIDTH: Final = 240
HEIGHT: Final = 28
_SVG: Final = (
    '<svg class="check-interval" viewBox="0 0 {w} {h}" role="img" aria-label="{label}">'
    '<line class="axis" x1="0" x2="{w}" y1="14" y2="14"></line>'
    '<line class="zero" x1="{zero}" x2="{zero}" y1="4" y2="24"></line>'
    '<line class="margin" x1="{edge}" x2="{edge}" y1="4" y2="24"></line>'
    '<line class="range" x1="{low}" x2="{high}" y1="14" y2="14"></line>'
    '<circle cx="{net}" cy="14" r="4"></circle></svg>'
)


@register.filter
def seat(check: Check, number: int) -> str:
    """The model in a seat."""
    return check.seats[number]


@register.filter
def mcnemar(result: Result) -> str:
    return f"{p_of(result.wins, result.losses):.3f}"


@register.filter
def verdict_words(result: Result, check: Check) -> str:
    """A verdict as a sentence; without one, why there is none."""
    own, base = check.seats[result.seat], check.seats[0]
    points = f"{result.margin * 100:.0f} points"
    if result.verdict == Result.Verdict.BETTER:
        return f"{own} is better than {base}."
    if result.verdict == Result.Verdict.NOT_WORSE:
        return f"{own} is not worse than {base} by more than {points}."
    if result.verdict == Result.Verdict.WORSE:
        return f"{own} is worse than {base} by more than {points}."
    lost = " It lost more often than it won; that much is certain."
    return (result.why or "No verdict.") + (lost if result.high < 0 else "")


@register.simple_tag
def interval(result: Result) -> SafeString:
    """The net share on a line from −100 to 100 %, with the margin marked."""
    label = (
        f"Net {result.net:+.0%}, between {result.low:+.0%} and {result.high:+.0%}; "
        f"margin -{result.margin:.0%}"
    )
    return format_html(
        _SVG,
        w=WIDTH,
        h=HEIGHT,
        label=label,
        zero=_x(0),
        edge=_x(-result.margin),
        low=_x(result.low),
        high=_x(result.high),
        net=_x(result.net),
    )


def _x(share: float) -> str:
    return f"{(share + 1) / 2 * (WIDTH - 12) + 6:.1f}"

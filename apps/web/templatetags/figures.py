"""Figures as every page shows them: value, unit, and never an invented one."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from apps.kit.clock import utc_now
from apps.kit.money import UNKNOWN, format_price, format_usd

register = template.Library()

NOT_ASSESSED: Final = mark_safe(f'<span class="not-assessed">{UNKNOWN}</span>')  # noqa: S308  # a constant
MINUS: Final = "−"  # as wide as a plus, so that columns line up
STEPS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"))


@register.filter
def money(usd: Decimal | float | str | None) -> SafeString:
    """US dollars: two decimals from $1 up, three significant digits below."""
    amount = _decimal(usd)
    if amount is None:
        return NOT_ASSESSED
    text = format_usd(amount).replace("-", MINUS)
    return format_html('<span class="money">{}</span>', text)


@register.filter
def savings(usd: Decimal | float | str | None) -> SafeString:
    """Money saved or lost, told by its sign before its colour."""
    amount = _decimal(usd)
    if amount is None:
        return NOT_ASSESSED
    if not amount:
        return format_html('<span class="money">{}</span>', "$0.00")
    kind, sign = ("gain", "+") if amount > 0 else ("loss", MINUS)
    text = f"{sign}{format_usd(abs(amount))}"
    return format_html('<span class="money {}">{}</span>', kind, text)


@register.filter
def per_million(usd: Decimal | None) -> SafeString:
    """A price per million tokens."""
    if usd is None:
        return NOT_ASSESSED
    return format_html('<span class="money">{}</span>', format_price(usd))


@register.filter
def grouped(number: float | None) -> SafeString | str:
    """A count in groups of three."""
    return NOT_ASSESSED if number is None else f"{number:,}"


@register.filter
def allowance(limit: int | None) -> str:
    """How much a plan has room for; None is no limit."""
    return "no\u00a0limit" if limit is None else f"{limit:,}"


@register.filter
def duration(milliseconds: float | None) -> SafeString | str:
    """Milliseconds below a second, seconds above."""
    if milliseconds is None:
        return NOT_ASSESSED
    if milliseconds < 1_000:
        return f"{milliseconds:,.0f} ms"
    return f"{milliseconds / 1_000:,.2f} s"


@register.filter
def percent(share: float | None) -> SafeString | str:
    """A share of 1, as a whole percentage."""
    if share is None:
        return NOT_ASSESSED
    return "< 1 %" if 0 < share < 0.01 else f"{share * 100:.0f} %"


@register.filter
def signed_percent(share: float | None) -> SafeString | str:
    """A difference as a percentage, told by its sign."""
    if share is None:
        return NOT_ASSESSED
    return f"{share * 100:+.1f} %".replace("-", MINUS)


@register.filter
def size(usd: Decimal) -> Decimal:
    """An amount without its sign, where words say which way it goes."""
    return abs(usd)


@register.filter
def score(value: float | None) -> SafeString | str:
    return NOT_ASSESSED if value is None else f"{value:.2f}"


@register.filter
def merit(burden: float | None) -> float | None:
    """Turn a score that is best at 0 into one that is best at 1."""
    return None if burden is None else 1 - burden


@register.filter
def ago(moment: datetime | None) -> SafeString:
    """How long since; `title` has the exact moment, which a script makes local."""
    if moment is None:
        return mark_safe('<span class="muted">never</span>')  # a constant
    exact = moment.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{}" data-ago>{}</time>',
        exact.isoformat(),
        f"{exact:%d %b %Y, %H:%M:%S} UTC",
        _since(exact),
    )


@register.filter
def moment(value: datetime | None) -> SafeString:
    """The exact moment, put into the reader's time zone by a script."""
    if value is None:
        return mark_safe('<span class="muted">never</span>')  # a constant
    exact = value.astimezone(UTC)
    return format_html(
        '<time datetime="{}" data-exact>{} UTC</time>',
        exact.isoformat(),
        f"{exact:%d %b %Y, %H:%M:%S}",
    )


@register.filter
def est(figure: Any) -> SafeString:
    """Mark a shown figure as estimated: a dashed underline, and the word."""
    return format_html(
        '<span class="est">{}</span><span class="est-word">estimated</span>', figure
    )


@register.filter
def words(name: str) -> str:
    """A stored name such as `agent_step`, as words."""
    return name.replace("_", " ").capitalize()


@register.inclusion_tag("components/provenance.html")
def provenance(
    kind: str, source: str, *, age: Any = None, how: str = ""
) -> dict[str, Any]:
    """The mark beside a figure that opens to where it comes from."""
    return {"kind": kind, "source": source, "age": age, "how": how}


def _since(then: datetime) -> str:
    seconds = (utc_now() - then).total_seconds()
    for length, unit in STEPS:
        if abs(seconds) >= length:
            count = int(abs(seconds) // length)
            return f"{count} {unit} ago" if seconds > 0 else f"in {count} {unit}"
    return "just now" if seconds > -1 else "in a moment"


def _decimal(usd: Decimal | float | str | None) -> Decimal | None:
    # Text and floats come out of stored JSON; `str` keeps a float's shown digits.
    return None if usd is None else Decimal(str(usd))

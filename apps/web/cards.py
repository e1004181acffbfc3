"""Pictures that links to our public pages are shown with, drawn on the server.

The typeface comes with Pillow and knows Latin letters alone, so texts are plain ASCII.
"""

import io
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from apps.kit.money import format_usd
from apps.web.calculator import Calculation

# What Open Graph and the larger cards elsewhere ask for.
WIDTH: Final = 1200
HEIGHT: Final = 630
MARGIN: Final = 72
INK: Final = "#1a2b4c"
LINE: Final = "#2c4068"
TEAL: Final = "#2dd4bf"
WHITE: Final = "#ffffff"
PALE: Final = "#b9c4d9"


@dataclass(frozen=True, slots=True)
class Card:
    """Three lines: what it is, the one thing to remember, what it rests on."""

    title: str
    figure: str
    note: str


NAMED: Final = {
    "home": Card(
        "Measure, recommend, verify, switch, prove",
        "Stop overpaying for the model you chose once",
        "Independent: no commissions, no mark-up on tokens",
    ),
    "calculator": Card(
        "Calculator",
        "What would another AI model cost you?",
        "Live list prices, each with its source and date",
    ),
    "pricing": Card(
        "Pricing",
        "A subscription, and nothing on top of your tokens",
        "Free to start",
    ),
}


def of_calculation(found: Calculation | None) -> Card:
    """The answer to one question; without a saving that is known, the plain card."""
    best = found.best if found and found.is_compared else None
    if found is None or best is None:
        return NAMED["calculator"]
    asked, today = found.question, found.today
    return Card(
        f"{asked.kind.name}, {asked.calls:,} calls a month",
        f"Save {format_usd(best.saving_usd)} a month",
        f"{best.candidate.model} at {format_usd(best.month_usd)} instead of "
        f"{asked.model} at {format_usd(today.month_usd)}: estimated from list prices"
        f"{_of(found)}",
    )


def _of(found: Calculation) -> str:
    day = found.checked_from
    return f" of {day.day} {day:%b %Y}" if day else ""


@lru_cache(maxsize=64)
def draw(card: Card) -> bytes:
    """A PNG of the card."""
    image = Image.new("RGB", (WIDTH, HEIGHT), INK)
    pen = ImageDraw.Draw(image)
    _mark(pen)
    pen.text((MARGIN + 76, 68), "ModelOptix", font=_font(34), fill=WHITE)
    pen.text((MARGIN, 196), _plain(card.title), font=_font(32), fill=PALE)
    end = _wrapped(pen, card.figure, top=252, size=76, fill=WHITE)
    pen.line((MARGIN, end + 34, MARGIN + 96, end + 34), fill=TEAL, width=6)
    _wrapped(pen, card.note, top=end + 64, size=28, fill=PALE)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _mark(pen: ImageDraw.ImageDraw) -> None:
    """The mark of `components/logo.html`: one chosen way out of three."""
    left, top = MARGIN, 62
    start = (left + 8, top + 26)
    for end, fill in (((left + 46, top + 6), PALE), ((left + 46, top + 46), PALE)):
        pen.line((start, (left + 22, top + 26), end), fill=fill, width=5, joint="curve")
        _dot(pen, end, 5, fill)
    pen.line((start, (left + 46, top + 26)), fill=TEAL, width=5)
    _dot(pen, (left + 48, top + 26), 9, TEAL)
    _dot(pen, start, 6, WHITE)


def _dot(pen: ImageDraw.ImageDraw, at: tuple[int, int], radius: int, fill: str) -> None:
    x, y = at
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)


def _wrapped(
    pen: ImageDraw.ImageDraw, text: str, *, top: int, size: int, fill: str
) -> int:
    """Write as many lines as it takes; returns where they end."""
    font, lines = _font(size), [""]
    for word in _plain(text).split():
        longer = f"{lines[-1]} {word}".strip()
        if pen.textlength(longer, font=font) > WIDTH - 2 * MARGIN and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = longer
    for number, line in enumerate(lines):
        pen.text((MARGIN, top + number * round(size * 1.2)), line, font=font, fill=fill)
    return top + len(lines) * round(size * 1.2)


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _plain(text: str) -> str:
    return text.encode("ascii", "replace").decode()

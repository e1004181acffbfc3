"""OpenRouter's `pricing` object, as rows per million tokens.

Prices are decimal text per token, and per unit for `request` and `web_search`
(https://openrouter.ai/docs/api-reference/list-available-models). They come with the
endpoint's `discount` already taken off: recorded endpoints of
`minimax/minimax-m2.7` give the maker's own 0.30 only after it is put back. So
the list price is restored here, and what was stated becomes a discount row beside it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from typing import Any, Final

from apps.catalog.seed_format import SeedPrice
from apps.kit.money import before_discount, from_per_million, from_per_token

type Pricing = Mapping[str, Any]

_PER_TOKEN: Final = {
    "prompt": "input",
    "completion": "output",
    "input_cache_read": "cache_read",
    "input_cache_write": "cache_write_5m",
    "input_cache_write_1h": "cache_write_1h",
    "internal_reasoning": "reasoning",
    "audio": "audio_input",
    "audio_output": "audio_output",
    "input_audio_cache": "audio_cache_read",
    "image": "image",
    "image_token": "image",
    "image_output": "image_output",
}
_PER_UNIT: Final = {"request": "request", "web_search": "search"}
_CONDITIONS: Final = {"min_prompt_tokens", "utc_start", "utc_end", "utc_days"}
type _Window = tuple[time | None, time | None, str]
_ALWAYS: Final[_Window] = (None, None, "")
_NEITHER: Final = {"discount", "overrides"}
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# `image` is documented as per picture, and every recorded row holds a price per token,
# equal to that of text. A price a thousand times that of text is per picture.
_PER_PICTURE: Final = 1000


@dataclass(frozen=True, slots=True)
class Prices:
    """One price list; `notes` says what of it could not be read."""

    listed: tuple[SeedPrice, ...] = ()
    discounted: tuple[SeedPrice, ...] = ()
    is_variable: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Override:
    """The prices under one condition; `window` is (from, until, weekdays) or empty."""

    above: int
    window: _Window
    pricing: Pricing


def read_prices(pricing: Pricing, *, service_tier: str = "standard") -> Prices:
    """Every price of one offer; raises ValueError where a number is none."""
    if any(_is_negative(pricing.get(key)) for key in ("prompt", "completion")):
        return Prices(is_variable=True)
    overrides, notes = _overrides(pricing.get("overrides") or ())
    rows = tuple(_rows(pricing, overrides, service_tier))
    discount = Decimal(str(pricing.get("discount") or 0))
    if not 0 < discount < 1:
        return Prices(rows, notes=tuple(notes))
    listed = tuple(_priced(row, before_discount(row.usd, discount)) for row in rows)
    return Prices(listed, rows, notes=tuple(notes))


def _is_negative(value: object) -> bool:
    return str(value or "").strip().startswith("-")


def _priced(row: SeedPrice, usd: Decimal) -> SeedPrice:
    return SeedPrice(
        row.component,
        usd,
        row.service_tier,
        row.above_prompt_tokens,
        row.utc_from,
        row.utc_until,
        row.utc_weekdays,
    )


def _rows(
    pricing: Pricing, overrides: list[_Override], tier: str
) -> Iterator[SeedPrice]:
    """One row for each size step and window at which a price is another.

    Overrides apply in their order, later ones winning; so every combination of a
    step and a window is worked out, because a stored row knows no order.
    """
    steps = sorted({0, *(override.above for override in overrides)})
    windows = [_ALWAYS, *dict.fromkeys(o.window for o in overrides if any(o.window))]
    rows: dict[tuple[str, int, _Window], Decimal] = {}
    for above in steps:
        for window in windows:
            for component, usd in _in_force(pricing, overrides, above, window).items():
                lower = [step for step in reversed(steps) if step <= above]
                if _charged(rows, component, lower, window) != usd:
                    rows[component, above, window] = usd
    for (component, above, window), usd in rows.items():
        yield SeedPrice(component, usd, tier, above, *window)


def _charged(
    rows: Mapping[tuple[str, int, _Window], Decimal],
    component: str,
    steps: Iterable[int],
    window: _Window,
) -> Decimal | None:
    """What the rows so far would charge, by the ranks of `kit.money`: the largest step
    first, within it the window."""
    for above in steps:
        for place in (window, _ALWAYS):
            usd = rows.get((component, above, place))
            if usd is not None:
                return usd
    return None


def _in_force(
    pricing: Pricing,
    overrides: list[_Override],
    above: int,
    window: _Window,
) -> dict[str, Decimal]:
    prices = _components(pricing)
    for override in overrides:
        if override.above <= above and override.window in {_ALWAYS, window}:
            prices |= _components(override.pricing)
    return prices


def _components(pricing: Pricing) -> dict[str, Decimal]:
    prices: dict[str, Decimal] = {}
    for key, component in _PER_TOKEN.items():
        usd = from_per_token(pricing.get(key))
        if usd is not None:
            prices[component] = usd
    for key, component in _PER_UNIT.items():
        usd = from_per_million(pricing.get(key))
        # Nearly every row of old says "0" for what it does not charge.
        if usd:
            prices[component] = usd
    return _without_pictures(prices, pricing)


def _without_pictures(
    prices: dict[str, Decimal], pricing: Pricing
) -> dict[str, Decimal]:
    image, text = prices.get("image"), prices.get("input")
    if image is not None and (not image or image > (text or 0) * _PER_PICTURE):
        del prices["image"]
        per_picture = from_per_million(pricing.get("image"))
        if per_picture:
            prices["picture"] = per_picture
    return prices


def _overrides(
    entries: Iterable[Pricing],
) -> tuple[list[_Override], list[str]]:
    overrides, notes = [], []
    for entry in entries:
        unknown = entry.keys() - _CONDITIONS - _PER_TOKEN.keys() - _PER_UNIT.keys()
        if unknown - _NEITHER:
            # A condition we cannot read must not become "always".
            notes.append(f"override with {', '.join(sorted(unknown))} left out")
            continue
        try:
            overrides.append(_override(entry))
        except (ValueError, TypeError) as problem:
            notes.append(f"override left out: {problem}")
    return overrides, notes


def _override(entry: Pricing) -> _Override:
    return _Override(
        above=int(entry.get("min_prompt_tokens") or 0),
        window=(
            _clock(entry.get("utc_start")),
            _clock(entry.get("utc_end")),
            _weekdays(entry.get("utc_days")),
        ),
        pricing=entry,
    )


def _clock(value: Any) -> time | None:
    """HHMM as a number: 30 is 00:30, 1030 is 10:30, 2400 is midnight."""
    if value is None:
        return None
    hours, minutes = divmod(int(value), 100)
    return time(hours % 24, minutes)


def _weekdays(days: Any) -> str:
    """Monday is 0 here. Numbers count from Monday = 1, and Sunday is 0 or 7."""
    numbers = set()
    for day in days or ():
        is_number = isinstance(day, int | float)
        numbers.add((int(day) - 1) % 7 if is_number else _DAYS.index(day[:3].lower()))
    return "" if len(numbers) == 7 else "".join(map(str, sorted(numbers)))

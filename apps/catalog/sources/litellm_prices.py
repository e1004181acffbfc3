"""The price fields of one litellm entry, as rows per million tokens."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import time
from decimal import Decimal
from typing import Any, Final

from apps.catalog.seed_format import SeedPrice
from apps.kit.money import from_per_million, from_per_token

type Entry = Mapping[str, Any]

_COMPONENTS: Final = {
    "input_cost_per_token": "input",
    "cache_read_input_token_cost": "cache_read",
    "cache_creation_input_token_cost": "cache_write_5m",
    "cache_creation_input_token_cost_above_1hr": "cache_write_1h",
    "output_cost_per_token": "output",
    "output_cost_per_reasoning_token": "reasoning",
    "input_cost_per_audio_token": "audio_input",
    "output_cost_per_audio_token": "audio_output",
}
_TIERS: Final = {
    None: "standard",
    "batches": "batch",
    "flex": "flex",
    "priority": "priority",
}
_FIELD: Final = re.compile(
    rf"(?P<base>{'|'.join(_COMPONENTS)})"
    r"(_above_(?P<thousands>\d+)k_tokens)?(_(?P<tier>batches|flex|priority))?"
)
# Charged by something other than tokens; a zero beside it says nothing about tokens.
_OTHER_UNIT: Final = re.compile(r"cost_per_(?!token|audio_token|reasoning_token)")
_FREE_IS_UNKNOWN: Final = {"cache_read", "cache_write_5m", "cache_write_1h"}


def read_prices(entry: Entry, *, kind: str) -> Iterator[SeedPrice]:
    """Every price that has a place among ours.

    This source writes 0 both for "free" and for "not known", so a chat model whose
    input or output is 0 gets no price at all: unknown is not free.
    """
    rows = [*_field_prices(entry), *_tiered(entry), *_off_peak(entry)]
    if kind == "rerank":
        rows += _per_query(entry)
    elif kind == "chat":
        rows += _search(entry)
    yield from _without_false_zeros(rows, entry, kind)


def _without_false_zeros(
    rows: list[SeedPrice], entry: Entry, kind: str
) -> Iterator[SeedPrice]:
    charged = {row.component for row in rows if row.usd}
    is_per_unit = any(v for k, v in entry.items() if _OTHER_UNIT.search(k))
    if kind == "chat" and not {"input", "output"} <= charged:
        return
    if kind != "chat" and (is_per_unit or not charged):
        rows = [row for row in rows if row.usd]
    for row in rows:
        if row.usd or row.component not in _FREE_IS_UNKNOWN:
            yield row


def _field_prices(entry: Entry) -> Iterator[SeedPrice]:
    for field, value in entry.items():
        found = _FIELD.fullmatch(field)
        usd = from_per_token(value) if found else None
        if found and usd is not None:
            yield SeedPrice(
                _COMPONENTS[found["base"]],
                usd,
                service_tier=_TIERS[found["tier"]],
                above_prompt_tokens=1000 * int(found["thousands"] or 0),
            )


def _tiered(entry: Entry) -> Iterator[SeedPrice]:
    """`tiered_pricing`: each step replaces all prices above the start of its range."""
    for step in entry.get("tiered_pricing") or ():
        above = int(step["range"][0])
        for row in _field_prices(step):
            yield replace(row, above_prompt_tokens=above)


def _off_peak(entry: Entry) -> Iterator[SeedPrice]:
    """`off_peak_pricing`: the entry's own price is the peak, windows lower it."""
    off_peak = entry.get("off_peak_pricing") or {}
    if off_peak.get("weekday_timezone", "UTC") != "UTC":
        # Days of another zone don't fit UTC windows: the peak price is the safe one.
        return
    for window in off_peak.get("windows", ()):
        # Its weekdays are ISO's: 1 is Monday.
        days = "".join(str(day - 1) for day in sorted(window.get("weekdays", ())))
        hours = window["hours_utc"]
        for span in [hours] if isinstance(hours, str) else hours:
            start, end = map(time.fromisoformat, span.split("-"))
            is_whole_day = start == end
            for row in _field_prices(off_peak):
                yield replace(
                    row,
                    utc_from=None if is_whole_day else start,
                    utc_until=None if is_whole_day else end,
                    utc_weekdays=days,
                )


def _per_query(entry: Entry) -> list[SeedPrice]:
    usd = from_per_million(entry.get("input_cost_per_query"))
    return [SeedPrice("request", usd)] if usd else []


def _search(entry: Entry) -> list[SeedPrice]:
    """One price a search, where it does not depend on the size of the context."""
    sizes = entry.get("search_context_cost_per_query") or {}
    if entry.get("litellm_provider") == "perplexity":
        # Sonar searches in every request, with the small context unless told otherwise:
        # https://docs.perplexity.ai/getting-started/pricing
        usd = from_per_million(sizes.get("search_context_size_low"))
        return [SeedPrice("request", usd)] if usd else []
    prices: set[Decimal | None] = {from_per_million(usd) for usd in sizes.values()}
    usd = prices.pop() if len(prices) == 1 else None
    return [SeedPrice("search", usd)] if usd else []

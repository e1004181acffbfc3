"""Vectara's hallucination leaderboard (Apache-2.0): a table in its README.

The share of summaries with something made up, in percent. The day is in the text above
the table ("Last updated on March 10th, 2026").
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Final

from apps.catalog.sources.published import PayloadError, Published, number

URL: Final = "https://github.com/vectara/hallucination-leaderboard"
_UPDATED: Final = re.compile(
    r"last updated on\s+([A-Z][a-z]+)\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})", re.I
)
_RATE: Final = "hallucination rate"


def read(text: str) -> Iterator[Published]:
    """Every row of the first table that has a hallucination rate."""
    lines = iter(text.splitlines())
    header = next((cells for line in lines if _RATE in (cells := _cells(line))), None)
    if header is None or "model" not in header:
        raise PayloadError("no table with a hallucination rate")
    on = _updated(text)
    for line in lines:
        cells = _cells(line)
        if not cells:
            break
        row = dict(zip(header, _cells(line, keep_case=True), strict=False))
        value = number(row.get(_RATE))
        if value is not None and row["model"]:
            yield Published(
                benchmark="vectara-hallucination",
                source_id=row["model"],
                name=row["model"],
                value=value,
                measured_on=on,
                url=URL,
                licence="Apache-2.0",
            )


def _cells(line: str, *, keep_case: bool = False) -> list[str]:
    if not line.lstrip().startswith("|"):
        return []
    # A name may be a link: what is shown counts.
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", line)
    cells = [cell.strip() for cell in plain.strip().strip("|").split("|")]
    return cells if keep_case else [cell.lower() for cell in cells]


def _updated(text: str) -> date | None:
    found = _UPDATED.search(text)
    if not found:
        return None
    words = " ".join(found.groups())
    try:
        return datetime.strptime(words, "%B %d %Y").replace(tzinfo=UTC).date()
    except ValueError:
        return None

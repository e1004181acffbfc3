"""What OpenRouter's ids mean: a canonical model, and how this row of it differs.

`author/name:variant`: `:free`, `:batch` and `:thinking` are the same weights at other
prices or settings, and fold into their model. `~author/family-latest` is a pointer that
redirects to some model, named by `alias_target`; it is a name of that model and no
model itself. Where a row does not say where it points, it is left out.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from apps.catalog.folding import Name, read_name

# Our slug of a provider that both know; the others keep OpenRouter's.
PROVIDERS: Final = {
    "amazon-bedrock": "bedrock",
    "arcee-ai": "arcee",
    "coreweave": "wandb",
    "gmicloud": "gmi",
    "google-ai-studio": "google",
    "google-vertex": "vertex",
    "moonshotai": "moonshot",
    "z-ai": "zai",
}
_RELEASE: Final = re.compile(r"-(20\d\d)-?(\d\d)-?(\d\d)$")
# The date in `canonical_slug` is the maker's; one far from the day of listing is a
# number of another kind (`nemotron-3-super-120b-a12b-20230311`, listed in 2026).
_NEAR: Final = timedelta(days=60)
# "No end" in a field that must hold a date.
_NEVER_FROM_YEAR: Final = 2090
_REGION: Final = re.compile(
    r"(us|eu|europe|global|asia|apac|ap|uk|jp|in|au|ca)(-[a-z]+-?\d+|-[a-z]+\d*)?"
    r"|[a-z]+central|[a-z]+(east|west)\d?"
)


@dataclass(frozen=True, slots=True)
class RowId:
    """One id, taken apart."""

    text: str
    base: str
    variant: str
    name: Name

    @property
    def service_tier(self) -> str:
        return "batch" if self.variant == "batch" else "standard"

    @property
    def rule(self) -> str:
        return self.variant or ("" if self.name.slug == self.base else "spelling")

    @property
    def match(self) -> str:
        if self.variant:
            return "variant"
        return "rule" if self.rule else "exact"


def is_pointer(text: str) -> bool:
    return text.startswith("~") or text.partition(":")[0].endswith("-latest")


def read_id(text: str) -> RowId | None:
    """None where the id has no maker, or is a pointer."""
    base, _, variant = text.partition(":")
    name = None if is_pointer(text) else read_name(base)
    if name is None or not name.name:
        return None
    return RowId(text, base, variant or name.variant, name)


def released_on(row: dict[str, Any]) -> date | None:
    """The date in the canonical slug, where it can be a release."""
    found = _RELEASE.search(row.get("canonical_slug") or "")
    created = row.get("created")
    if not found or not created:
        return None
    listed = datetime.fromtimestamp(created, UTC).date()
    try:
        released = date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None
    return released if abs(listed - released) <= _NEAR else None


def last_day(value: object) -> date | None:
    """`expiration_date`, without its sentinel 2098-12-31."""
    if not isinstance(value, str):
        return None
    try:
        day = date.fromisoformat(value[:10])
    except ValueError:
        return None
    return None if day.year >= _NEVER_FROM_YEAR else day


def shown_name(row: dict[str, Any]) -> str:
    """The name without its author in front and its variant behind."""
    name = str(row.get("name") or "")
    name = name.partition(": ")[2] or name
    return re.sub(r"\s*\((free|batch|thinking)\)$", "", name)


def provider_slug(text: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return PROVIDERS.get(slug, slug)


def region_of(tag: str, quantization: str) -> str:
    """The part of `google-vertex/us-south1` that is a place."""
    rest = tag.partition("/")[2]
    return rest if rest != quantization and _REGION.fullmatch(rest) else ""

"""Two to four models side by side, and where they differ."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from apps.catalog.domains import Task
from apps.catalog.models import AIModel
from apps.catalog.quality import task_table
from apps.catalog.queries.listing import CAPABILITIES
from apps.catalog.queries.model import OfferOnPage, offers_of
from apps.catalog.runs import Mix

FEWEST: Final = 2
MOST: Final = 4


@dataclass(frozen=True, slots=True)
class Row:
    """One fact of every model; `kind` says how the page writes it."""

    label: str
    kind: str
    values: Sequence[Any]  # None: not assessed

    @property
    def differs(self) -> bool:
        """Whether what is known of it is not the same everywhere."""
        known = [v for v in self.values if v is not None]
        return any(value != known[0] for value in known[1:])


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Cheapest:
    """The offer that is cheapest for the reader's mix."""

    row: OfferOnPage
    usd: Decimal


def models_named(slugs: Sequence[str]) -> list[AIModel]:
    """The models that exist, in the order in which they were asked for."""
    found = {m.slug: m for m in AIModel.objects.filter(slug__in=slugs)}
    return [found[slug] for slug in dict.fromkeys(slugs) if slug in found]


def compare(models: Sequence[AIModel], *, mix: Mix, at: datetime) -> list[Group]:
    """Every fact of the models, grouped as the page shows them."""
    offers = [offers_of(model, mix=mix, at=at) for model in models]
    return [
        Group("Price", _prices(offers)),
        Group("Limits", _facts(models, _LIMITS)),
        Group("What it can", _facts(models, _ABILITIES)),
        Group("How well it does", _tasks(models)),
        Group("Lifecycle", _facts(models, _LIFE)),
    ]


def _prices(offers: Sequence[Sequence[OfferOnPage]]) -> list[Row]:
    cheapest = [_cheapest(rows) for rows in offers]
    plain = [c.row if c else None for c in cheapest]
    return [
        Row("1,000 runs of your mix", "usd", [c.usd if c else None for c in cheapest]),
        Row("… at", "offer", plain),
        Row("Input", "price", [row.input_usd if row else None for row in plain]),
        Row("Output", "price", [row.output_usd if row else None for row in plain]),
        Row("Cache read", "price", [r.cache_read_usd if r else None for r in plain]),
        Row("Offers", "number", [_available(rows) for rows in offers]),
    ]


def _cheapest(rows: Sequence[OfferOnPage]) -> Cheapest | None:
    """Free and batch variants have conditions of their own, so they do not count."""
    fit = [
        Cheapest(row, row.runs_usd)
        for row in rows
        if row.runs_usd is not None
        and row.offer.is_available
        and row.offer.variant not in {"free", "batch"}
        and row.offer.service_tier == "standard"
    ]
    own = [c for c in fit if not c.row.offer.is_headline]
    return min(own or fit, key=lambda c: c.usd, default=None)


def _available(rows: Sequence[OfferOnPage]) -> int:
    return sum(row.offer.is_available for row in rows)


type Fact = tuple[str, str, Callable[[AIModel], Any]]

_LIMITS: Final[tuple[Fact, ...]] = (
    ("Context", "number", lambda m: m.context_tokens),
    ("Longest answer", "number", lambda m: m.max_output_tokens),
    ("Reads", "words", lambda m: m.input_modalities),
    ("Makes", "words", lambda m: m.output_modalities),
)
_LIFE: Final[tuple[Fact, ...]] = (
    ("Status", "text", lambda m: m.get_status_display()),
    ("Released", "date", lambda m: m.released_on),
    ("Knowledge until", "text", lambda m: m.knowledge_cutoff or None),
    ("Last day", "date", lambda m: m.sunset_on),
    ("Licence", "text", lambda m: m.licence or None),
)


def _ability(field: str) -> Callable[[AIModel], Any]:
    return lambda model: getattr(model, field)


_ABILITIES: Final[tuple[Fact, ...]] = tuple(
    (label.capitalize() if label.islower() else label, "yesno", _ability(field))
    for label, field in CAPABILITIES.items()
)


def _facts(models: Sequence[AIModel], facts: Sequence[Fact]) -> list[Row]:
    return [Row(label, kind, [read(m) for m in models]) for label, kind, read in facts]


def _tasks(models: Sequence[AIModel]) -> list[Row]:
    table = task_table("default")
    return [
        Row(
            task.label,
            "score",
            [
                (q.score if (q := table.get((m.pk, task.value))) else None)
                for m in models
            ],
        )
        for task in Task
    ]

"""Bring published results into the database: what is new or changed, nothing else.

Every row is matched anew each time, because the catalog grows. A result that its source
no longer lists stays, unlisted. One whose benchmark is not known, or whose value cannot
be one of that benchmark, is refused and counted.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from apps.catalog.matching import Index, Match, MatchClass, build_index, match
from apps.catalog.models import AIModel, Benchmark, ModelAlias, Origin, Score
from apps.catalog.other_names import names_of
from apps.catalog.sources.published import Published
from apps.kit.clock import utc_now

# The alias table's source for what holds of every benchmark.
ANY_SOURCE: Final = "benchmarks"
_DECIDED: Final = (ModelAlias.Match.EDITOR, ModelAlias.Match.REFUSED)
_SAME_ID: Final = (ModelAlias.Match.EXACT, ModelAlias.Match.RULE)
_CATALOGS: Final = (Origin.OPENROUTER, Origin.MODELS_DEV)
_FIELDS: Final = (
    *("name", "maker", "value", "stated_effort", "harness", "measured_on"),
    *("is_self_reported", "is_native", "sample_size", "margin", "cost_usd", "url"),
    *("licence", "is_listed"),
)


@dataclass(slots=True)
class Stored:
    """What one load did."""

    rows: int = 0
    matched: int = 0
    added: int = 0
    changed: int = 0
    delisted: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def writes(self) -> int:
        return self.added + self.changed + self.delisted

    def __str__(self) -> str:
        refused = self.refused.total()
        return (
            f"{self.rows} results, {self.matched} matched, {self.added} new, "
            f"{self.changed} changed, {self.delisted} gone"
            + (f", {refused} refused" if refused else "")
        )


@dataclass(frozen=True, slots=True)
class Names:
    """The catalog's names, and whose they are."""

    index: Index
    ids: Mapping[str, UUID]

    def match(self, row: Score) -> Match:
        return match(
            row.name,
            self.index,
            maker=row.maker,
            effort=row.stated_effort,
            is_native=row.is_native,
        )


def names_for(source: str, *, using: str) -> Names:
    """The names of the catalog, with the editors' decisions for this source."""
    ids = dict(AIModel.objects.using(using).values_list("slug", "id"))
    aliases = ModelAlias.objects.using(using).select_related("ai_model")
    decided = aliases.filter(source__in=(ANY_SOURCE, source), match__in=_DECIDED)
    known = aliases.filter(source__in=_CATALOGS, match__in=_SAME_ID)
    index = build_index(
        ids,
        # What is decided for this source alone comes last, and so it counts.
        aliases={
            row.external_id: row.ai_model.slug if row.ai_model else None
            for row in sorted(decided, key=lambda row: row.source == source)
        },
        other_names=names_of(ids)
        | {row.external_id: row.ai_model.slug for row in known if row.ai_model},
    )
    return Names(index, ids)


def store(
    source: str,
    results: Iterable[Published],
    *,
    on: date,
    using: str,
    is_complete: bool,
) -> Stored:
    """Write one source's results; with `is_complete`, what is not there is gone.

    A result without a day was measured, as far as we know, when it was first seen.
    """
    benchmarks = {row.slug: row for row in Benchmark.objects.using(using).all()}
    names = names_for(source, using=using)
    rows = Score.objects.using(using).filter(source=source)
    held = {(row.benchmark_id, row.source_id): row for row in rows}
    stored = Stored()
    new, moved = [], []
    for place, result in _usable(results, benchmarks, stored).items():
        old = held.pop(place, None)
        row = old or Score(benchmark_id=place[0], source=source, source_id=place[1])
        is_changed = _say(row, result, on=on)
        is_changed |= _match(row, names)
        stored.matched += row.ai_model_id is not None
        if old is None:
            new.append(row)
        elif is_changed:
            moved.append(row)
    gone = [row for row in held.values() if row.is_listed] if is_complete else []
    _write(new, moved, gone, using=using)
    stored.added, stored.changed, stored.delisted = len(new), len(moved), len(gone)
    return stored


def rematch(*, using: str) -> int:
    """Match every stored name anew, after the catalog or the aliases changed."""
    scores = Score.objects.using(using)
    moved: list[Score] = []
    for source in set(scores.order_by().values_list("source", flat=True).distinct()):
        names = names_for(source, using=using)
        moved += [row for row in scores.filter(source=source) if _match(row, names)]
    _write([], moved, [], using=using)
    return len(moved)


type Place = tuple[UUID, str]


def _usable(
    results: Iterable[Published], benchmarks: Mapping[str, Benchmark], stored: Stored
) -> dict[Place, Published]:
    """By place; what cannot be right is refused, and counted with its reason."""
    found: dict[Place, Published] = {}
    for result in results:
        stored.rows += 1
        benchmark = benchmarks.get(result.benchmark)
        if benchmark is None:
            stored.refused[f"no benchmark {result.benchmark!r}"] += 1
        elif not benchmark.low <= result.value <= benchmark.high:
            stored.refused[f"{result.benchmark} out of range"] += 1
        elif found.setdefault((benchmark.pk, result.source_id), result) is not result:
            stored.refused["the same result twice"] += 1
    return found


def _say(row: Score, result: Published, *, on: date) -> bool:
    """Put what the source says into the row; whether that changed it."""
    is_first = row.value is None or row.value != result.value
    cost = result.cost_usd
    said: dict[str, Any] = {
        "name": result.name[:200],
        "maker": result.maker[:80],
        "value": result.value,
        "stated_effort": result.effort[:60],
        "harness": result.harness[:200],
        "measured_on": result.measured_on or (on if is_first else row.measured_on),
        "is_self_reported": result.is_self_reported,
        "is_native": result.is_native,
        "sample_size": result.sample_size,
        "margin": result.margin,
        "cost_usd": None if cost is None else round(Decimal(str(cost)), 6),
        "url": result.url[:300],
        "licence": result.licence[:80],
        "is_listed": True,
    }
    return _set(row, said)


def _match(row: Score, names: Names) -> bool:
    """Say whose score it is; whether that changed."""
    found = names.match(row)
    model_id = names.ids.get(found.slug) if found.slug else None
    # An alias that says "none of ours" is a decision too, but no match.
    has_model = model_id is not None
    return _set(
        row,
        {
            "ai_model_id": model_id,
            "match": (found.match_class if has_model else MatchClass.NONE).value,
            "match_detail": found.detail[:200],
            "effort": found.effort[:60],
        },
    )


def _set(row: Score, values: Mapping[str, Any]) -> bool:
    changed = {k: v for k, v in values.items() if getattr(row, k) != v}
    for name, value in changed.items():
        setattr(row, name, value)
    return bool(changed)


def _write(
    new: Sequence[Score], moved: Sequence[Score], gone: Sequence[Score], *, using: str
) -> None:
    now = utc_now()
    for row in (*moved, *gone):
        row.updated_at = now
    for row in gone:
        row.is_listed = False
    table = Score.objects.using(using)
    table.bulk_create(new, batch_size=1000)
    fields = [*_FIELDS, "ai_model", "match", "match_detail", "effort", "updated_at"]
    table.bulk_update([*moved, *gone], fields, batch_size=500)

"""What goes with a row that is deleted, and what stays: told before it is done."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.db import models, router
from django.db.models.deletion import Collector


@dataclass(frozen=True, slots=True)
class Kind:
    """So many rows of one kind."""

    count: int
    one: str
    many: str

    def __str__(self) -> str:
        return f"{self.count:,} {self.one if self.count == 1 else self.many}"


@dataclass(frozen=True, slots=True)
class Going:
    """What is deleted with a row, and what is kept but loses it."""

    gone: tuple[Kind, ...]
    kept: tuple[Kind, ...]


def going_with(row: models.Model) -> Going:
    """Count as the deletion will, whichever apps above have rows that hang on it."""
    collector = Collector(using=router.db_for_write(type(row), instance=row))
    collector.collect([row])
    gone: Counter[type[models.Model]] = Counter()
    for table, rows in collector.data.items():
        gone[table] += len(rows)
    for found in collector.fast_deletes:
        # Django's stubs take every entry for a query; it may be a list of rows.
        if isinstance(found, models.QuerySet):
            gone[found.model] += found.count()
    gone[type(row)] -= 1
    kept: Counter[type[models.Model]] = Counter()
    # Per field, a list of batches; the stubs know of one batch alone.
    updates: dict[Any, Any] = dict(collector.field_updates)
    for (field, _value), batches in updates.items():
        kept[field.model] += sum(len(rows) for rows in batches)
    return Going(_kinds(gone), _kinds(kept))


def _kinds(counted: Counter[type[models.Model]]) -> tuple[Kind, ...]:
    named = [
        Kind(count, str(table._meta.verbose_name), str(table._meta.verbose_name_plural))
        for table, count in counted.items()
        if count > 0
    ]
    return tuple(sorted(named, key=lambda kind: kind.one))

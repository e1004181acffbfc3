"""The editors' queue: names of benchmarks that no rule leads to a model."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, Max

from apps.catalog.benchmark_store import ANY_SOURCE
from apps.catalog.matching import alias_key
from apps.catalog.models import ModelAlias, Score


@dataclass(frozen=True, slots=True)
class Unmatched:
    """One name at one source, and how much waits for it."""

    source: str
    name: str
    maker: str
    results: int
    newest: date
    benchmarks: Sequence[str]


def unmatched() -> list[Unmatched]:
    """Every undecided name, those with most results first."""
    refused = set(
        ModelAlias.objects.filter(match=ModelAlias.Match.REFUSED).values_list(
            "source", "external_id"
        )
    )
    rows = (
        Score.objects.filter(ai_model=None, is_listed=True)
        .values("source", "name", "maker")
        .annotate(
            results=Count("id"),
            newest=Max("measured_on"),
            benchmarks=ArrayAgg("benchmark__name", distinct=True),
        )
        .order_by("-results", "name")
    )
    return [
        Unmatched(**row)
        for row in rows
        if not {(row["source"], alias_key(row["name"])), _anywhere(row["name"])}
        & refused
    ]


def _anywhere(name: str) -> tuple[str, str]:
    return ANY_SOURCE, alias_key(name)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of a source's results have found their model."""

    source: str
    results: int
    matched: int
    models: int
    newest: date


def coverage() -> list[Coverage]:
    """Each source's results that are listed, and how many are matched."""
    rows = (
        Score.objects.filter(is_listed=True)
        .values("source")
        .annotate(
            results=Count("id"),
            matched=Count("ai_model"),
            models=Count("ai_model", distinct=True),
            newest=Max("measured_on"),
        )
        .order_by("source")
    )
    return [Coverage(**row) for row in rows]

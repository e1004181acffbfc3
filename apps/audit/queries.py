"""Reads of the audit log."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet

from apps.audit.models import AuditEntry

PAGE: Final = 50
BATCH: Final = 500


@dataclass(frozen=True)
class Filters:
    """What part of the log somebody wants to see; moments are UTC, `until` excluded."""

    person: str = ""
    action: str = ""
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Page:
    """Some entries, and where the older ones go on."""

    entries: list[AuditEntry]
    next_cursor: str


def entries(filters: Filters) -> QuerySet[AuditEntry]:
    """The log of the organization in scope, the newest first."""
    rows = AuditEntry.objects.order_by("-created_at", "-id")
    if filters.person:
        rows = rows.filter(actor_email__icontains=filters.person)
    if filters.action:
        rows = rows.filter(action=filters.action)
    if filters.subject:
        rows = rows.filter(_about(filters.subject))
    if filters.since:
        rows = rows.filter(created_at__gte=filters.since)
    if filters.until:
        rows = rows.filter(created_at__lt=filters.until)
    return rows


def _about(text: str) -> Q:
    return Q(subject=text) | Q(subject_id=text) | Q(label__icontains=text)


def page_of(filters: Filters, *, after: UUID | None = None, size: int = PAGE) -> Page:
    """The entries older than the one named `after`.

    Raises LookupError when this organization has no such entry.
    """
    rows = entries(filters)
    if after is not None:
        rows = rows.filter(_older_than(_place_of(after)))
    found = list(rows[: size + 1])
    shown = found[:size]
    return Page(shown, str(shown[-1].id) if len(found) > size else "")


def batches(filters: Filters) -> Iterator[list[AuditEntry]]:
    """All of it, in pieces that fit into memory; each is a query of its own."""
    rows = entries(filters)
    older = rows
    while batch := list(older[:BATCH]):
        yield batch
        older = rows.filter(_older_than((batch[-1].created_at, batch[-1].id)))


def actions() -> list[str]:
    """The actions that are on record, for the filter."""
    names = AuditEntry.objects.order_by("action").values_list("action", flat=True)
    return list(names.distinct())


def _place_of(entry_id: UUID) -> tuple[datetime, UUID]:
    rows = AuditEntry.objects.filter(id=entry_id)
    place = rows.values_list("created_at", "id").first()
    if place is None:
        raise LookupError("There is no such entry.")
    return place


def _older_than(place: tuple[datetime, UUID]) -> Q:
    moment, entry_id = place
    # The first half alone lets the index find its start.
    return Q(created_at__lte=moment) & (
        Q(created_at__lt=moment) | Q(created_at=moment, id__lt=entry_id)
    )

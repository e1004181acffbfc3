"""Reads of privacy."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Count, Min

from apps.privacy.models import Deletion, Export, PrivacySettings, StoredExchange
from apps.tenancy.scope import require_org_id

SHOWN_EXPORTS: Final = 10


@dataclass(frozen=True)
class Kept:
    """How much is stored at the moment."""

    exchanges: int
    oldest_at: datetime | None


@dataclass(frozen=True)
class Turn:
    """One message of a kept prompt."""

    role: str
    text: str


@dataclass(frozen=True)
class Exchange:
    """A kept prompt with its answer, as a page shows it."""

    turns: tuple[Turn, ...]
    answer: str
    redactions: int
    is_cut: bool
    created_at: datetime


def settings_of_scope() -> PrivacySettings:
    """The organization's settings; the defaults, unsaved, where it has chosen none."""
    return PrivacySettings.objects.first() or PrivacySettings()


def kept_now() -> Kept:
    rows = StoredExchange.objects.filter(org_id=require_org_id())
    found = rows.aggregate(exchanges=Count("id"), oldest_at=Min("created_at"))
    return Kept(found["exchanges"], found["oldest_at"])


def find_exchange(request_id: UUID, *, created_at: datetime) -> Exchange | None:
    """What is kept of a request, if anything; its moment finds the partition."""
    row = StoredExchange.objects.filter(
        org_id=require_org_id(), id=request_id, created_at=created_at
    ).first()
    if row is None:
        return None
    turns = tuple(Turn(turn["role"], turn["text"]) for turn in json.loads(row.prompt))
    return Exchange(turns, row.answer, row.redactions, row.is_cut, row.created_at)


def recent_exports() -> list[Export]:
    rows = Export.objects.select_related("asked_by").order_by("-created_at")
    return list(rows[:SHOWN_EXPORTS])


def find_export(export_id: UUID) -> Export | None:
    return Export.objects.filter(id=export_id).first()


def planned_deletion() -> Deletion | None:
    return Deletion.objects.select_related("asked_by").first()

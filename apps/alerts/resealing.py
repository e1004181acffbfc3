"""Channels under an old key-encryption key."""

from functools import partial
from uuid import UUID

from django.conf import settings

from apps.alerts.crypto import place_of
from apps.alerts.models import Channel
from apps.jobs.resealing import SealedValue, Store, register

_FIRST = UUID(int=0)


def _after(key: str, size: int) -> list[SealedValue]:
    newest = settings.KEY_ENCRYPTION_KEYS.newest
    rows = Channel.objects.exclude(kek_version=newest).defer(None)
    rows = rows.filter(id__gt=UUID(key) if key else _FIRST).order_by("id")
    found = rows.only("org_id", "sealed")[:size]
    return [
        SealedValue(str(row.id), bytes(row.sealed), place_of(row), partial(_put, row))
        for row in found
    ]


def _put(row: Channel, sealed: bytes) -> bool:
    unchanged = Channel.objects.filter(id=row.id, sealed=bytes(row.sealed))
    newest = settings.KEY_ENCRYPTION_KEYS.newest
    return bool(unchanged.update(sealed=sealed, kek_version=newest))


register(Store("alert channels", "jobs", _after))

"""Client secrets of single sign-on."""

from functools import partial
from uuid import UUID

from apps.jobs.resealing import SealedValue, Store, register
from apps.sso.models import Connection

_FIRST = UUID(int=0)


def _after(key: str, size: int) -> list[SealedValue]:
    rows = Connection.objects.exclude(sealed_secret=b"").order_by("id")
    found = rows.filter(id__gt=UUID(key) if key else _FIRST)[:size]
    return [
        SealedValue(
            str(row.id), bytes(row.sealed_secret), row.bound_to, partial(_put, row)
        )
        for row in found
    ]


def _put(row: Connection, sealed: bytes) -> bool:
    unchanged = Connection.objects.filter(
        id=row.id, sealed_secret=bytes(row.sealed_secret)
    )
    return bool(unchanged.update(sealed_secret=sealed))


register(Store("single sign-on", "jobs", _after))

"""Look for what is left of an organization: rows, keys of Redis, files."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import redis
from django.conf import settings
from django.db import connections

from apps.privacy import files

SCAN_COUNT: Final = 1000
TIMEOUT_S: Final = 10.0


def rows_left(org_id: UUID) -> dict[str, int]:
    """Rows of the organization by table, over every table of the database."""
    with connections["jobs"].cursor() as cursor:
        cursor.execute("SELECT organization_rows(%s)", [org_id])
        return as_counts(cursor.fetchone()[0])


def names_of(needles: Sequence[str]) -> list[str]:
    """The ids and digests as they may stand in a key: with dashes and without."""
    return sorted({form for text in needles for form in (text, text.replace("-", ""))})


def cached_keys(needles: Sequence[str]) -> list[bytes]:
    """Keys of Redis whose name holds one of the needles."""
    wanted = [name.encode() for name in names_of(needles)]
    with _client() as client:
        found = client.scan_iter(count=SCAN_COUNT)
        return [key for key in found if any(name in key for name in wanted)]


def drop_cached(needles: Sequence[str]) -> int:
    keys = cached_keys(needles)
    with _client() as client:
        for start in range(0, len(keys), SCAN_COUNT):
            client.unlink(*keys[start : start + SCAN_COUNT])
    return len(keys)


def drop_files(org_id: UUID) -> int:
    """Archives, and the ledger rows that Postgres refused; returns how many."""
    return files.remove_all(org_id) + _drop_rejected(org_id)


def files_left(org_id: UUID) -> list[str]:
    left = [str(path) for path in files.files_of(org_id)]
    path = _rejected()
    if any(org_id.hex.encode() in line for line in _lines(path)):
        left.append(str(path))
    return left


def _drop_rejected(org_id: UUID) -> int:
    path = _rejected()
    lines = list(_lines(path))
    kept = [line for line in lines if org_id.hex.encode() not in line]
    if len(kept) < len(lines):
        draft = path.with_suffix(".new")
        draft.write_bytes(b"".join(kept))
        draft.replace(path)
    return len(lines) - len(kept)


def _rejected() -> Path:
    return Path(settings.JOURNAL_DIR) / "rejected.jsonl"


def _lines(path: Path) -> Iterator[bytes]:
    if path.exists():
        with path.open("rb") as file:
            yield from file


def _client() -> Any:
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S
    )


def as_counts(value: Any) -> dict[str, int]:
    """A jsonb object of counts, whichever way the driver hands it over."""
    return dict(_json(value))


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value

"""Write one organization's tables into one archive, in steps that can be repeated.

Each step appends at most `ROWS` rows to a part file and notes in the export's row how
far it got: the file's length and the last key. A job that was killed half way leaves
more in the file than it noted; the next one cuts the file back and goes on. The archive
gets its name only when it is whole.
"""

import hashlib
import os
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final
from uuid import UUID

import msgspec
from django.db import connection

from apps.privacy import files
from apps.privacy.tables import LEFT_OUT, Table, owned_tables

ROWS: Final = 500
CHUNK_BYTES: Final = 1024 * 1024
PEOPLE: Final = "people"
README: Final = """\
Everything ModelOptix holds of your organization, one file of JSON Lines a table: one
row a line, in UTF-8, moments in UTC. manifest.json names each file with its number of
rows, its SHA-256, and the columns that stay with us because they hold secrets or
fingerprints of secrets (API keys, provider keys, invitation links).
"""


@dataclass
class Part:
    """One table's file, and how far it is."""

    name: str
    rows: int = 0
    size: int = 0
    after: list[Any] | None = None
    is_whole: bool = False
    sha256: str = ""


@dataclass
class Progress:
    """Where an archive stands; kept in the export's row as JSON."""

    parts: list[Part] = field(default_factory=list)
    began_at: str = ""

    @classmethod
    def read(cls, stored: dict[str, Any]) -> "Progress":
        return msgspec.convert(stored, cls) if stored else cls()

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def rows(self) -> int:
        return sum(part.rows for part in self.parts)

    @property
    def next_part(self) -> Part | None:
        return next((part for part in self.parts if not part.is_whole), None)


def begin(now: datetime) -> Progress:
    names = [table.name for table in owned_tables()]
    return Progress([Part(name) for name in [*names, PEOPLE]], now.isoformat())


def count_rows() -> int:
    """How many rows there are to write, of the organization in scope."""
    total = 0
    with connection.cursor() as cursor:
        for table in owned_tables():
            cursor.execute(
                f"SELECT count(*) FROM {table.name}"  # noqa: S608  # our own names
                f" WHERE {table.org_column} = {_IN_SCOPE}"
            )
            total += cursor.fetchone()[0]
    return total


def are_files_there(folder: Path, progress: Progress) -> bool:
    """Whether what was noted is on this disk; another host starts afresh."""
    noted = [part for part in progress.parts if part.rows]
    return all(_size(folder / f"{part.name}.jsonl") >= part.size for part in noted)


def step(folder: Path, part: Part) -> None:
    """Append the next rows of a table and note them in `part`."""
    path = folder / f"{part.name}.jsonl"
    lines = _people(part) if part.name == PEOPLE else _rows(part)
    with _open_at(path, part.size) as file:
        for line, key in lines:
            file.write(line.encode() + b"\n")
            part.rows, part.after = part.rows + 1, key
        file.flush()
        os.fsync(file.fileno())
        part.size = file.tell()
    if part.is_whole:
        part.sha256 = _sha256(path)


# The scope's organization, as row security has it: the second of two filters.
_IN_SCOPE: Final = "nullif(current_setting('app.org_id', true), '')::uuid"


def _rows(part: Part) -> list[tuple[str, list[Any]]]:
    table = next((t for t in owned_tables() if t.name == part.name), None)
    if table is None:
        # A release came in between and the table is no more.
        part.is_whole = True
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            _select(table, is_first=part.after is None),
            [list(table.withheld), *(part.after or []), ROWS],
        )
        rows = cursor.fetchall()
    part.is_whole = len(rows) < ROWS
    return [(text, [str(value) for value in key]) for text, *key in rows]


def _select(table: Table, *, is_first: bool) -> str:
    key = ", ".join(table.key)
    marks = ", ".join(["%s"] * len(table.key))
    after = "" if is_first else f" AND ({key}) > ({marks})"
    return (
        f"SELECT (to_jsonb(t) - %s::text[])::text, {key} FROM {table.name} t"  # noqa: S608  # our own names
        f" WHERE {table.org_column} = {_IN_SCOPE}{after} ORDER BY {key} LIMIT %s"
    )


# People are nobody's property; a member list without names would be of no use.
_PEOPLE: Final = f"""
    SELECT jsonb_build_object('id', u.id, 'email', u.email, 'name', u.name,
        'role', m.role, 'member_since', m.created_at)::text
    FROM accounts_membership m JOIN accounts_user u ON u.id = m.user_id
    WHERE m.org_id = {_IN_SCOPE} ORDER BY m.created_at, m.id
"""  # noqa: S608  # our own names


def _people(part: Part) -> list[tuple[str, list[Any]]]:
    with connection.cursor() as cursor:
        cursor.execute(_PEOPLE)
        rows = cursor.fetchall()
    part.is_whole = True
    return [(text, []) for (text,) in rows]


def pack(
    org_id: UUID, export_id: UUID, progress: Progress, *, check: Callable[[], None]
) -> tuple[int, str]:
    """Make the archive from its parts; returns its size and SHA-256.

    `check` is called between two chunks and raises when going on is in vain.
    """
    folder = files.parts_folder(org_id, export_id)
    path = files.archive_path(org_id, export_id)
    draft = path.with_suffix(".zip.new")
    draft.unlink(missing_ok=True)
    with _open_at(draft, 0) as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("README.txt", README)
            archive.writestr("manifest.json", _manifest(org_id, progress))
            for part in progress.parts:
                source = folder / f"{part.name}.jsonl"
                with archive.open(source.name, "w", force_zip64=True) as target:
                    _copy(part, source, target, check=check)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    return path.stat().st_size, _sha256(path)


def _copy(
    part: Part, source: Path, target: IO[bytes], *, check: Callable[[], None]
) -> None:
    """Copy a part; raises ValueError when it is not what was written."""
    digest = hashlib.sha256()
    for chunk in _chunks(source):
        check()
        digest.update(chunk)
        target.write(chunk)
    if digest.hexdigest() != part.sha256:
        raise ValueError(f"The part {part.name} was changed after it was written.")


def _manifest(org_id: UUID, progress: Progress) -> bytes:
    withheld = {t.name: list(t.withheld) for t in owned_tables() if t.withheld}
    content = {
        "format": 1,
        "organization": str(org_id),
        "made_at": progress.began_at,
        "files": [
            {
                "file": f"{part.name}.jsonl",
                "rows": part.rows,
                "bytes": part.size,
                "sha256": part.sha256,
                "withheld_columns": withheld.get(part.name, []),
            }
            for part in progress.parts
        ],
        "left_out": LEFT_OUT,
    }
    return msgspec.json.format(msgspec.json.encode(content))


def _open_at(path: Path, size: int) -> Any:
    """Open for writing at `size`, with whatever is behind it cut off."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    file = os.fdopen(descriptor, "r+b")
    file.truncate(size)
    file.seek(size)
    return file


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    for chunk in _chunks(path):
        digest.update(chunk)
    return digest.hexdigest()


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else -1

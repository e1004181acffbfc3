"""Where archives lie: below the data folder, readable by this user alone."""

import shutil
from pathlib import Path
from uuid import UUID

from django.conf import settings


def folder_of(org_id: UUID) -> Path:
    return Path(settings.DATA_DIR) / "exports" / str(org_id)


def archive_path(org_id: UUID, export_id: UUID) -> Path:
    return folder_of(org_id) / f"{export_id}.zip"


def parts_folder(org_id: UUID, export_id: UUID) -> Path:
    """Where an archive is built."""
    return folder_of(org_id) / f"{export_id}.parts"


def make_private(folder: Path) -> None:
    """The folder and those above it up to the data folder, for this user alone."""
    for path in (folder.parents[1], folder.parent, folder):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)


def remove_export(org_id: UUID, export_id: UUID) -> None:
    """The archive and whatever was built towards it; gone already is well too."""
    path = archive_path(org_id, export_id)
    path.unlink(missing_ok=True)
    path.with_suffix(".zip.new").unlink(missing_ok=True)
    shutil.rmtree(parts_folder(org_id, export_id), ignore_errors=True)


def remove_parts(org_id: UUID, export_id: UUID) -> None:
    shutil.rmtree(parts_folder(org_id, export_id), ignore_errors=True)


def remove_all(org_id: UUID) -> int:
    """Every file of the organization; returns how many there were."""
    found = files_of(org_id)
    if folder_of(org_id).exists():
        shutil.rmtree(folder_of(org_id))
    return len(found)


def files_of(org_id: UUID) -> list[Path]:
    return [path for path in folder_of(org_id).rglob("*") if path.is_file()]

"""Build the archives that were asked for: one step each in turn, until time is up.

A large organization does not hold up a small one, and a run that ends, however it
ends, is gone on with by the next one a minute later.
"""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from apps.accounts.models import Organization
from apps.audit.services import record
from apps.jobs.errors import LostRunError, StoppedError
from apps.jobs.lock import Held
from apps.kit.clock import utc_now
from apps.mail import services as mail
from apps.privacy import archive, files
from apps.privacy.archive import Progress
from apps.privacy.models import Export
from apps.tenancy.scope import scope, unscoped

logger = logging.getLogger(__name__)

SALT: Final = "modeloptix.export"
LINK_DAYS: Final = 7
# One run's share; the schedule starts the next within a minute.
RUN_S: Final = 50.0
MOST_ATTEMPTS: Final = 5
OPEN: Final = (Export.State.WAITING, Export.State.RUNNING)


@dataclass(frozen=True)
class Job:
    """One archive to be built."""

    org_id: UUID
    export_id: UUID


def build_archives(held: Held, *, seconds: float = RUN_S) -> str:
    """Go on with every archive; raises the last problem when one had to be left."""
    ends_at = time.monotonic() + seconds
    failed: Exception | None = None
    done = 0
    queue = [(job, _steps(held, job)) for job in _open_jobs()]
    while queue and time.monotonic() < ends_at:
        job, steps = queue.pop(0)
        try:
            next(steps)
            queue.append((job, steps))
        except StopIteration:
            done += 1
        except (LostRunError, StoppedError):
            raise
        except Exception as problem:
            logger.exception("Export %s stumbled", job.export_id)
            _note_failure(job, problem)
            failed = problem
    if failed is not None:
        raise failed
    return f"{done} archives finished, {len(queue)} to be gone on with"


def _open_jobs() -> list[Job]:
    with unscoped("the export job builds every organization's archives"):
        rows = Export.objects.filter(state__in=OPEN).order_by("created_at")
        return [Job(row.org_id, row.id) for row in rows]


def _steps(held: Held, job: Job) -> Iterator[None]:
    """Build one archive; whoever calls it decides when the next step is taken."""
    folder = files.parts_folder(job.org_id, job.export_id)
    with scope(job.org_id):
        progress = _begin(held, job)
    yield
    while (part := progress.next_part) is not None:
        with scope(job.org_id), held.unit():
            archive.step(folder, part)
            _rows_of(job).update(progress=progress.as_json(), rows_done=progress.rows)
        yield
    with scope(job.org_id):
        _finish(job, progress, check=held.check)


def _begin(held: Held, job: Job) -> Progress:
    files.make_private(files.parts_folder(job.org_id, job.export_id))
    with held.unit():
        export = Export.objects.get(id=job.export_id)
        progress = Progress.read(export.progress)
        folder = files.parts_folder(job.org_id, job.export_id)
        if not progress.parts or not archive.are_files_there(folder, progress):
            progress = archive.begin(utc_now())
        _rows_of(job).update(
            state=Export.State.RUNNING,
            progress=progress.as_json(),
            rows_done=progress.rows,
            rows_total=archive.count_rows(),
        )
    return progress


def _finish(job: Job, progress: Progress, *, check: Callable[[], None]) -> None:
    """The archive is offered once it is whole; only then its parts may go."""
    size, sha256 = archive.pack(job.org_id, job.export_id, progress, check=check)
    now = utc_now()
    check()
    with transaction.atomic():
        made = _rows_of(job).filter(state=Export.State.RUNNING)
        if not made.update(
            state=Export.State.READY,
            finished_at=now,
            expires_at=now + timedelta(days=LINK_DAYS),
            size_bytes=size,
            sha256=sha256,
            rows_total=progress.rows,
            progress={},
            error="",
        ):
            return
        record(
            "export.ready",
            subject="export",
            subject_id=job.export_id,
            after={"rows": progress.rows, "size_bytes": size},
        )
        _tell(job)
    files.remove_parts(job.org_id, job.export_id)


def _tell(job: Job) -> None:
    export = Export.objects.select_related("asked_by").get(id=job.export_id)
    if export.asked_by is None:
        return
    mail.send(
        "export_ready",
        to=export.asked_by.email,
        context={
            "org_name": Organization.objects.get(id=job.org_id).name,
            "url": link_to(job.org_id, job.export_id),
            "expires_at": export.expires_at,
            "rows": export.rows_total,
            "size_bytes": export.size_bytes,
        },
        org_id=job.org_id,
    )


def _note_failure(job: Job, problem: Exception) -> None:
    """Try again in the next run; after five times somebody has to look."""
    with scope(job.org_id), transaction.atomic():
        export = Export.objects.select_for_update(of=("self",)).get(id=job.export_id)
        export.attempts += 1
        export.error = f"{type(problem).__name__}: {problem}"[:500]
        if export.attempts >= MOST_ATTEMPTS:
            export.state = Export.State.FAILED
            export.finished_at = utc_now()
        export.save(update_fields=["attempts", "error", "state", "finished_at"])


def _rows_of(job: Job) -> QuerySet[Export]:
    return Export.objects.filter(id=job.export_id)


def expire(held: Held) -> int:
    """Remove the archives whose week is over; returns how many."""
    with unscoped("expired archives of every organization are removed"):
        due = Export.objects.filter(state=Export.State.READY, expires_at__lte=utc_now())
        jobs = [Job(row.org_id, row.id) for row in due]
    for job in jobs:
        with scope(job.org_id), held.unit():
            _rows_of(job).update(state=Export.State.EXPIRED)
        files.remove_export(job.org_id, job.export_id)
    return len(jobs)


def link_to(org_id: UUID, export_id: UUID) -> str:
    """The mailed address: signed, and good for a week."""
    token = signing.dumps([org_id.hex, export_id.hex], salt=SALT)
    return f"{settings.SITE_URL}{reverse('privacy:download', args=[token])}"


def read_link(token: str) -> Job | None:
    """What a link leads to; None when it is not ours or its week is over."""
    try:
        org_id, export_id = signing.loads(
            token, salt=SALT, max_age=timedelta(days=LINK_DAYS)
        )
        return Job(UUID(org_id), UUID(export_id))
    except (signing.BadSignature, ValueError):
        return None

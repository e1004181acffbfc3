"""Delete the organizations whose time has come, and prove that nothing is left.

Every step can be repeated: a job that dies is gone on with by the next. The last step
looks for rows, keys and files again, and raises when it finds any: a deletion that is
not whole fails as a job, and staff are told.
"""

import logging
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connections
from django.db.models import QuerySet

from apps.accounts.key_services import revoke_key
from apps.accounts.models import APIKey, Organization
from apps.jobs.errors import LostRunError, StoppedError
from apps.jobs.lock import Held
from apps.kit.clock import utc_now
from apps.mail import services as mail
from apps.privacy import people, services, sweep
from apps.privacy.errors import NotErasedError
from apps.privacy.models import Deletion, Erasure
from apps.tenancy.scope import scope, unscoped

logger = logging.getLogger(__name__)

BITE: Final = 5000
# Mails before the end, in days: once each.
REMINDERS: Final = (7, 1)


def erase_due(held: Held) -> str:
    """Delete what is due, and finish what an earlier run began; raises the last
    problem when one had to be left.
    """
    failed: Exception | None = None
    done = 0
    for org_id in _due():
        try:
            done += erase(held, org_id)
        except (LostRunError, StoppedError):
            raise
        except Exception as problem:
            logger.exception("Deleting organization %s stumbled", org_id)
            _unverified(org_id).update(error=str(problem)[:500])
            failed = problem
    if failed is not None:
        raise failed
    return f"{done} organizations deleted"


def _due() -> list[UUID]:
    with unscoped("deletions that are due belong to every organization"):
        planned = Deletion.objects.filter(due_at__lte=utc_now())
        due = list(planned.values_list("org_id", flat=True))
    begun = Erasure.objects.using("jobs").filter(verified_at=None)
    return list(dict.fromkeys([*begun.values_list("erased_id", flat=True), *due]))


def erase(held: Held, org_id: UUID) -> bool:
    """Delete one organization; False when it was undone in time."""
    with held.unit(using="jobs"):
        (is_begun,) = _call("SELECT begin_erasure(%s)", org_id)
    if not is_begun:
        return False
    if _unverified(org_id).filter(erased_at=None).exists():
        _revoke_keys(org_id)
        _erase_large_tables(held, org_id)
        _erase_rest(held, org_id)
    erasure = _unverified(org_id).get()
    held.check()
    gone = sum(people.forget(user_id) for user_id in erasure.people)
    files = sweep.drop_files(org_id)
    cached = sweep.drop_cached(erasure.needles)
    verify(erasure)
    with unscoped("the certificate of a deleted organization has no scope"):
        _certify(held, erasure, {"people": gone, "files": files, "cached": cached})
    return True


def _revoke_keys(org_id: UUID) -> None:
    """Every process forgets the keys before their rows go."""
    with scope(org_id):
        for key in APIKey.objects.filter(revoked_at=None):
            revoke_key(key.id)


def _erase_large_tables(held: Held, org_id: UUID) -> None:
    for table in _partitioned():
        gone = BITE
        while gone == BITE:
            with held.unit(using="jobs"):
                (gone,) = _call("SELECT erase_rows(%s, %s, %s)", org_id, table, BITE)
                _add_counts(org_id, {table: gone})


def _partitioned() -> list[str]:
    with connections["jobs"].cursor() as cursor:
        cursor.execute(
            "SELECT tab FROM organization_columns()"
            " WHERE is_partitioned AND col = 'org_id'"
        )
        return [name for (name,) in cursor.fetchall()]


def _erase_rest(held: Held, org_id: UUID) -> None:
    with held.unit(using="jobs"):
        (counts,) = _call("SELECT erase_organization(%s)", org_id)
        _add_counts(org_id, sweep.as_counts(counts))
        _unverified(org_id).update(erased_at=utc_now())


def _add_counts(org_id: UUID, counts: dict[str, int]) -> None:
    erasure = _unverified(org_id).get()
    for table, rows in counts.items():
        erasure.counts[table] = erasure.counts.get(table, 0) + rows
    erasure.save(using="jobs", update_fields=["counts"])


def verify(erasure: Erasure) -> None:
    """Look everywhere again; raises NotErasedError with what was found."""
    left: dict[str, Any] = {
        "rows": sweep.rows_left(erasure.erased_id),
        "files": sweep.files_left(erasure.erased_id),
        "cached": [key.decode() for key in sweep.cached_keys(erasure.needles)],
    }
    found = {place: things for place, things in left.items() if things}
    if found:
        raise NotErasedError(f"The deletion left something: {found}")


def _certify(held: Held, erasure: Erasure, further: dict[str, int]) -> None:
    """Mail the owners what was deleted, and forget even their addresses."""
    now = utc_now()
    with held.unit(using="jobs"):
        if erasure.recipients:
            mail.send(
                "organization_deleted",
                to=erasure.recipients,
                context={
                    "org_name": erasure.name,
                    "org_id": erasure.erased_id,
                    "counts": sorted(erasure.counts.items()),
                    "total": sum(erasure.counts.values()),
                    "verified_at": now,
                    **further,
                },
            )
        _unverified(erasure.erased_id).update(
            verified_at=now, name="", recipients=[], people=[], needles=[], error=""
        )


def _unverified(org_id: UUID) -> QuerySet[Erasure]:
    return Erasure.objects.using("jobs").filter(erased_id=org_id, verified_at=None)


def _call(statement: str, *values: UUID | str | int) -> tuple[Any, ...]:
    with connections["jobs"].cursor() as cursor:
        cursor.execute(statement, values)
        row: tuple[Any, ...] = cursor.fetchone()
    return row


def sweep_late_rows(held: Held) -> int:
    """Remove what a sleeping host shipped after the end; returns how many rows."""
    gone = 0
    erased = Erasure.objects.using("jobs").exclude(verified_at=None)
    for org_id in erased.values_list("erased_id", flat=True):
        if not sweep.rows_left(org_id):
            continue
        with held.unit(using="jobs"):
            (counts,) = _call("SELECT erase_organization(%s)", org_id)
        gone += sum(sweep.as_counts(counts).values())
        logger.warning("Late rows of a deleted organization are gone: %s", counts)
    return gone


def remind(held: Held) -> int:
    """Mail the members a week and a day before the end; returns how many mails."""
    now = utc_now()
    with unscoped("the reminders go to members of every organization"):
        planned = Deletion.objects.filter(state=Deletion.State.SCHEDULED)
        plans = [(plan.org_id, plan.due_at, plan.reminded_days) for plan in planned]
    sent = 0
    for org_id, due_at, reminded in plans:
        left = due_at - now
        days = min((d for d in REMINDERS if left <= timedelta(days=d)), default=None)
        if days is None or (reminded is not None and reminded <= days):
            continue
        with scope(org_id), held.unit():
            Deletion.objects.update(reminded_days=days)
            org = Organization.objects.get(id=org_id)
            services.tell_members("deletion_reminder", org, due_at=due_at)
        sent += 1
    return sent

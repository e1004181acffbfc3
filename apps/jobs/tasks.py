"""What the clock starts to keep jobs going; the outbox's task is in `delivery`."""

from celery import shared_task

from apps.jobs import pruning, rows
from apps.jobs.delivery import deliver
from apps.jobs.dispatch import dispatch
from apps.jobs.job import job
from apps.jobs.lock import Held
from apps.jobs.presence import note_tick
from apps.jobs.watch import watch
from apps.tenancy.tasks import OrgTask

__all__ = ["deliver", "dispatch_due", "prune", "reap_silent", "watch_jobs"]


@shared_task(name="jobs.dispatch", base=OrgTask, needs_org=False)
def dispatch_due() -> list[str]:
    note_tick()
    return dispatch()


@shared_task(name="jobs.reap", base=OrgTask, needs_org=False)
def reap_silent() -> int:
    return rows.reap()


@shared_task(name="jobs.watch", base=OrgTask, needs_org=False)
def watch_jobs() -> int:
    return watch()


@job("jobs.prune")
def prune(held: Held) -> str:
    return pruning.prune(held)

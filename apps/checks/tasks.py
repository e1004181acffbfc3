"""Checks in workers: one task runs a check, the clock finds those left behind."""

from typing import Final
from uuid import UUID

from celery import shared_task
from django.db.models import Q

from apps.checks import forgetting, running
from apps.checks.models import Check
from apps.jobs.job import job
from apps.jobs.lock import Held
from apps.kit.clock import utc_now
from apps.tenancy.scope import scope, unscoped
from apps.tenancy.tasks import OrgTask

EXPIRES_S: Final = 60
MOST_RESUMED: Final = 200


@shared_task(name="checks.run_check", base=OrgTask)
def run_check(check_id: str) -> None:
    running.run_check(UUID(check_id))


@job("checks.resume")
def resume(held: Held) -> str:
    """Send on checks whose worker is gone; of two that come, one gets the lease."""
    with unscoped("checks of every organization may be left behind"):
        now = utc_now()
        left = Check.objects.filter(state=Check.State.RUNNING).filter(
            Q(lease_until=None) | Q(lease_until__lt=now)
        )
        found = list(left.order_by("started_at").values_list("org_id", "id"))
    for org_id, check_id in found[:MOST_RESUMED]:
        held.check()
        send(org_id, check_id)
    return f"{len(found)} checks sent on"


@job("checks.forget")
def forget(held: Held) -> str:
    """Remove answers and sampled prompts whose time is over."""
    return forgetting.forget(held)


def send(org_id: UUID, check_id: UUID) -> None:
    """Hand a check to a worker; nobody waits for the broker."""
    with scope(org_id):
        run_check.apply_async(args=[str(check_id)], retry=False, expires=EXPIRES_S)

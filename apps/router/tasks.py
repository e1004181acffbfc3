"""What runs on the clock: roll-ups every minute, partitions every night."""

from celery import shared_task

from apps.router import rollups
from apps.tenancy.scope import unscoped
from apps.tenancy.tasks import OrgTask


@shared_task(name="router.roll_up", base=OrgTask, needs_org=False)
def roll_up() -> int:
    with unscoped("the roll-up sums every organization's ledger"):
        return rollups.roll_up()


@shared_task(name="router.make_partitions", base=OrgTask, needs_org=False)
def make_partitions() -> int:
    with unscoped("a partition holds every organization's rows"):
        return rollups.make_partitions()

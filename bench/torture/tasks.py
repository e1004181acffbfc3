"""What the tortured Celery workers do: one effect for a message, one for a task."""

import time
from typing import Any, Final
from uuid import UUID

from celery import shared_task
from django.db import connections

from apps.jobs.handlers import handles
from apps.tenancy.tasks import OrgTask

TOPIC: Final = "torture.message"
WORK_S: Final = 0.02


@handles(TOPIC, exactly_once_in="jobs")
def note_message(payload: dict[str, Any], *, message_id: UUID) -> None:
    with connections["jobs"].cursor() as cursor:
        cursor.execute("INSERT INTO torture_messages VALUES (%s)", [message_id])
    time.sleep(WORK_S)


@shared_task(name="torture.task", base=OrgTask, needs_org=False)
def note_task(number: int) -> None:
    """An effect that a second start does not double, as every task must be."""
    with connections["jobs"].cursor() as cursor:
        cursor.execute("INSERT INTO torture_starts VALUES (%s)", [number])
        time.sleep(WORK_S)
        cursor.execute(
            "INSERT INTO torture_tasks VALUES (%s) ON CONFLICT DO NOTHING", [number]
        )

"""Why a job runs, and how a Celery message says so."""

from dataclasses import dataclass
from typing import Any

from celery import current_task

from apps.jobs.models import Trigger

TRIGGER_HEADER = "job_trigger"
BY_HEADER = "job_by"


@dataclass(frozen=True, slots=True)
class Cause:
    """What started a run, and who, where somebody did."""

    trigger: str = Trigger.SCHEDULE.value
    by: str = ""

    def headers(self) -> dict[str, str]:
        return {TRIGGER_HEADER: self.trigger, BY_HEADER: self.by}


def cause_of_task() -> Cause:
    """What the message of the Celery task says that is running here, if one is."""
    request = current_task.request if current_task else None
    headers: dict[str, Any] = (request.headers if request else None) or {}
    trigger = headers.get(TRIGGER_HEADER) or Trigger.SCHEDULE.value
    return Cause(trigger, headers.get(BY_HEADER) or "")

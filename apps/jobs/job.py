"""Make a function a scheduled job: a Celery task that holds a run of its own name."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from celery import shared_task

from apps.jobs.errors import NotNowError, StoppedError
from apps.jobs.lock import Held, hold
from apps.tenancy.tasks import OrgTask


def job(
    name: str, *, limit_s: float | None = None
) -> Callable[[Callable[[Held], object]], Any]:
    """Turn `function(held)` into the task `name`; list it in `apps.jobs.schedule`.

    What the function returns is the run's summary, unless it set one.
    """

    def decorate(function: Callable[[Held], object]) -> Any:
        # Neither is an error: Celery logs them in a line, without a traceback.
        expected = (NotNowError, StoppedError)

        @shared_task(name=name, base=OrgTask, needs_org=False, throws=expected)
        @wraps(function)
        def run() -> str:
            with hold(name, limit_s=limit_s) as held:
                result = function(held)
                if result is not None and not held.summary:
                    held.summary = str(result)
            return held.summary

        return run

    return decorate

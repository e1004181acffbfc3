"""The Celery application: late acknowledgement, so a killed worker loses no task."""

import os
from typing import Any

from celery import Celery, signals
from django.conf import settings

from apps.jobs import presence, stopping
from apps.jobs.schedule import beat_schedule

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("modeloptix", task_cls="apps.tenancy.tasks:OrgTask")
# Every thread's application, not only that of the thread which imports this.
app.set_default()
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    broker_connection_retry_on_startup=True,
    # A broker that is gone for longer than any number of tries is not for ever.
    broker_connection_max_retries=None,
    broker_transport_options={
        # Above the longest run with its lease, or a slow one is handed out again.
        "visibility_timeout": settings.JOB_LIMIT_S + settings.JOB_LEASE_S,
        # The default looks for lost tasks only every tenth time it could.
        "unacked_restore_throttle": 1,
        # Whoever is killed while it looks for them keeps others from it so long.
        "unacked_mutex_expire": 60,
        # A page that posts a message must not wait for a broker that hangs.
        "socket_timeout": 5,
        "socket_connect_timeout": 1,
    },
    task_ignore_result=True,
    timezone="UTC",
    beat_schedule=beat_schedule(),
)
app.autodiscover_tasks()


@signals.worker_ready.connect
def announce_worker(**kwargs: Any) -> None:
    presence.announce("worker")


@signals.beat_init.connect
def announce_beat(**kwargs: Any) -> None:
    presence.announce("beat")


@signals.worker_shutting_down.connect
def end_jobs(**kwargs: Any) -> None:
    """Runs end at their next unit, so that the worker need not be killed."""
    stopping.stop()

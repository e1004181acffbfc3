"""The Celery application: late acknowledgement, so a killed worker loses no task."""

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("modeloptix", task_cls="apps.tenancy.tasks:OrgTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        # Above the longest task, or a slow one is handed out a second time.
        "visibility_timeout": 3600,
        "unacked_restore_throttle": 1,
    },
    task_ignore_result=True,
    timezone="UTC",
    beat_schedule={
        "roll up the ledger": {"task": "router.roll_up", "schedule": 60.0},
        "make ledger partitions": {
            "task": "router.make_partitions",
            "schedule": crontab(hour=0, minute=30),
        },
    },
)
app.autodiscover_tasks(["apps.router"])

from importlib import import_module

from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "apps.jobs"
    label = "jobs"

    def ready(self) -> None:
        # In every process that sends a task: without it Celery would look for an
        # AMQP broker on this machine.
        import_module("config.celery")

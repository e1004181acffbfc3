"""`manage run_job NAME`: run a scheduled job here and now, in this process."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.jobs.cause import Cause
from apps.jobs.dispatch import task_of
from apps.jobs.errors import NotNowError
from apps.jobs.models import Trigger
from apps.jobs.redact import describe
from apps.jobs.schedule import JOBS


class Command(BaseCommand):
    help = "Run a scheduled job here, and report how it ended."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", choices=sorted(JOBS), metavar="NAME")

    def handle(self, *args: Any, name: str, **options: Any) -> None:
        cause = Cause(Trigger.COMMAND.value, "command line")
        try:
            summary = task_of(name).apply(headers=cause.headers(), throw=True).get()
        except NotNowError as problem:
            raise CommandError(str(problem)) from problem
        except Exception as problem:
            raise CommandError(describe(problem)) from problem
        self.stdout.write(f"{name}: completed. {summary}".rstrip())

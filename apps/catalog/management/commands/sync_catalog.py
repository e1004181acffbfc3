"""Sync the catalog from one of its sources, or show what that would change."""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.catalog.sources.base import BrokenPayloadError
from apps.catalog.sources.registry import ENDPOINTS, SOURCES
from apps.catalog.sync.endpoints import source_of
from apps.catalog.sync.report import report
from apps.catalog.sync.running import (
    Request,
    SwitchedOffError,
    preview,
    sync_source,
)
from apps.jobs.lock import AlreadyRunningError
from apps.kit.http import FetchError


class Command(BaseCommand):
    help = "Sync models, offers and prices from one source; --dry-run only shows it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--source", required=True, choices=[*SOURCES, ENDPOINTS])
        parser.add_argument("--file", default="", help="a recorded answer to read")
        parser.add_argument("--dry-run", action="store_true", help="write nothing")
        parser.add_argument("--all", action="store_true", help="show long lists whole")
        parser.add_argument(
            "--on", type=date.fromisoformat, help="the day the file was recorded"
        )
        parser.add_argument(
            "--allow-fewer",
            action="store_true",
            help="believe an answer with under 80 %% of the last one's rows",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        request = Request(
            source=source_of(options["source"]),
            file=options["file"],
            on=options["on"],
            allows_fewer=options["allow_fewer"],
            trigger="command",
        )
        try:
            if options["dry_run"]:
                self._show(request, shows_all=options["all"])
            else:
                self.stdout.write(sync_source(request).summary)
        except (FetchError, BrokenPayloadError, SwitchedOffError) as problem:
            raise CommandError(f"Nothing was written: {problem}") from problem
        except AlreadyRunningError as problem:
            raise CommandError(str(problem)) from problem

    def _show(self, request: Request, *, shows_all: bool) -> None:
        diff, _ = preview(request)
        if diff is None:
            self.stdout.write("Not changed at the source.")
            return
        for line in report(diff, shows_all=shows_all):
            self.stdout.write(line)

"""`manage jobs`: a table of all jobs; `--check` fails when something is wrong."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from apps.jobs.queries import JobLine, job_lines, part_lines
from apps.jobs.watch import in_words, problems


class Command(BaseCommand):
    help = "Show every scheduled job: its last run, its age, and when it is due."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check",
            action="store_true",
            help="only problems; exit 1 if there are any",
        )

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        found = problems(using="jobs")
        if not check:
            self._table()
        for problem in found:
            self.stdout.write(f"! {problem.words}")
        if check and found:
            sys.exit(1)

    def _table(self) -> None:
        heads = ("job", "when", "last run", "took", "items", "data age", "next")
        table = [heads, *(_cells(line) for line in job_lines())]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        for row in table:
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
            self.stdout.write("  ".join(cells).rstrip())
        for part in part_lines():
            state = "alive" if part.is_alive else "not seen"
            self.stdout.write(f"{part.name}: {state}")


def _cells(line: JobLine) -> tuple[str, ...]:
    now, run = timezone.now(), line.latest
    return (
        line.job.name,
        str(line.job.timing),
        run.status if run else "never",
        f"{line.took_ms / 1000:.1f} s" if line.took_ms else "",
        str(run.items_done) if run and run.items_done else "",
        in_words(now - line.data_at) if line.data_at else "",
        f"{line.next_at:%d %b %H:%M}",
    )

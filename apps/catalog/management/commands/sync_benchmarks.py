"""Fetch benchmark results by hand, or only look what a fetch would change."""

from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from apps.catalog.benchmark_sync import FEEDS, sync
from apps.catalog.models import Score
from apps.catalog.rating import rate_models
from apps.catalog.services import DATABASE
from apps.kit.clock import utc_now


class Command(BaseCommand):
    help = "Fetch published benchmark results, match them and rate all models."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--source", choices=sorted(FEEDS), help="only this one")
        parser.add_argument(
            "--file",
            metavar="ADDRESS",
            help="read that source from there (a path, too)",
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="show what would change, keep nothing",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        slugs = [options["source"]] if options["source"] else list(FEEDS)
        if options["file"] and not options["source"]:
            raise CommandError("--file needs --source")
        urls = {options["source"]: options["file"]} if options["file"] else {}
        with transaction.atomic(using=DATABASE):
            done = sync(slugs, unit=_within, urls=urls)
            rated = rate_models(on=utc_now().date())
            self.stdout.write("\n".join(map(str, done)))
            would = "would change" if options["dry_run"] else "changed"
            self.stdout.write(f"{rated.qualities} rows of the quality table {would}.")
            self._name_unmatched(slugs)
            if options["dry_run"]:
                transaction.set_rollback(True, using=DATABASE)
        if failed := [one.label for one in done if one.failed]:
            raise CommandError(f"failed: {', '.join(failed)}")

    def _name_unmatched(self, slugs: list[str]) -> None:
        rows = Score.objects.using(DATABASE).filter(
            source__in=slugs, ai_model=None, is_listed=True
        )
        names = sorted(set(rows.values_list("source", "name")))
        self.stdout.write(f"{len(names)} names match no model:")
        self.stdout.write("\n".join(f"  {source}  {name}" for source, name in names))


@contextmanager
def _within() -> Iterator[None]:
    with transaction.atomic(using=DATABASE):
        yield

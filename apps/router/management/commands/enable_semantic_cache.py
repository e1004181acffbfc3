"""Make room for vectors, after the extension `vector` has been installed."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from apps.router import semantic_schema


class Command(BaseCommand):
    help = "Add the column of the semantic cache; needs the extension `vector`."

    def handle(self, *args: Any, **options: Any) -> None:
        if not semantic_schema.prepare(connections["owner"]):
            raise CommandError(
                "The extension is not there: as a superuser, run "
                "CREATE EXTENSION vector in this database."
            )
        self.stdout.write("The semantic cache is available.")

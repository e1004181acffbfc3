"""Load the shipped catalog; does nothing when the database already holds it."""

from typing import Any

from django.core.management.base import BaseCommand

from apps.catalog.seeding import load_seed


class Command(BaseCommand):
    help = "Load the shipped providers, models, prices and scores into the database."

    def handle(self, *args: Any, **options: Any) -> None:
        loaded = load_seed()
        if not loaded.models:
            state = "retired what ended" if loaded.is_changed else "up to date"
            self.stdout.write(f"Catalog: {state}.")
            return
        self.stdout.write(
            f"Catalog: {loaded.models} models, {loaded.offers} offers of "
            f"{loaded.providers} providers, {loaded.new_prices} new prices."
        )

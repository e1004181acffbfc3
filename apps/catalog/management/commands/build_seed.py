"""Rebuild the seed's files from published price tables (see docs/catalog.md)."""

import gzip
import json
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.catalog import building
from apps.catalog.folding import match_key
from apps.catalog.seed_format import SEED_DIR, write_rows
from apps.catalog.sources import genai, litellm, modelsdev
from apps.catalog.sources.listing import Listing
from apps.kit.clock import utc_now


class Command(BaseCommand):
    help = "Rebuild apps/catalog/seed/*.jsonl from the files of MIT-licensed sources."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--litellm", type=Path, required=True, metavar="FILE")
        parser.add_argument("--litellm-version", required=True)
        parser.add_argument(
            "--genai", action="store_true", help="OpenRouter's offers, of genai-prices"
        )
        parser.add_argument("--models-dev", type=Path, metavar="FILE")
        parser.add_argument(
            "--on",
            type=date.fromisoformat,
            default=utc_now().date(),
            help="the day the files were fetched (default: today)",
        )
        parser.add_argument(
            "--folder", type=Path, default=SEED_DIR, help="where the files are written"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        on: date = options["on"]
        folder: Path = options["folder"]
        listings = list(
            litellm.read_listings(
                read_json(options["litellm"]), version=options["litellm_version"]
            )
        )
        if options["genai"]:
            listings += _openrouter({match_key(x.name.slug) for x in listings}, on)
        facts_file = options["models_dev"]
        facts = modelsdev.read_facts(read_json(facts_file)) if facts_file else {}
        groups = building.fold(listings)
        extra = building.stand_ins(on=on)
        models = [*building.build_models(groups, facts, on=on), *(m for m, _ in extra)]
        offers = [*building.build_offers(groups, on=on), *(o for _, o in extra)]
        write_rows(folder / "models.jsonl", models)
        write_rows(folder / "offers.jsonl", offers)
        self.stdout.write(
            f"{len(models)} models and {len(offers)} offers of "
            f"{len({offer.provider for offer in offers})} providers."
        )


def _openrouter(known: set[str], on: date) -> Iterator[Listing]:
    """OpenRouter's offers of models that some other source lists too."""
    # A development dependency: the seed is built here, and only read elsewhere.
    from genai_prices.data_snapshot import get_snapshot  # noqa: PLC0415

    found = next(p for p in get_snapshot().providers if p.id == "openrouter")
    at = datetime.combine(on, time(12), tzinfo=UTC)
    listings = genai.read_openrouter(
        found.models, version=version("genai-prices"), at=at
    )
    return (x for x in listings if match_key(x.name.slug) in known)


def read_json(path: Path) -> dict[str, Any]:
    try:
        raw = path.read_bytes()
        payload = json.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw)
    except (OSError, ValueError) as problem:
        raise CommandError(f"{path}: {problem}") from problem
    if not isinstance(payload, dict):
        raise CommandError(f"{path}: a JSON object was expected")
    return payload

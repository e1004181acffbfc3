"""Rebuild the shipped scores and facts of trust (see docs/benchmarks-and-trust.md)."""

import gzip
import json
from argparse import ArgumentParser
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.catalog.benchmark_seed import SCORES, TRUST, write_facts, write_scores
from apps.catalog.seed_format import SEED_DIR
from apps.catalog.sources import modelsdev_benchmarks, normalised, trust_facts
from apps.catalog.sources.published import PayloadError, Published


class Command(BaseCommand):
    help = "Rebuild seed/scores.jsonl and seed/trust_facts.jsonl from published files."

    def add_arguments(self, parser: ArgumentParser) -> None:
        day = date.fromisoformat
        parser.add_argument(
            "--scores", type=Path, nargs="+", required=True, metavar="FILE"
        )
        parser.add_argument("--models-dev", type=Path, required=True, metavar="FILE")
        parser.add_argument("--models-dev-on", type=day, required=True, metavar="DAY")
        parser.add_argument("--fmti", type=Path, required=True, metavar="FILE")
        parser.add_argument("--fmti-edition", required=True, metavar="WORDS")
        parser.add_argument("--fmti-on", type=day, required=True, metavar="DAY")
        parser.add_argument("--deprecations", type=Path, required=True, metavar="FILE")
        parser.add_argument("--deprecations-on", type=day, required=True, metavar="DAY")
        parser.add_argument("--folder", type=Path, default=SEED_DIR)

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        try:
            scores = write_scores(folder / SCORES, _scores(options))
            facts = write_facts(folder / TRUST, _facts(options))
        except (OSError, ValueError, PayloadError) as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(f"{scores} results and {facts} facts of trust.")


def _scores(options: dict[str, Any]) -> dict[str, list[Published]]:
    lines = [line for path in options["scores"] for line in _text(path).splitlines()]
    found = normalised.read(json.loads(line) for line in lines if line)
    on: date = options["models_dev_on"]
    found["models_dev"] = [
        replace(result, measured_on=result.measured_on or on)
        for result in modelsdev_benchmarks.read(_text(options["models_dev"]))
    ]
    return found


def _facts(options: dict[str, Any]) -> list[trust_facts.SeedFact]:
    index = trust_facts.read_fmti(
        _text(options["fmti"]), edition=options["fmti_edition"], on=options["fmti_on"]
    )
    notices = trust_facts.read_notices(
        json.loads(_text(options["deprecations"])), on=options["deprecations_on"]
    )
    return [*index, *notices]


def _text(path: Path) -> str:
    raw = path.read_bytes()
    return (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8")

"""A small seed in a folder of its own."""

import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from apps.catalog.benchmark_seed import BENCHMARKS, SCORES, write_scores
from apps.catalog.seed_format import (
    SEED_DIR,
    SeedModel,
    SeedOffer,
    SeedPrice,
    SeedProvider,
    write_rows,
)
from apps.catalog.sources.published import Published

ON = date(2026, 11, 21)


def seed_model(slug: str = "openai/gpt-6-sol", **fields: Any) -> SeedModel:
    author, _, name = slug.partition("/")
    plain: dict[str, Any] = {
        "name": name,
        "author": author,
        "source": "a list",
        "sourced_on": ON,
    }
    return SeedModel(slug=slug, **plain | fields)


def seed_offer(
    model: str = "openai/gpt-6-sol",
    provider: str = "openai",
    *,
    input_usd: str | None = "2",
    output_usd: str | None = "10",
    **fields: Any,
) -> SeedOffer:
    stated = {"input": input_usd, "output": output_usd}
    plain: dict[str, Any] = {
        "upstream_id": model.partition("/")[2],
        "source": "https://example.com/pricing via a list",
        "sourced_on": ON,
        "prices": tuple(
            SeedPrice(component, Decimal(usd))
            for component, usd in stated.items()
            if usd is not None
        ),
    }
    return SeedOffer(model=model, provider=provider, **plain | fields)


def seed_score(**fields: Any) -> Published:
    plain: dict[str, Any] = {
        "benchmark": "aider-polyglot",
        "source_id": "gpt-6-sol 2026-11-21 80",
        "name": "gpt-6-sol",
        "value": 80.0,
        "url": "https://aider.chat/docs/leaderboards/",
        "licence": "Apache-2.0",
        "measured_on": ON,
    }
    return Published(**plain | fields)


def write_seed(
    folder: Path,
    models: list[SeedModel],
    offers: list[SeedOffer],
    scores: list[Published] | None = None,
) -> Path:
    """The files, with one provider that only the seed knows."""
    folder.mkdir(exist_ok=True)
    write_rows(folder / "providers.jsonl", [SeedProvider("bedrock", "Amazon Bedrock")])
    write_rows(folder / "models.jsonl", models)
    write_rows(folder / "offers.jsonl", offers)
    shutil.copy(SEED_DIR / BENCHMARKS, folder / BENCHMARKS)
    write_scores(folder / SCORES, {"aider": scores or [seed_score()]})
    return folder

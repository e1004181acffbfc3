"""A small seed in a folder of its own."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from apps.catalog.seed_format import (
    SeedModel,
    SeedOffer,
    SeedPrice,
    SeedProvider,
    SeedScore,
    write_rows,
)

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


def seed_score(model: str = "openai/gpt-6-sol", **fields: Any) -> SeedScore:
    plain: dict[str, Any] = {
        "task": "coding",
        "benchmark": "Aider Polyglot",
        "score": 0.8,
        "source": "https://aider.chat/docs/leaderboards/",
        "licence": "Apache-2.0",
        "measured_on": ON,
    }
    return SeedScore(model=model, **plain | fields)


def write_seed(
    folder: Path,
    models: list[SeedModel],
    offers: list[SeedOffer],
    scores: list[SeedScore] | None = None,
) -> Path:
    """The four files, with one provider that only the seed knows."""
    folder.mkdir(exist_ok=True)
    write_rows(folder / "providers.jsonl", [SeedProvider("bedrock", "Amazon Bedrock")])
    write_rows(folder / "models.jsonl", models)
    write_rows(folder / "offers.jsonl", offers)
    write_rows(folder / "task_scores.jsonl", scores or [seed_score(models[0].slug)])
    return folder

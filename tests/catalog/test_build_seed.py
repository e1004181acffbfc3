"""`manage build_seed`: the sources' files in, the seed's files out, reproducibly."""

import gzip
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.catalog.seed_format import SEED_DIR, Seed

LITELLM: dict[str, Any] = {
    "gpt-4o-mini": {
        "litellm_provider": "openai",
        "mode": "chat",
        "input_cost_per_token": 1.5e-07,
        "output_cost_per_token": 6e-07,
        "cache_read_input_token_cost": 7.5e-08,
        "max_input_tokens": 128000,
        "supports_vision": True,
        "source": "https://developers.openai.com/api/docs/pricing",
    },
    "azure/gpt-4o-mini": {
        "litellm_provider": "azure",
        "mode": "chat",
        "input_cost_per_token": 1.5e-07,
        "output_cost_per_token": 6e-07,
    },
    "rerank-v4.0-pro": {
        "litellm_provider": "cohere",
        "mode": "rerank",
        "input_cost_per_query": 0.0025,
    },
    "sample_spec": {"litellm_provider": "one of many", "mode": "chat"},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The sources' files, and the providers that are kept by hand."""
    packed = gzip.compress(json.dumps(LITELLM).encode())
    (tmp_path / "prices.json.gz").write_bytes(packed)
    (tmp_path / "models.json").write_text(
        json.dumps({"openai/gpt-4o-mini": {"name": "GPT-4o mini"}, "odd": {}})
    )
    kept = (SEED_DIR / "providers.jsonl").read_text()
    (tmp_path / "providers.jsonl").write_text(kept)
    return tmp_path


def build(folder: Path, *arguments: str) -> str:
    out = StringIO()
    call_command(
        *("build_seed", "--litellm", str(folder / "prices.json.gz")),
        *("--litellm-version", "1.0", "--folder", str(folder), "--on", "2026-11-21"),
        *arguments,
        stdout=out,
    )
    return out.getvalue()


def test_the_files_hold_what_the_sources_say(folder: Path) -> None:
    said = build(
        folder,
        *("--models-dev", str(folder / "models.json")),
    )

    seed = Seed.read(folder)
    model = next(m for m in seed.models if m.slug == "openai/gpt-4o-mini")
    offers = {o.provider: o for o in seed.offers if o.model == model.slug}
    assert said.startswith("4 models and 5 offers")
    assert (model.name, model.has_vision) == ("GPT-4o mini", True)
    assert set(offers) == {"openai", "azure"}
    assert offers["openai"].source == (
        "https://developers.openai.com/api/docs/pricing via litellm 1.0"
    )


def test_openrouters_offers_come_beside_known_models_only(folder: Path) -> None:
    build(folder, "--genai")

    offers = [o for o in Seed.read(folder).offers if o.provider == "openrouter"]

    assert [offer.upstream_id for offer in offers] == ["openai/gpt-4o-mini"]
    assert "genai-prices" in offers[0].source


def test_the_same_files_make_the_same_seed(folder: Path) -> None:
    build(folder, "--genai")
    first = (folder / "offers.jsonl").read_bytes()
    build(folder, "--genai")

    assert (folder / "offers.jsonl").read_bytes() == first


def test_what_was_written_is_read_back_as_it_was() -> None:
    seed = Seed.read()

    assert any(price.utc_weekdays for o in seed.offers for price in o.prices)
    assert any(price.above_prompt_tokens for o in seed.offers for price in o.prices)


@pytest.mark.parametrize("content", [b"[]", b"{", b"\xff"])
def test_a_broken_file_is_named(folder: Path, content: bytes) -> None:
    path = folder / "broken.json"
    path.write_bytes(content)

    with pytest.raises(CommandError, match=r"broken\.json"):
        build(folder, "--models-dev", str(path))

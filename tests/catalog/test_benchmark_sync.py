"""Sources are fetched each by itself; a broken one changes nothing."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from pytest_django import Settings

from apps.catalog import benchmark_sync
from apps.catalog.benchmark_seed import load
from apps.catalog.models import ModelQuality, Score, SourceFetch
from apps.catalog.seed_format import SEED_DIR
from apps.catalog.tasks import rate, sync_benchmarks
from apps.jobs.models import Run
from tests.catalog.editing import ON, make_model
from tests.catalog.test_benchmark_sources import (
    AA_ROW,
    AIDER,
    CATEGORIES,
    OPENROUTER,
    README,
    TABLE,
    submission,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mirror(tmp_path: Path, settings: Settings) -> Path:
    """Every source as files, as an installation without a network has them."""
    (tmp_path / "aider.yml").write_text(AIDER)
    (tmp_path / "README.md").write_text(README)
    (tmp_path / "table_2026_01_08.csv").write_text(TABLE)
    (tmp_path / "categories_2026_01_08.json").write_text(CATEGORIES)
    (tmp_path / "openrouter.json").write_text(json.dumps(OPENROUTER))
    (tmp_path / "aa.json").write_text(json.dumps({"data": [AA_ROW]}))
    (tmp_path / "manifest.json").write_text('{"submissions": ["one"]}')
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "submission.json").write_text(submission())
    settings.BENCHMARK_URLS = {
        "aider": str(tmp_path / "aider.yml"),
        "artificial_analysis": str(tmp_path / "aa.json"),
        "livebench": str(tmp_path),
        "models_dev": "off",
        "openrouter": str(tmp_path / "openrouter.json"),
        "tau2": str(tmp_path),
        "vectara": (tmp_path / "README.md").as_uri(),
    }
    settings.LIVEBENCH_RELEASE = "2026-01-08"
    return tmp_path


@pytest.fixture(autouse=True)
def benchmarks(tmp_path: Path) -> None:
    empty = tmp_path / "seed"
    empty.mkdir()
    (empty / "benchmarks.jsonl").write_text((SEED_DIR / "benchmarks.jsonl").read_text())
    load(empty, using="jobs", on=ON)


@contextmanager
def unit() -> Iterator[None]:
    with transaction.atomic(using="jobs"):
        yield


def sync(*slugs: str, within: Callable[[], AbstractContextManager[None]] = unit) -> str:
    return "; ".join(map(str, benchmark_sync.sync(slugs, unit=within)))


def test_every_source_is_read_from_its_file(mirror: Path) -> None:
    make_model("openai/gpt-5.4")

    said = sync(*benchmark_sync.FEEDS)

    assert "models.dev: skipped, switched off" in said
    assert "failed" not in said
    sources = set(Score.objects.values_list("source", flat=True))
    assert sources == set(benchmark_sync.FEEDS) - {"models_dev"}
    score = Score.objects.filter(source="livebench", effort="high").first()
    assert score is not None
    assert str(score.ai_model) == "openai/gpt-5.4"


def test_the_same_files_twice_write_nothing(mirror: Path) -> None:
    sync(*benchmark_sync.FEEDS)
    before = list(SourceFetch.objects.order_by("id").values())

    said = sync(*benchmark_sync.FEEDS)

    assert said.count("0 new, 0 changed, 0 gone") == 6
    assert list(SourceFetch.objects.order_by("id").values()) == before


@pytest.mark.parametrize("text", ["<html>busy</html>", "", "- model: a\n", "\udcff"])
def test_a_broken_payload_changes_nothing(mirror: Path, text: str) -> None:
    sync("aider")
    before = list(Score.objects.values())
    raw = text.encode("utf-8", "surrogateescape")
    (mirror / "aider.yml").write_bytes(raw)

    assert "failed, " in sync("aider")
    assert list(Score.objects.values()) == before


def test_a_payload_of_half_the_size_changes_nothing(mirror: Path) -> None:
    rows = [f"- {{model: m{n}, pass_rate_2: {n}, date: 2025-01-01}}" for n in range(10)]
    (mirror / "aider.yml").write_text("\n".join(rows))
    sync("aider")

    (mirror / "aider.yml").write_text("\n".join(rows[:7]))

    assert "7 results, 10 last time: too few" in sync("aider")
    assert Score.objects.filter(is_listed=True).count() == 10


def test_a_missing_submission_fails_the_whole_source(mirror: Path) -> None:
    (mirror / "manifest.json").write_text('{"submissions": ["one", "two"]}')

    assert "failed, " in sync("tau2")
    assert not Score.objects.exists()


def test_without_its_key_a_source_is_skipped_and_says_so(settings: Settings) -> None:
    settings.BENCHMARK_URLS = {"artificial_analysis": "https://artificialanalysis.ai/x"}
    settings.ARTIFICIAL_ANALYSIS_API_KEY = ""

    assert sync("artificial_analysis") == (
        "Artificial Analysis: skipped, ARTIFICIAL_ANALYSIS_API_KEY is not set"
    )


def test_a_fetched_source_has_the_last_word_over_what_is_shipped(mirror: Path) -> None:
    sync("aider")

    load(SEED_DIR, using="jobs", on=ON)

    assert Score.objects.filter(source="aider").count() == 1
    assert Score.objects.filter(source="llm-stats").count() > 100


def test_the_job_fetches_rates_and_says_how_each_source_fared(mirror: Path) -> None:
    for slug in ("openai/gpt-5.4", "openai/gpt-6-sol"):
        make_model(slug)

    sync_benchmarks()

    run = Run.objects.get(name="catalog.sync_benchmarks")
    assert run.status == "completed"
    assert "LiveBench: 3 results" in run.summary
    assert ModelQuality.objects.exists()


def test_the_job_fails_where_a_source_did_and_keeps_the_rest(mirror: Path) -> None:
    (mirror / "README.md").write_text("gone")

    with pytest.raises(Exception, match="Vectara: failed"):
        sync_benchmarks()

    run = Run.objects.get(name="catalog.sync_benchmarks")
    assert run.status == "failed"
    assert Score.objects.filter(source="livebench").exists()


def test_rating_alone_is_a_job_too() -> None:
    rate()

    assert Run.objects.get(name="catalog.rate_models").status == "completed"


def command(*arguments: str) -> str:
    out = StringIO()
    call_command("sync_benchmarks", *arguments, stdout=out)
    return out.getvalue()


def test_a_dry_run_shows_the_difference_and_keeps_nothing(mirror: Path) -> None:
    make_model("openai/gpt-5")
    arguments = ("--source", "aider", "--file", str(mirror / "aider.yml"))

    said = command(*arguments, "--dry-run")

    assert "Aider: 1 results, 1 matched, 1 new" in said
    assert not Score.objects.exists()
    assert "0 names match no model" in command(*arguments)
    assert Score.objects.count() == 1


def test_the_command_names_what_matches_nothing_and_what_failed(mirror: Path) -> None:
    assert "  aider  gpt-5 (high)" in command("--source", "aider")

    (mirror / "README.md").write_text("gone")
    with pytest.raises(CommandError, match="failed: Vectara"):
        command("--source", "vectara")
    with pytest.raises(CommandError, match="--file needs"):
        command("--file", "x")

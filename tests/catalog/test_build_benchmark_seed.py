"""`manage build_benchmark_seed`: published files in, the shipped files out."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from apps.catalog.benchmark_seed import read_scores
from apps.catalog.seed_format import SEED_DIR
from apps.catalog.sources.normalised import LICENCES
from tests.catalog.test_normalised import row

FMTI = """Indicator,AI21 Labs,Amazon,Nobody
One,1,1,1
Two,0,1,1
"""
SHUTDOWNS = [
    {"provider": "Cohere", "announcement_date": "2025-01-01", "shutdown_date": day}
    for day in ("2025-01-11", "2025-01-31", "2024-01-01", "", "2025-03-02")
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "scores.in").write_text(json.dumps(row()) + "\n\n")
    (tmp_path / "fmti.csv").write_text(FMTI)
    rare = [{"provider": "Groq", "announcement_date": None, "shutdown_date": None}] * 3
    kept = [{"provider": "Groq"} | SHUTDOWNS[0] | {"provider": "Groq"}]
    (tmp_path / "ends.json").write_text(json.dumps([*SHUTDOWNS, *rare, *kept]))
    entry = {"name": "SciCode", "score": 40, "source": "https://maker.example/x"}
    models = {"openai/gpt-5": {"benchmarks": [entry]}}
    (tmp_path / "models.json").write_text(json.dumps(models))
    return tmp_path


def build(folder: Path) -> str:
    out = StringIO()
    call_command(
        "build_benchmark_seed",
        *("--scores", str(folder / "scores.in")),
        *("--models-dev", str(folder / "models.json"), "--models-dev-on", "2026-07-02"),
        *("--fmti", str(folder / "fmti.csv"), "--fmti-on", "2025-12-01"),
        *("--fmti-edition", "December 2025"),
        *("--deprecations", str(folder / "ends.json")),
        *("--deprecations-on", "2025-11-23", "--folder", str(folder)),
        stdout=out,
    )
    return out.getvalue()


def test_the_files_hold_what_may_be_passed_on(folder: Path) -> None:
    assert build(folder) == "2 results and 5 facts of trust.\n"

    (first, run), (second, claim) = read_scores(folder / "scores.jsonl")
    assert (first, run.name) == ("aider", "gpt-4o-mini")
    assert (second, str(claim.measured_on)) == ("models_dev", "2026-07-02")


def test_facts_are_summed_by_company_and_thin_samples_left_out(folder: Path) -> None:
    build(folder)

    lines = (folder / "trust_facts.jsonl").read_text().splitlines()
    facts = {(f["company"], f["key"]): f for f in map(json.loads, lines)}
    assert facts["ai21", "fmti"]["value"] == 1
    assert facts["bedrock", "fmti"]["value"] == 2
    assert facts["cohere", "notices"]["value"] == [10, 30, 60]
    assert ("groq", "notices") not in facts


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "fmti.csv").unlink()

    with pytest.raises(CommandError, match=r"fmti\.csv"):
        build(folder)


def test_everything_shipped_may_be_shipped() -> None:
    results = [result for _, result in read_scores(SEED_DIR / "scores.jsonl")]

    assert {result.licence for result in results} <= LICENCES
    assert all(result.url.startswith("https://") for result in results)
    assert all(result.measured_on for result in results)
    hosts = ("artificialanalysis.ai", "openrouter.ai", "swebench.com", "livebench.ai")
    assert not [r for r in results if any(host in r.url for host in hosts)]

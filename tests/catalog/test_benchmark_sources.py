"""What each benchmark source says, read from small files in its own form."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from apps.catalog.sources import (
    aider,
    artificial_analysis,
    livebench,
    modelsdev_benchmarks,
    openrouter_benchmarks,
    tau2,
    vectara,
)
from apps.catalog.sources.benchmark_names import slug_of
from apps.catalog.sources.published import PayloadError, Published, day, number

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "benchmarks"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="no published files here")


def test_numbers_and_days_are_read_or_nothing() -> None:
    assert [number(v) for v in ("1.5 %", 2, True, None, "x", "inf")] == [
        *(1.5, 2.0, None, None, None, None)
    ]
    assert day("2026-03-10T08:00:00Z") == date(2026, 3, 10)
    assert day("soon") is None


TABLE = """model,a,b,c
gpt-5.4-high,80,60,50
gpt-5.4-low,70,,40
,1,2,3
"""
CATEGORIES = json.dumps({"Coding": ["a", "b"], "Reasoning": ["c"], "Odd": ["z"]})


def test_livebench_categories_are_means_of_whole_categories() -> None:
    found = list(livebench.read(TABLE, CATEGORIES, release="2026-01-08"))

    said = {(r.name, r.benchmark): r.value for r in found}
    assert said == {
        ("gpt-5.4-high", "livebench-coding"): 70,
        ("gpt-5.4-high", "livebench-reasoning"): 50,
        ("gpt-5.4-low", "livebench-reasoning"): 40,
    }
    assert found[0].harness == "release 2026-01-08"


@pytest.mark.parametrize(
    ("table", "categories"),
    [
        ("<html></html>", CATEGORIES),
        ("model,a\nx,1\n", CATEGORIES),
        (TABLE, "<html>"),
        (TABLE, "[]"),
        (TABLE, '{"Odd": []}'),
    ],
)
def test_a_broken_livebench_is_refused(table: str, categories: str) -> None:
    with pytest.raises(PayloadError):
        list(livebench.read(table, categories, release="2026-01-08"))


@needs_shared
def test_the_published_livebench_has_all_configurations() -> None:
    table = (SHARED / "livebench_table_2026_01_08.csv").read_text()
    categories = (SHARED / "livebench_categories_2026_01_08.json").read_text()

    found = list(livebench.read(table, categories, release="2026-01-08"))

    assert len({r.name for r in found}) == 127
    # Three configurations lack an answer in some task of a category.
    assert len(found) == 127 * 7 - 3


AIDER = """
- model: gpt-5 (high)
  pass_rate_2: 88.0
  edit_format: diff
  test_cases: 225
  total_cost: 29.0829
  date: 2025-08-23
- model: without a rate
  date: 2025-08-23
- not a run
"""


def test_aider_runs_keep_their_format_day_and_cost() -> None:
    (run,) = aider.read(AIDER)

    assert run == Published(
        benchmark="aider-polyglot",
        source_id="gpt-5 (high) 2025-08-23 88",
        name="gpt-5 (high)",
        value=88.0,
        url="https://aider.chat/docs/leaderboards/",
        licence="Apache-2.0",
        harness="diff format",
        measured_on=date(2025, 8, 23),
        sample_size=225,
        cost_usd=29.0829 / 225,
    )


@pytest.mark.parametrize("text", ["a: [", "model: gpt-5", "<html>"])
def test_a_broken_aider_list_is_refused(text: str) -> None:
    with pytest.raises(PayloadError):
        list(aider.read(text))


@needs_shared
def test_the_published_aider_list_is_read_whole() -> None:
    found = list(aider.read((SHARED / "aider_polyglot_leaderboard.yml").read_text()))

    assert len(found) == 69
    assert len({run.source_id for run in found}) == 69


README = """
# Leaderboard

Last updated on March 10th, 2026

|Model|Hallucination Rate|Factual Consistency Rate|Answer Rate|
|----|----:|----:|----:|
|[openai/gpt-5.4-2026-03-05](https://x)|3.1 %|96.9 %|99 %|
|nobody/no-rate|n/a|1|1|

Afterwards | is | text
"""


def test_vectaras_table_is_read_with_its_day() -> None:
    (row,) = vectara.read(README)

    assert (row.name, row.value) == ("openai/gpt-5.4-2026-03-05", 3.1)
    assert row.measured_on == date(2026, 3, 10)


def test_vectara_without_a_day_or_a_table() -> None:
    (row,) = vectara.read(README.replace("March 10th, 2026", "some day"))

    assert row.measured_on is None
    with pytest.raises(PayloadError):
        list(vectara.read("# Moved elsewhere"))


def submission(**fields: Any) -> str:
    plain = {
        "model_name": "GPT-5.2",
        "submitting_organization": "Sierra",
        "submission_date": "2026-02-26",
        "submission_type": "standard",
        "reasoning_effort": "none",
        "results": {
            "airline": {"pass_1": 52.5, "cost": 0.09},
            "banking_knowledge": {"pass_1": 12.63, "retrieval_config": "qwen"},
            "retail": {"pass_1": None},
            "elsewhere": {"pass_1": 1},
        },
        "methodology": {
            "evaluation_date": "2026-05-26",
            "tau2_bench_version": "1.0.1",
            "user_simulator": "gpt-5.2",
            "verification": {"modified_prompts": False},
        },
    }
    return json.dumps(plain | fields)


def test_a_standard_submission_speaks_for_its_model() -> None:
    airline, banking = tau2.read(submission(), "gpt-5-2-none")

    assert (airline.benchmark, airline.value) == ("tau2-airline", 52.5)
    assert (airline.effort, airline.cost_usd) == ("none", 0.09)
    assert airline.measured_on == date(2026, 5, 26)
    assert not airline.is_self_reported
    assert banking.harness == "version 1.0.1, user gpt-5.2, retrieval qwen"


@pytest.mark.parametrize(
    "fields",
    [
        {"submission_type": "custom"},
        {"modality": "voice"},
        {"methodology": {"verification": {"modified_prompts": True}}},
        {"results": None},
    ],
)
def test_another_system_around_a_model_does_not(fields: dict[str, Any]) -> None:
    assert list(tau2.read(submission(**fields), "odd")) == []


def test_who_submits_his_own_run_reports_on_himself() -> None:
    older = json.loads(submission())
    older["organization"] = older.pop("submitting_organization") and "AiDE"
    older["methodology"] = None

    (first, *_) = tau2.read(json.dumps(older), "folder")

    assert first.is_self_reported
    assert first.measured_on == date(2026, 2, 26)


def test_taus_manifest_names_the_submissions() -> None:
    assert tau2.read_manifest('{"submissions": ["a", 1, "b"]}') == ["a", "b"]
    for text in ("<html>", "[]", "{}", '{"submissions": []}'):
        with pytest.raises(PayloadError):
            tau2.read_manifest(text)


AA_ROW = {
    "id": "3e87c73e",
    "name": "Claude Fable 5.1",
    "model_creator": {"slug": "anthropic"},
    "evaluations": {
        "artificial_analysis_intelligence_index": 53.4,
        "gpqa": 0.937,
        "tau2": None,
        "unheard_of": 1,
    },
    "artificial_analysis_intelligence_index_cost": {
        "cost_per_task": {"total_cost": 0.1678}
    },
}


def test_an_artificial_analysis_page_skips_malformed_rows() -> None:
    body = {
        "intelligence_index_version": 4.3,
        "pagination": {"has_more": True},
        "data": [AA_ROW, {"id": "2"}, "odd"],
    }

    page = artificial_analysis.read(json.dumps(body))

    index, gpqa = page.results
    assert (index.benchmark, index.value) == ("aa-intelligence", 53.4)
    assert (index.harness, index.cost_usd) == ("version 4.3", 0.1678)
    assert (gpqa.benchmark, gpqa.value, gpqa.maker) == ("aa-gpqa", 0.937, "anthropic")
    assert (page.rows, page.has_more) == (3, True)


@pytest.mark.parametrize("text", ["<html>", "[]", '{"data": {}}'])
def test_a_broken_artificial_analysis_page_is_refused(text: str) -> None:
    with pytest.raises(PayloadError):
        artificial_analysis.read(text)


@needs_shared
def test_the_shape_of_both_artificial_analysis_endpoints_is_read() -> None:
    bodies = json.loads((SHARED / "artificial_analysis_fixture.json").read_text())

    free, legacy = (
        artificial_analysis.read(json.dumps(bodies[name]["body"]))
        for name in ("free", "legacy")
    )

    assert [r.value for r in free.results] == [53.4, 81.6, 79.5]
    assert {r.benchmark for r in legacy.results} > {"aa-gpqa", "aa-hle", "aa-scicode"}


OPENROUTER = {
    "data": [
        {
            "id": "openai/gpt-6-sol",
            "benchmarks": {
                "artificial_analysis": {"intelligence_index": 60.7, "odd_index": 3},
                "design_arena": [
                    {"arena": "models", "category": "website", "elo": 1341},
                    {"arena": "models", "category": "logo", "elo": 1200},
                ],
            },
        },
        {"id": "openai/gpt-6-sol:free", "benchmarks": {"design_arena": []}},
        {"id": "~openai/gpt-latest", "benchmarks": {"artificial_analysis": {}}},
        {"id": "openai/gpt-6-luna", "benchmarks": None},
        {"no": "id"},
    ]
}


def test_openrouters_field_is_read_for_models_not_for_variants() -> None:
    found = list(openrouter_benchmarks.read(json.dumps(OPENROUTER)))

    assert [(r.benchmark, r.value, r.is_native) for r in found] == [
        ("aa-intelligence", 60.7, True),
        ("design-arena-website", 1341, True),
    ]


@pytest.mark.parametrize("text", ["<html>", "[]", '{"data": 1}'])
def test_a_broken_list_of_openrouters_is_refused(text: str) -> None:
    with pytest.raises(PayloadError):
        list(openrouter_benchmarks.read(text))


def test_models_devs_results_say_who_published_them() -> None:
    models = {
        "openai/gpt-5.2": {
            "benchmarks": [
                {
                    "name": "SWE-Bench Pro",
                    "score": 55.6,
                    "metric": "resolve rate",
                    "dataset": "public",
                    "variant": "high",
                    "source": "https://labs.scale.com/leaderboard/x",
                },
                {"name": "SciCode", "score": 1, "source": "https://openrouter.ai/x"},
                {"name": "Unheard Of", "score": 1, "source": "https://a.example"},
                {"name": "GPQA Diamond", "score": 90, "source": "https://openai.com/x"},
                {"name": "GPQA Diamond", "score": None, "source": "https://openai.com"},
                "odd",
            ]
        },
        "openai/gpt-4": {},
        "odd": [],
    }

    pro, gpqa = modelsdev_benchmarks.read(json.dumps(models))

    assert (pro.effort, pro.harness, pro.is_self_reported) == ("high", "public", False)
    assert gpqa.is_self_reported
    assert gpqa.licence == "MIT"


@pytest.mark.parametrize("text", ["<html>", "[]", "{}"])
def test_a_broken_models_dev_is_refused(text: str) -> None:
    with pytest.raises(PayloadError):
        list(modelsdev_benchmarks.read(text))


def test_a_benchmark_nobody_read_up_has_no_slug() -> None:
    assert (
        slug_of("Humanity\u2019s Last Exam") == slug_of("Humanity's Last Exam") == "hle"
    )
    assert slug_of("SimpleQA") == ""

"""Scores of many sources become one quality a model and domain, and a task."""

from datetime import date
from typing import Any

import pytest

from apps.catalog.domains import DOMAINS, GENERAL, Task, domains_of
from apps.catalog.models import AIModel, Benchmark, ModelQuality, Score
from apps.catalog.quality import (
    bases_of,
    counted,
    freshness,
    logit_of,
    of_task,
    recompute,
    scores_of,
    task_table,
    tasks_of,
)

ON = date(2026, 11, 21)


def benchmark(slug: str = "exam", **fields: Any) -> Benchmark:
    plain = {"name": slug, "domain": "code", "unit": "percent", "low": 0, "high": 100}
    return Benchmark(slug=slug, **plain | fields)


def score(of: Benchmark, model: AIModel | None, value: float, **fields: Any) -> Score:
    plain: dict[str, Any] = {
        "source": "a list",
        "source_id": f"{model} {fields}",
        "name": str(model),
        "measured_on": ON,
        "match": "exact" if model else "none",
    }
    return Score(benchmark=of, ai_model=model, value=value, **plain | fields)


def ai_model(slug: str) -> AIModel:
    author, _, name = slug.partition("/")
    return AIModel(slug=slug, name=name, author=author, source="x", sourced_on=ON)


def test_every_task_has_domains_of_its_own() -> None:
    assert {domain.task for domain in DOMAINS.values()} == set(Task)
    assert all(domains_of(task) for task in Task)
    assert GENERAL not in DOMAINS


def test_units_become_logits_where_more_is_better() -> None:
    rate = benchmark(is_higher_better=False)

    assert logit_of(benchmark(), 50) == 0
    assert logit_of(benchmark(unit="share", high=1), 0.5) == 0
    assert logit_of(rate, 10) == pytest.approx(logit_of(benchmark(), 90))
    assert logit_of(benchmark(unit="rating", high=4000), 1200) > logit_of(
        benchmark(unit="rating", high=4000), 1100
    )


def test_a_result_keeps_its_weight_for_nine_months_and_a_quarter_for_ever() -> None:
    assert freshness(270) == 1
    assert freshness(270 + 365) == 0.5
    assert freshness(5000) == 0.25


def test_the_publishers_own_and_the_independent_results_count() -> None:
    exam, model = benchmark(publisher="its own list"), ai_model("a/one")
    own = score(exam, model, 50, source="its own list")
    claim = score(exam, model, 90, is_self_reported=True)
    repost = score(exam, model, 70)

    assert counted([claim, repost, own]) == [own]
    assert counted([claim, repost]) == [repost]
    assert counted([claim]) == [claim]


def test_efforts_are_one_result_and_a_claim_weighs_half() -> None:
    exam, one, two = benchmark(), ai_model("a/one"), ai_model("b/two")
    rows = [
        score(exam, one, 40, effort="low"),
        score(exam, one, 60, effort="high"),
        score(exam, two, 50, is_self_reported=True),
    ]

    first, second = bases_of(rows, {}, on=ON)

    assert first.result.logit == pytest.approx(0)
    assert (first.result.weight, second.result.weight) == (1, 0.5)
    assert len(first.scores) == 2


def quality(domain: str, value: float, **fields: Any) -> ModelQuality:
    plain: dict[str, Any] = {
        "low": value - 0.1,
        "high": value + 0.1,
        "benchmarks": 1,
        "results": 1,
    }
    plain |= {"independent": 1, "newest": ON}
    return ModelQuality(domain=domain, score=value, **plain | fields)


def test_an_untested_domain_of_a_task_is_as_good_as_the_model_is() -> None:
    known = {
        "code": quality("code", 0.8, benchmarks=2),
        GENERAL: quality(GENERAL, 0.5, benchmarks=9),
    }

    coding = of_task(known, Task.CODING)

    assert coding is not None
    assert 0.5 < coding.score < 0.8
    assert (coding.benchmarks, coding.domains) == (2, ("code",))


def test_a_task_without_any_result_is_not_assessed() -> None:
    known = {GENERAL: quality(GENERAL, 0.5)}

    assert of_task(known, Task.IMAGE) is None
    assert of_task(known, GENERAL) is not None
    assert of_task({}, GENERAL) is None


@pytest.fixture
def exam(transactional_db: None) -> Benchmark:
    exam = benchmark()
    exam.save(using="jobs")
    return exam


def make_model(slug: str) -> AIModel:
    model = ai_model(slug)
    model.save(using="jobs")
    return model


def make_scores(exam: Benchmark, values: dict[str, float]) -> list[AIModel]:
    models = [make_model(slug) for slug in values]
    for model, value in zip(models, values.values(), strict=True):
        score(exam, model, value).save(using="jobs")
    return models


def test_the_table_is_computed_once_and_then_stands_still(exam: Benchmark) -> None:
    strong, weak = make_scores(exam, {"a/strong": 80, "b/weak": 20})

    assert recompute(using="jobs", on=ON) == 4
    assert recompute(using="jobs", on=ON) == 0

    table = task_table("default")
    assert table[strong.pk, "coding"].score > 0.5 > table[weak.pk, "coding"].score
    assert table[strong.pk, GENERAL].benchmarks == 1
    assert (strong.pk, "chat") not in table


def test_a_pointer_and_its_only_snapshot_share_results(exam: Benchmark) -> None:
    slugs = {"openai/gpt-5.1-2025-11-13": 80.0, "b/weak": 20.0}
    dated, _ = make_scores(exam, slugs)
    pointer = make_model("openai/gpt-5.1")

    recompute(using="jobs", on=ON)

    rows = {
        row.ai_model_id: row.score for row in ModelQuality.objects.filter(domain="code")
    }
    assert rows[dated.pk] == rows[pointer.pk]
    assert [s.ai_model_id for s in scores_of(pointer)] == [dated.pk]


def test_what_is_unlisted_unmatched_or_without_a_domain_does_not_count(
    exam: Benchmark,
) -> None:
    shown = benchmark("shown", domain="")
    shown.save(using="jobs")
    model = make_model("a/one")
    score(exam, None, 90).save(using="jobs")
    score(exam, model, 90, is_listed=False).save(using="jobs")
    score(shown, model, 90).save(using="jobs")

    assert recompute(using="jobs", on=ON) == 0


def test_a_quality_that_no_longer_holds_is_removed(exam: Benchmark) -> None:
    make_scores(exam, {"a/strong": 80, "b/weak": 20})
    recompute(using="jobs", on=ON)

    Score.objects.using("jobs").update(is_listed=False)

    assert recompute(using="jobs", on=ON) == 4
    assert not ModelQuality.objects.exists()


def test_a_model_page_shows_tasks_with_their_results(exam: Benchmark) -> None:
    strong, _ = make_scores(exam, {"a/strong": 80, "b/weak": 20})
    recompute(using="jobs", on=ON)

    coding, *others = sorted(tasks_of(strong), key=lambda task: task.label != "Coding")

    assert coding.quality is not None
    assert [result.value for result in coding.results] == [80]
    assert not any(task.quality or task.results for task in others)

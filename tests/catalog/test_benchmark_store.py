"""Results come into the database with whose they are, and nothing twice."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from apps.catalog.benchmark_seed import load
from apps.catalog.benchmark_store import rematch, store
from apps.catalog.models import AIModel, Benchmark, ModelAlias, Score
from apps.catalog.seed_format import SEED_DIR
from apps.catalog.sources.published import Published
from tests.catalog.seeds import seed_score

ON = date(2026, 11, 21)

pytestmark = pytest.mark.usefixtures("exam")


@pytest.fixture
def exam(transactional_db: None) -> Benchmark:
    return Benchmark.objects.using("jobs").create(
        slug="aider-polyglot",
        name="Aider",
        domain="code",
        unit="percent",
        low=0,
        high=100,
    )


def make_model(slug: str = "openai/gpt-6-sol") -> AIModel:
    author, _, name = slug.partition("/")
    return AIModel.objects.using("jobs").create(
        slug=slug, name=name, author=author, source="x", sourced_on=ON
    )


def put(*results: Published, is_complete: bool = True, on: date = ON) -> Any:
    return store("aider", results, on=on, using="jobs", is_complete=is_complete)


def test_a_result_finds_its_model_and_keeps_its_effort() -> None:
    model = make_model()

    stored = put(
        seed_score(name="gpt-6-sol (high)", harness="diff", is_self_reported=True)
    )

    score = Score.objects.get()
    assert (score.ai_model_id, score.match, score.effort) == (
        model.pk,
        "effort",
        "high",
    )
    assert (score.harness, score.is_self_reported) == ("diff", True)
    assert str(stored) == "1 results, 1 matched, 1 new, 0 changed, 0 gone"


def test_the_same_results_twice_write_nothing() -> None:
    make_model()
    put(seed_score(cost_usd=0.129257333))

    assert put(seed_score(cost_usd=0.129257333)).writes == 0


def test_a_changed_value_is_changed_and_a_missing_result_unlisted() -> None:
    first, second = seed_score(), seed_score(source_id="another")
    put(first, second)

    stored = put(replace(first, value=81.0))

    assert (stored.changed, stored.delisted) == (1, 1)
    assert Score.objects.get(source_id="another").is_listed is False
    assert put(replace(first, value=81.0), second).changed == 1


def test_a_part_of_a_source_unlists_nothing() -> None:
    put(seed_score(), seed_score(source_id="another"))

    assert put(seed_score(), is_complete=False).writes == 0


def test_a_result_without_a_day_is_as_old_as_its_value() -> None:
    undated = seed_score(measured_on=None)
    put(undated)

    put(undated, on=date(2026, 12, 1))
    assert Score.objects.get().measured_on == ON

    put(replace(undated, value=1.0), on=date(2026, 12, 1))
    assert Score.objects.get().measured_on == date(2026, 12, 1)


def test_what_cannot_be_right_is_refused() -> None:
    stored = put(
        seed_score(value=101.0),
        seed_score(benchmark="unheard-of"),
        seed_score(),
        seed_score(value=3.0),
    )

    assert stored.added == 1
    assert stored.refused.total() == 3
    assert str(stored).endswith("3 refused")


def test_an_unknown_name_waits_until_the_catalog_knows_it() -> None:
    put(seed_score())
    assert Score.objects.get().match == "none"

    model = make_model()

    assert rematch(using="jobs") == 1
    assert rematch(using="jobs") == 0
    assert Score.objects.get().ai_model_id == model.pk


def test_a_native_name_is_matched_as_such() -> None:
    make_model("deepseek/deepseek-chat")

    put(seed_score(name="deepseek/deepseek-chat", is_native=True))

    assert Score.objects.get().match == "native"


def alias(name: str, model: AIModel | None, **fields: Any) -> None:
    plain = {"source": "aider", "match": "editor" if model else "refused"}
    ModelAlias.objects.using("jobs").create(
        external_id=name, ai_model=model, **plain | fields
    )


def test_an_editors_alias_of_one_source_counts_before_the_general_one() -> None:
    sol, luna = make_model(), make_model("openai/gpt-6-luna")
    alias("odd name", luna, source="benchmarks")
    alias("odd name", sol)

    put(seed_score(name="Odd Name"))

    assert Score.objects.get().ai_model_id == sol.pk


def test_a_refused_name_matches_nothing_whatever_the_rules_say() -> None:
    make_model()
    alias("gpt-6-sol", None)

    put(seed_score())

    score = Score.objects.get()
    assert (score.ai_model_id, score.match) == (None, "none")
    assert "alias table" in score.match_detail


def test_another_catalogs_id_is_another_name() -> None:
    model = make_model()
    alias("openai/gpt-6-sol-alias", model, source="openrouter", match="exact")

    put(seed_score(name="openai/gpt-6-sol-alias"))

    assert Score.objects.get().match == "alias"


def test_the_shipped_results_load_once() -> None:
    slugs = ("openai/gpt-5", "anthropic/claude-opus-4-5", "qwen/qwen3-32b")
    for slug in slugs:
        make_model(slug)

    assert load(SEED_DIR, using="jobs", on=ON) == Score.objects.count() > 1500
    assert load(SEED_DIR, using="jobs", on=ON) == 0
    assert Benchmark.objects.count() > 80
    found = set(
        Score.objects.exclude(ai_model=None).values_list("ai_model__slug", flat=True)
    )
    assert found == set(slugs)


def test_an_editors_benchmark_outlives_what_is_shipped() -> None:
    Benchmark.objects.using("jobs").update(name="Ours", is_edited=True)

    load(SEED_DIR, using="jobs", on=ON)

    assert Benchmark.objects.get(slug="aider-polyglot").name == "Ours"

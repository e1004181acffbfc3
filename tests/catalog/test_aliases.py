"""The queue of unmatched names, and what an editor decides about them."""

from datetime import date

import pytest

from apps.audit.models import OperatorEntry
from apps.catalog import aliases
from apps.catalog.benchmark_store import store
from apps.catalog.models import Benchmark, ModelAlias, Score
from apps.catalog.queries.unmatched import coverage, unmatched
from tests.catalog.editing import ED, EVA, make_model
from tests.catalog.seeds import seed_score

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def scores() -> None:
    exam = {"name": "Exam", "domain": "code", "unit": "percent", "low": 0, "high": 100}
    for slug in ("aider-polyglot", "another"):
        Benchmark.objects.using("jobs").create(slug=slug, **exam)
    results = [
        seed_score(name="Known", source_id="1"),
        seed_score(name="Odd One", source_id="2"),
        seed_score(name="Odd One", source_id="2", benchmark="another"),
        seed_score(name="Odd Two", source_id="3"),
    ]
    make_model("acme/known")
    store("aider", results, on=date(2026, 11, 21), using="jobs", is_complete=True)


def names() -> list[str]:
    return [one.name for one in unmatched()]


def test_the_queue_holds_what_no_rule_matched_the_most_first() -> None:
    first, second = unmatched()

    assert (first.name, first.results, second.name) == ("Odd One", 2, "Odd Two")
    assert first.newest == date(2026, 11, 21)


def test_a_resolved_name_finds_its_model_at_once_and_for_ever() -> None:
    model = make_model("acme/one")

    aliases.resolve("Odd One", model, by=EVA)

    assert names() == ["Odd Two"]
    assert Score.objects.filter(ai_model=model, match="alias").count() == 2
    entry = OperatorEntry.objects.get()
    assert (entry.action, (entry.after or {})["model"]) == ("alias.decided", "acme/one")


def test_a_decision_can_be_taken_back() -> None:
    model = make_model("acme/one")
    aliases.resolve("Odd One", model, by=EVA)

    aliases.refuse("Odd One", by=ED)

    assert not Score.objects.filter(ai_model=model).exists()
    assert ModelAlias.objects.get().decided_by == ED
    assert names() == ["Odd Two"]


def test_a_refused_name_leaves_the_queue() -> None:
    aliases.refuse("ODD  two", by=EVA)
    aliases.refuse("Odd One", by=EVA, source="aider")

    assert names() == []


def test_a_refusal_at_one_source_leaves_another_alone() -> None:
    aliases.refuse("Odd One", by=EVA, source="vectara")

    assert "Odd One" in names()


def test_coverage_counts_matched_results_by_source() -> None:
    (found,) = coverage()

    assert (found.source, found.results, found.matched, found.models) == (
        "aider",
        4,
        1,
        1,
    )

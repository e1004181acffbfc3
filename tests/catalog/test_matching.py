"""No score on another model: a corpus checked by hand, and the rules one by one."""

import csv
import gzip
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from apps.catalog.matching import (
    Index,
    Match,
    MatchClass,
    build_index,
    match,
    twin_keys,
)
from apps.catalog.other_names import groups, names_of

type Capture = pytest.CaptureFixture[str]

CORPUS = Path(__file__).parent / "matching"
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"

needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the published files are not beside this checkout"
)


def catalog() -> list[str]:
    """The chat models of the shipped catalog, as of 2026-11-21."""
    return (CORPUS / "catalog.txt").read_text(encoding="utf-8").split()


def pairs() -> list[dict[str, str]]:
    """Names as benchmarks write them; each line was read and decided by a person."""
    with (CORPUS / "pairs.tsv").open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def index(*slugs: str, **aliases: str | None) -> Index:
    return build_index(slugs, aliases=aliases)


def test_no_name_of_the_corpus_lands_on_another_model(capsys: Capture) -> None:
    slugs = catalog()
    names = build_index(slugs, other_names=names_of(slugs))
    wrong = []
    for pair in (rows := pairs()):
        found = match(pair["name"], names, maker=pair["maker"])
        said = [found.slug or "-", found.effort, found.match_class.value]
        if said != [pair["model"], pair["effort"], pair["rule"]]:
            wrong.append((pair, found))

    matched = sum(pair["model"] != "-" for pair in rows)
    say(f"{len(rows)} pairs, {matched} matched, {len(wrong)} wrong", capsys)
    assert len(rows) >= 150
    assert wrong == []


@needs_shared
def test_published_results_contradict_no_other_join(capsys: Capture) -> None:
    """The join that came with the files is another's work; trusted are its two best
    classes. We may know less than it, but nothing else."""
    packed = SHARED / "catalog" / "openrouter_models_2026-07-28.json.gz"
    rows = json.loads(gzip.decompress(packed.read_bytes()))["data"]
    slugs = {r["id"].partition(":")[0] for r in rows if not r["id"].startswith("~")}
    names = build_index(slugs, other_names=names_of(slugs))
    classes: Counter[tuple[str, str]] = Counter()
    contradictions = set()
    for row in published():
        found = match(row["model_raw"], names)
        classes[row["source"], found.match_class.value] += 1
        theirs = row["openrouter_id"] if row["match"] in {"exact", "normalized"} else ""
        if found.slug and theirs and found.slug != theirs:
            contradictions.add((row["model_raw"], found.slug, theirs))

    print_coverage(classes, capsys)
    # The same weights: OpenRouter lists the effort as a model of its own.
    contradictions.discard(
        ("openai/o4-mini-high-2025-04-16", "openai/o4-mini", "openai/o4-mini-high")
    )
    assert contradictions == set()


@needs_shared
def test_coverage_of_the_shipped_catalog_is_printed(capsys: Capture) -> None:
    slugs = catalog()
    names = build_index(slugs, other_names=names_of(slugs))
    classes = Counter(
        (row["source"], match(row["model_raw"], names).match_class.value)
        for row in published()
    )

    print_coverage(classes, capsys)
    matched = sum(n for (_, rule), n in classes.items() if rule != MatchClass.NONE)
    assert matched > classes.total() / 2


def published() -> list[dict[str, Any]]:
    folder = SHARED / "benchmarks"
    files = ("scores.jsonl", "llm_stats_self_reported_2025-10.jsonl")
    texts = [(folder / name).read_text(encoding="utf-8") for name in files]
    return [json.loads(line) for text in texts for line in text.splitlines()]


def say(line: str, capsys: Capture) -> None:
    """Print past pytest's capture: coverage is there to be read."""
    with capsys.disabled():
        sys.stdout.write(f"\n{line}")


def print_coverage(classes: Counter[tuple[str, str]], capsys: Capture) -> None:
    for source in sorted({source for source, _ in classes}):
        own = {rule: n for (of, rule), n in sorted(classes.items()) if of == source}
        total, missed = sum(own.values()), own.get(MatchClass.NONE, 0)
        say(f"{source}: {total - missed} of {total} results matched; {own}", capsys)


@pytest.mark.parametrize(
    ("name", "slugs"),
    [
        ("gpt-5.1-codex-max", ["openai/gpt-5.1-codex"]),
        ("gpt-5-mini", ["openai/gpt-5"]),
        ("gpt-5", ["openai/gpt-5-mini"]),
        ("kimi-k2-thinking", ["moonshotai/kimi-k2"]),
        ("qwen3-235b-a22b-thinking-2507", ["qwen/qwen3-235b-a22b-2507"]),
        ("qwen3-max-thinking", ["qwen/qwen3-max"]),
        ("deepseek-v3-0324", ["deepseek/deepseek-v3"]),
        ("gpt-4o-2024-11-20", ["openai/gpt-4o"]),
        ("gpt-4o-2024-08-06", ["openai/gpt-4o", "openai/gpt-4o-2024-11-20"]),
        ("claude-3-5-sonnet-20240620", ["anthropic/claude-3.5-sonnet"]),
        ("gpt-5.5-2026-04-25", ["openai/gpt-5.5", "openai/gpt-5.5-2026-04-24"]),
        ("gemini-2.5-pro-preview-05-06", ["google/gemini-2.5-pro"]),
        ("llama-3.3-70b-instruct-turbo", ["meta-llama/llama-3.3-70b-instruct"]),
        ("glm-5v-turbo", ["z-ai/glm-5"]),
        ("claude-opus-5-4", ["anthropic/claude-opus-4-5"]),
        ("o3-deep-research", ["openai/o3"]),
        ("gpt-5-search", ["openai/gpt-5"]),
        ("gpt-5.4-high (codex-harness)", ["openai/gpt-5.4"]),
        ("o3 (high) + gpt-4.1", ["openai/o3", "openai/gpt-4.1"]),
        ("gpt-5-thinking", ["openai/gpt-5"]),
        ("gpt", ["openai/gpt-5"]),
        ("", ["openai/gpt-5"]),
    ],
)
def test_what_is_not_surely_the_model_matches_nothing(
    name: str, slugs: list[str]
) -> None:
    assert match(name, index(*slugs)).slug is None


def test_a_whole_name_counts_before_its_parts() -> None:
    names = index("qwen/qwen3-32b", "qwen/qwen3-32b-thinking")

    assert match("qwen3-32b-thinking", names).slug == "qwen/qwen3-32b-thinking"


def test_the_named_snapshot_counts_before_the_pointer() -> None:
    names = index("openai/gpt-5.1", "openai/gpt-5.1-2025-11-13")

    assert match("gpt-5.1-2025-11-13-high", names) == Match(
        "openai/gpt-5.1-2025-11-13", MatchClass.EFFORT, "high", "effort"
    )


def test_a_date_comes_off_where_a_name_never_had_two() -> None:
    found = match("openai/gpt-5.1-high-2025-11-13", index("openai/gpt-5.1"))

    assert found == Match("openai/gpt-5.1", MatchClass.DATED, "high", "effort, date")


def test_the_only_snapshot_in_the_catalog_is_what_the_name_means() -> None:
    one = index("anthropic/claude-opus-4-1-20250805")
    two = index(
        "anthropic/claude-opus-4-1-20250805", "anthropic/claude-opus-4-1-20250901"
    )

    assert match("Claude Opus 4.1", one).match_class is MatchClass.DATED
    assert match("Claude Opus 4.1", two).slug is None


def test_words_in_another_order_count_only_where_one_model_has_them() -> None:
    one = index("meta-llama/llama-3.3-70b-instruct")
    two = index("cohere/a-b-c", "cohere/b-c-a")

    assert match("Llama 3.3 Instruct 70B", one, maker="meta").slug
    assert match("c-a-b", two, maker="cohere").slug is None


def test_a_name_without_a_maker_must_be_the_only_one() -> None:
    one = index("thinkingmachines/inkling")
    two = index("thinkingmachines/inkling", "elsewhere/inkling")

    assert match("Inkling", one).match_class is MatchClass.NORMALIZED
    assert match("Inkling", two).slug is None


def test_an_editors_alias_decides_also_against_a_rule() -> None:
    names = index(
        "openai/gpt-5",
        "openai/gpt-5-mini",
        **{"Odd Name": "openai/gpt-5", "GPT-5": None},
    )

    assert match("odd  name", names).slug == "openai/gpt-5"
    assert match("gpt-5", names) == Match(
        None, MatchClass.ALIAS, "", "alias table: no model of the catalog"
    )


def test_an_alias_may_be_of_one_makers_name() -> None:
    names = index("openai/gpt-5", **{"acme/sol": "openai/gpt-5"})

    assert match("Sol", names, maker="Acme").slug == "openai/gpt-5"
    assert match("Sol", names, maker="Other").slug is None


def test_a_moving_pointer_is_matched_only_by_a_catalog_of_today() -> None:
    names = index("deepseek/deepseek-chat")

    assert match("deepseek-chat", names).slug is None
    found = match("deepseek/deepseek-chat", names, is_native=True)
    assert found.match_class is MatchClass.NATIVE


def test_a_stated_effort_is_kept_and_a_default_is_none() -> None:
    names = index("google/gemini-2.5-pro", "openai/gpt-5.2")

    assert match("GPT-5.2", names, effort="none").effort == "none"
    assert match("gemini-2.5-pro (default think)", names).effort == "thinking"
    assert match("gemini-2.5-pro (default)", names).effort == ""


def test_another_name_leads_to_the_first_of_its_group_that_is_listed() -> None:
    listed = ["mistralai/mistral-large-2512", "mistralai/mistral-large-3"]
    names = build_index(listed, other_names=names_of(listed))

    found = match("mistralai/mistral-3-large-2512", names)

    assert found == Match(listed[0], MatchClass.ALIAS, "", "another name")


def test_every_group_of_names_has_a_reason() -> None:
    path = Path("apps/catalog/seed/other_names.jsonl")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    assert all(len(row["names"]) > 1 and row["why"] for row in rows)
    names = [name for group in groups() for name in group]
    assert len(names) == len(set(names))


def test_twins_are_a_pointer_and_its_only_snapshot() -> None:
    slugs = [
        "openai/gpt-5.1",
        "openai/gpt-5.1-2025-11-13",
        "anthropic/claude-haiku-4-5-20251001",
        "anthropic/claude-haiku-4-5@20251001",
        "openai/gpt-5.5",
        "openai/gpt-5.5-2026-04-23",
        "openai/gpt-5.5-2026-04-24",
        "openai/gpt-4o",
        "openai/gpt-4o-2024-08-06",
        "moonshotai/kimi-k2",
        "moonshotai/kimi-k2-thinking",
    ]
    keys = twin_keys(slugs)

    assert keys["openai/gpt-5.1"] == keys["openai/gpt-5.1-2025-11-13"]
    assert keys[slugs[2]] == keys[slugs[3]]
    apart = [keys[slug] for slug in slugs[4:]]
    assert len(apart) == len(set(apart))


def test_names_of_one_group_are_twins() -> None:
    slugs = ["a/one", "a/two", "a/three"]

    keys = twin_keys(slugs, [("a/one", "a/two", "a/elsewhere")])

    assert keys["a/one"] == keys["a/two"] != keys["a/three"]

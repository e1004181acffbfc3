"""Domains beneath the tasks: found with confidence or not at all, and chosen by."""

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.router.engine.chain import decide
from apps.router.engine.domain import LONG_FROM, WORDS, domain_of, words_of
from apps.router.engine.need import Candidate
from tests.router.engine.offers import need, offer

SHARED = Path(__file__).parents[4] / "shared" / "data" / "routing"
PROMPTS = [
    ("coding", "Make a responsive landing page with a navbar in HTML and CSS", "web"),
    (
        "coding",
        "Implement a recursive function that returns a sorted list in python",
        "code",
    ),
    (
        "coding",
        "Fix this bug in the repository: the commit broke the pull request's tests",
        "engineering",
    ),
    (
        "reasoning",
        "Solve the equation and compute the integral of the polynomial",
        "mathematics",
    ),
    (
        "reasoning",
        "Three houses in a row, clues: the liar sits immediately left. Puzzle",
        "logic",
    ),
    ("reasoning", "What force gives the electron such an acceleration?", "science"),
    ("reasoning", "In this table, which column has the highest median?", "data"),
    ("chat", "Write a poem, a haiku with a rhyme", "language"),
    ("translation", "Translate this", "languages"),
    ("image", "What is in the picture?", "vision"),
    ("summarization", "Summarize this", "summaries"),
    ("reasoning", "Bonjour", ""),
]


def body(text: str, **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}], **more}


@pytest.mark.parametrize(("task", "text", "domain"), PROMPTS)
def test_the_domain_is_told_by_words(task: str, text: str, domain: str) -> None:
    assert domain_of(task, body(text), input_tokens=50) == domain


def test_structure_tells_long_prompts_and_shells() -> None:
    shell = [{"type": "function", "function": {"name": "run_bash"}}]
    other = [{"type": "function", "function": {"name": "get_weather"}}, "odd"]
    parts = [{"type": "text", "text": "a haiku poem"}, {"type": "image_url"}]

    assert domain_of("summarization", {}, input_tokens=LONG_FROM) == "long_context"
    assert domain_of("agent_step", body("", tools=shell), input_tokens=9) == "terminal"
    assert domain_of("agent_step", body("", tools=other), input_tokens=9) == "tools"
    assert domain_of("agent_step", {}, input_tokens=9) == "tools"
    asked: Any = {"messages": [{"role": "user", "content": parts}]}
    assert domain_of("chat", asked, input_tokens=9) == "language"
    assert domain_of("chat", {"messages": []}, input_tokens=9) == ""
    assert domain_of("unheard", {}, input_tokens=9) == ""


def test_the_words_of_a_long_middle_are_not_read() -> None:
    text = "Hello. " * 300 + "poem haiku rhyme " + "Hello. " * 300

    assert domain_of("chat", body(text), input_tokens=900) == ""


def test_quality_is_the_domains_then_the_tasks_then_the_general_one() -> None:
    known = offer(
        "a/one",
        task_scores={"coding": 0.5, "general": 0.4},
        domain_scores={"web": 0.9},
    )

    assert known.quality_at("coding", "web") == 0.9
    assert known.quality_at("coding", "code") == 0.5
    assert known.quality_at("chat", "language") == 0.4
    assert offer("a/two").quality_at("chat", "language") is None


def specialists() -> list[Candidate]:
    """Models of one price, each at home in domains of its own."""
    homes = {
        "a/coder": ("code", "engineering", "tools", "terminal"),
        "b/thinker": ("mathematics", "logic", "science", "data"),
        "c/writer": ("language", "conversation", "instructions", "summaries"),
        "d/seer": ("vision", "languages"),
        "e/designer": ("web",),
    }
    everything = [domain for own in homes.values() for domain in own]
    return [
        offer(
            model,
            usd=("1", "2"),
            task_scores={"general": 0.5},
            domain_scores={d: 0.8 if d in own else 0.45 for d in everything},
        )
        for model, own in homes.items()
    ]


def chosen_at(task: str, text: str) -> str:
    domain = domain_of(task, body(text), input_tokens=100)
    [first, *_] = decide(specialists(), need(task=task, domain=domain)).chain
    return first.candidate.model


def test_balanced_chooses_by_domain() -> None:
    chosen = {chosen_at(task, text) for task, text, _ in PROMPTS}

    assert len(chosen) == 5


@pytest.mark.skipif(not SHARED.is_dir(), reason="the labelled prompts are not here")
def test_balanced_chooses_by_domain_over_labelled_prompts() -> None:
    chosen = {chosen_at(label, text) for label, text in labelled()}

    assert len(chosen) >= 3


def labelled() -> Iterator[tuple[str, str]]:
    with gzip.open(SHARED / "tasks_dev.jsonl.gz", "rt") as file:
        for line in list(file)[::4]:
            row = json.loads(line)
            yield row["label"], row["text"]


KNOWN = sorted({w for task in WORDS.values() for own in task.values() for w in own})
PIECES = st.sampled_from(
    [*KNOWN, " ", "-", "_", "7", "é", "£", "—", "\u2028", "\ud800"]
)


@given(st.lists(PIECES, max_size=30).map("".join))
def test_the_words_of_a_domain_are_runs_of_letters_and_signs(text: str) -> None:
    runs = frozenset(re.findall(r"[^\W\d_]{2,}|[\\$^=]", text))

    assert words_of(text).intersection(KNOWN) == runs.intersection(KNOWN)

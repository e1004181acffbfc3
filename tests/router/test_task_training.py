"""Fitting and scoring the task detector, on prompts made up for the test."""

import gzip
from pathlib import Path

import msgspec
import pytest
from django.core.management import CommandError, call_command

from apps.router.engine.task import TASKS, guess_of, reading_of
from apps.router.task_training import card
from apps.router.task_training.data import (
    PUBLIC_FILES,
    Prompt,
    family_of,
    read_own,
    read_public,
)
from apps.router.task_training.fit import best_temperature, example_of, fit, fit_rows
from apps.router.task_training.score import (
    Guessed,
    accuracy,
    calibration_error,
    confusion,
    coverage,
    f1_by_task,
    guess_all,
    leave_sources_out,
    macro_f1,
)
from apps.router.task_training.timing import Timing, time_guesses

PUBLIC = Path("../shared/data/routing")
ASKED = {
    "translation": "Translate to {}: hello",
    "coding": "Write a {} function that sorts",
    "image": "a painting of a cat in the style of {}",
}


def made_up() -> list[Prompt]:
    """Three tasks from two sources and our own."""
    words = ("French", "German", "Python", "Java", "Monet", "Klimt")
    return [
        Prompt(f"{text.format(word)} {number}", task, source)
        for source in ("one", "two", "own")
        for task, text in ASKED.items()
        for number, word in enumerate(words)
    ]


def guessed(*pairs: tuple[str, str], sure: float = 0.9) -> list[Guessed]:
    """Guesses by (true, said)."""
    found = []
    for true, said in pairs:
        rest = (1 - sure) / (len(TASKS) - 1)
        shares = [sure if task == said else rest for task in TASKS]
        found.append(Guessed(Prompt("x", true, "s", "en"), guess_of(shares)))
    return found


def test_a_fitted_model_knows_what_it_was_shown() -> None:
    prompts = made_up()
    model = fit([example_of(p) for p in prompts])

    for prompt in prompts:
        logits = model.logits(reading_of(prompt.text))
        assert TASKS[logits.index(max(logits))] == prompt.task


def test_fitting_twice_gives_the_same_weights() -> None:
    examples = [example_of(p) for p in made_up()]

    assert fit_rows(examples) == fit_rows(examples)


def test_what_one_source_alone_says_is_not_learned() -> None:
    extra = [Prompt(f"shibboleth {n}", "chat", "one") for n in range(9)]

    _, rows = fit_rows([example_of(p) for p in (*made_up(), *extra)])

    assert "w:shibboleth" not in {row.feature for row in rows}


def test_each_source_is_guessed_without_it() -> None:
    others = [Prompt("Translate to Dutch: hello", "translation", "written")]

    found = leave_sources_out(made_up(), others=others, workers=1)

    assert {g.prompt.source for g in found} == {"one", "two", "written"}
    assert accuracy(found) == 1.0
    assert all(len(g.logits) == len(TASKS) for g in found)


def test_temperature_makes_wrong_certainty_modest() -> None:
    certain_and_half_wrong = [((9.0, 0.0), 0), ((9.0, 0.0), 1)]
    modest_and_right = [((0.5, 0.0), 0)] * 9

    assert best_temperature(certain_and_half_wrong) == pytest.approx(5.0)
    assert best_temperature(modest_and_right) == pytest.approx(0.5)


def test_scores_follow_their_definitions() -> None:
    found = guessed(("chat", "chat"), ("chat", "coding"), ("coding", "coding"))

    assert accuracy(found) == pytest.approx(2 / 3)
    assert f1_by_task(found) == {
        "chat": pytest.approx(2 / 3),
        "coding": pytest.approx(2 / 3),
    }
    assert macro_f1(found) == pytest.approx(2 / 3)
    assert confusion(found)["chat", "coding"] == 1
    assert calibration_error(found) == pytest.approx(0.9 - 2 / 3)
    assert list(coverage(found)[0]) == pytest.approx([0.5, 1.0, 2 / 3])


def test_nothing_scores_nothing() -> None:
    assert (accuracy([]), macro_f1([]), calibration_error([])) == (0.0, 0.0, 0.0)


def test_the_card_tells_sources_languages_and_confusion() -> None:
    found = guessed(("chat", "chat"), ("chat", "coding"))
    timing = Timing(9, 50.0, 60.0, 200.0, 300.0, 5.0)
    intro = card.intro(decay=0.35, first=1000, last=500, bar=0.6)

    page = card.render(found, found, timing, intro)

    assert "| s | chat | 2 | 0.50 |" in page
    assert "en 0.50 (2)" in page
    assert "| **chat** | 1 | 1 | 0 |" in page
    assert "median 50 µs" in page
    assert "1,000" in page


def test_guesses_are_timed() -> None:
    timing = time_guesses(read_own()[:20])

    assert timing.prompts == 20
    assert 0 < timing.median_us <= timing.p99_us


def test_public_prompts_are_read_with_their_conversations(tmp_path: Path) -> None:
    said = [{"role": "user", "content": "hi"}]
    row = {"text": "hi", "label": "chat", "source": "react-hotpot", "messages": said}
    for name in PUBLIC_FILES:
        (tmp_path / name).write_bytes(gzip.compress(msgspec.json.encode(row) + b"\n"))

    first, second = read_public(tmp_path)

    assert first == second == Prompt("hi", "chat", "react", messages=said)


@pytest.mark.parametrize(
    ("source", "family"),
    [
        ("bfcl-live_simple", "bfcl"),
        ("humaneval-x-go", "humaneval"),
        (
            "open-assistant-prompt-lottery(hand-labelled)",
            "open-assistant-prompt-lottery",
        ),
        ("imagereward-test (DiffusionDB prompts)", "imagereward-test"),
        ("svamp", "svamp"),
    ],
)
def test_parts_of_one_origin_are_one_source(source: str, family: str) -> None:
    assert family_of(source) == family


def test_our_own_prompts_cover_every_task_and_many_languages() -> None:
    own = read_own()

    assert {p.task for p in own} == set(TASKS)
    assert len({p.language for p in own}) >= 20
    assert any("\n" in p.text for p in own)


def test_no_prompt_is_both_trained_and_tested_on() -> None:
    written = read_own(Path("tests/router/engine/task_prompts.txt"))

    assert not {p.text for p in written} & {p.text for p in read_own()}


@pytest.mark.parametrize(
    ("text", "is_non_latin"),
    [
        ("Grüße aus Köln", False),
        ("Привет", True),
        ("用Python写", False),
        ("12 + 3", False),
    ],
)
def test_scripts_are_told_apart(*, text: str, is_non_latin: bool) -> None:
    assert Prompt(text, "chat", "s").is_non_latin is is_non_latin


def test_training_without_prompts_says_so(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("train_task_detector", data=tmp_path)


@pytest.mark.skipif(not PUBLIC.is_dir(), reason="the public prompts are not here")
def test_the_shipped_weights_know_the_public_prompts() -> None:
    found = guess_all(read_public(PUBLIC)[::5])

    assert macro_f1(found) >= 0.9

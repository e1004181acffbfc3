"""Structure decides alone; rules and a model in many languages give probabilities."""

from pathlib import Path

import pytest

from apps.router.engine.task import (
    CERTAIN_FROM,
    TASKS,
    detect,
    reading_of,
    ruled,
    text_of,
)
from apps.router.task_training.data import Prompt, read_own
from apps.router.task_training.score import (
    calibration_error,
    f1_by_task,
    guess_all,
    macro_f1,
)

WRITTEN = Path(__file__).with_name("task_prompts.txt")


def asked(*texts: str, system: str = "") -> dict[str, object]:
    first = [{"role": "system", "content": system}] if system else []
    return {"messages": [*first, *({"role": "user", "content": t} for t in texts)]}


@pytest.fixture(scope="module")
def written() -> list[Prompt]:
    return read_own(WRITTEN)


@pytest.mark.parametrize(
    ("text", "task"),
    [
        ("Hello, how are you today?", "chat"),
        ("Translate to French: good morning", "translation"),
        ("Übersetze bitte diesen Satz ins Englische", "translation"),
        ("把下面的句子翻译成英文", "translation"),
        ("Summarize the following article in three bullet points: …", "summarization"),
        ("Fasse den Text in zwei Sätzen zusammen", "summarization"),
        ("总结这篇文章", "summarization"),
        ("Write a Python function that reverses a string", "coding"),
        ("```js\nconst x = 1\n```\nwhy does this fail?", "coding"),
        ("Schreibe eine Funktion in Java, die sortiert", "coding"),
        ("Prove that the square root of 2 is irrational", "reasoning"),
        ("If 3 apples cost 6 dollars, how many apples for 10?", "reasoning"),
        ("Draw me a picture of a cat", "image"),
        ("a lighthouse at dusk, oil on canvas, highly detailed, 8k", "image"),
        ("Thought: I should look.\nAction: search\nObservation: 3", "agent_step"),
        ("Summarize this code: def f(): pass", "coding"),
    ],
)
def test_the_task_is_recognised(text: str, task: str) -> None:
    assert detect(asked(text)).task == task


def test_prompts_never_trained_on_are_recognised(written: list[Prompt]) -> None:
    guessed = guess_all(written)

    assert len({p.language for p in written}) >= 15
    assert macro_f1(guessed) >= 0.88
    assert min(f1_by_task(guessed).values()) >= 0.75


def test_so_are_those_in_other_scripts(written: list[Prompt]) -> None:
    guessed = guess_all([p for p in written if p.is_non_latin])

    assert len(guessed) >= 100
    assert macro_f1(guessed) >= 0.85


def test_confidence_is_about_as_often_right_as_it_says(written: list[Prompt]) -> None:
    guessed = guess_all(written)
    sure = [g for g in guessed if g.guess.is_sure]

    assert calibration_error(guessed) < 0.15
    assert sum(g.is_right for g in sure) >= 0.93 * len(sure)


@pytest.mark.parametrize(
    "body",
    [
        {**asked("hi"), "tools": [{"type": "function"}]},
        {**asked("hi"), "functions": [{"name": "f"}]},
        {"messages": [{"role": "user", "content": "hi"}, {"role": "tool"}]},
        {"messages": [{"role": "assistant", "tool_calls": [{"id": "1"}]}]},
        {"messages": [{"role": "function", "content": "42"}]},
        {"messages": [{"role": "user", "content": [{"type": "tool_result"}]}]},
    ],
    ids=["tools", "functions", "tool", "calls", "function", "anthropic"],
)
def test_tools_mean_an_agent_s_step(body: dict[str, object]) -> None:
    guess = detect(body)

    assert (guess.task, guess.confidence) == ("agent_step", 1.0)


@pytest.mark.parametrize("kind", ["image_url", "image", "input_image"])
def test_an_image_part_means_an_image(kind: str) -> None:
    part = {"type": kind, "image_url": {"url": "data:"}}

    assert detect({"messages": [{"role": "user", "content": [part]}]}).task == "image"


def test_the_caller_s_word_is_believed() -> None:
    assert detect(asked("Translate this"), declared="coding").task == "coding"


def test_the_last_question_counts_more_than_the_one_before() -> None:
    messages = [
        {"role": "user", "content": "Translate to French: good morning"},
        {"role": "assistant", "content": "bonjour"},
        {"role": "user", "content": "Write a Python function that says it"},
    ]

    assert detect({"messages": messages}).task == "coding"


def test_a_question_that_says_little_is_taken_from_the_one_before() -> None:
    before = "Write a Python function that reads a csv file"

    alone, after = detect(asked("and shorter?")), detect(asked(before, "and shorter?"))

    assert dict(after.probabilities)["coding"] > dict(alone.probabilities)["coding"]


@pytest.mark.parametrize(
    ("system", "text", "task"),
    [
        (
            "You are a translator. Translate all that is said into French.",
            "The shop opens at nine and closes at six.",
            "translation",
        ),
        (
            "You control a robot. Available actions: move, grab. Each turn reply with"
            " one action. Thought:\nAction:\nObservation:",
            "The cup is on the left.",
            "agent_step",
        ),
        ("You are a helpful assistant.", "Fix my Python script", "coding"),
    ],
    ids=["translator", "robot", "plain"],
)
def test_a_system_prompt_that_names_the_work_decides(
    system: str, text: str, task: str
) -> None:
    assert detect(asked(text, system=system)).task == task


def test_an_unsure_guess_is_treated_as_chat() -> None:
    guess = detect(asked("prove it in Korean, draw the code, tl;dr"))

    assert guess.confidence < CERTAIN_FROM
    assert (guess.is_sure, guess.treated_as) == (False, "chat")


def test_a_sure_guess_is_treated_as_what_it_is() -> None:
    assert detect(asked("Translate to French: good morning")).treated_as == (
        "translation"
    )


@pytest.mark.parametrize(
    ("text", "task"),
    [
        ("> go to shelf 1\nYou see a cup.\n> take cup 1\n", "agent_step"),
        ("Thought: a\nAction: b\nObservation: c", "agent_step"),
        (
            "tools: available tools " + '{"parameters": 1, "description": 2}',
            "agent_step",
        ),
        ("word " * 200 + "\nSummarize the text.", "summarization"),
        ("#include <x.h>\nint main() { return 0; }", "coding"),
        ("Translate to German: hi", "translation"),
        ("word " * 200 + "\nTranslate this to German.", "translation"),
        ("translate " + "word " * 200 + "german " + "word " * 50, ""),
        ("Recommend an app that translates from German", ""),
        ("Translate this Python code to German", ""),
        ("Good weather", ""),
    ],
    ids=str,
)
def test_rules_fire_where_they_are_sure(text: str, task: str) -> None:
    assert ruled(reading_of(text)) == task


HOSTILE = {
    "empty": "",
    "blank": " \n\t ",
    "nul": "\x00" * 40,
    "emoji": "🙂🎉👩‍👩‍👧" * 50,
    "right to left": "\u202eabc \u200f שלום",
    "lone surrogate": "abc \ud800 def",
    "a megabyte": "word " * 200_000,
    "no spaces": "字" * 100_000,
    "one line of signs": "{" * 100_000,
    "numbers": "1+" * 50_000,
    "options": "(A) " * 3_000,
    "prompts": "> a\n" * 3_000,
    "controls": "".join(map(chr, range(32))) * 10,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_any_text_gets_probabilities(text: str) -> None:
    guess = detect(asked(text))

    assert [task for task, _ in guess.probabilities] == list(TASKS)
    assert sum(share for _, share in guess.probabilities) == pytest.approx(1)
    assert guess == detect(asked(text))


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{}],
        [{"role": "user"}],
        [{"role": "user", "content": None}],
        [{"role": "user", "content": [None, 3, {"type": "text", "text": 7}]}],
        [{"role": "assistant", "content": "Hello"}],
    ],
    ids=["none", "bare", "no content", "null", "odd parts", "no question"],
)
def test_a_conversation_without_a_question_is_chat(messages: list[object]) -> None:
    assert detect({"messages": messages}).task == "chat"


def test_text_of_parts_is_joined() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "image_url"}, {"text": "b"}]

    assert text_of(parts) == "a\nb"
    assert text_of(None) == ""

"""Structure decides alone; rules in several languages give shares."""

import pytest

from apps.router.engine.task import TASKS, detect, text_of


def asked(text: str) -> dict[str, object]:
    return {"messages": [{"role": "user", "content": text}]}


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
        ("Thought: I should look.\nAction: search", "agent_step"),
    ],
)
def test_the_task_is_recognised(text: str, task: str) -> None:
    assert detect(asked(text)).task == task


def test_tools_mean_an_agent_s_step() -> None:
    guess = detect({**asked("hi"), "tools": [{"type": "function"}]})

    assert (guess.task, guess.confidence) == ("agent_step", 1.0)


def test_a_tool_result_means_an_agent_s_step() -> None:
    messages = [{"role": "user", "content": "hi"}, {"role": "tool", "content": "42"}]

    assert detect({"messages": messages}).task == "agent_step"


def test_an_image_part_means_an_image() -> None:
    part = {"type": "image_url", "image_url": {"url": "data:"}}

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


def test_an_unsure_guess_is_treated_as_chat() -> None:
    mixed = "Translate this and summarize it: def f(): pass. How many integrals?"

    guess = detect(asked(mixed))

    assert guess.task == "chat"
    assert guess.confidence < 0.6


def test_shares_cover_all_tasks_and_make_a_whole() -> None:
    guess = detect(asked("Summarize this code: def f(): pass"))

    assert [task for task, _ in guess.probabilities] == list(TASKS)
    assert sum(share for _, share in guess.probabilities) == pytest.approx(1, abs=0.01)


def test_text_is_found_in_parts_and_nothing_in_the_rest() -> None:
    assert text_of([{"type": "text", "text": "a"}, {"type": "x"}, "junk"]) == "a"
    assert text_of(None) == ""

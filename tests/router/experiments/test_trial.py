"""Who goes to which arm: the same always, in the shares asked for."""

from collections import Counter
from typing import Any
from uuid import UUID

import pytest

from apps.router.engine import judging
from apps.router.engine.trial import Arm, Trial

ONE, TWO = UUID(int=1), UUID(int=2)


def trial(weight: float = 0.3, share: float = 1.0, code: UUID = ONE) -> Trial:
    arms = (Arm("control", 1 - weight), Arm("candidate", weight))
    return Trial(code, "ab", arms, "session", share)


def test_a_unit_stays_with_its_arm() -> None:
    arms = {trial().arm_of("session:42").name for _ in range(5)}

    assert len(arms) == 1


@pytest.mark.parametrize("weight", [0.0, 0.1, 0.5, 1.0])
def test_arms_get_their_weights_share(weight: float) -> None:
    counted = Counter(trial(weight).arm_of(f"u{n}").name for n in range(4000))

    assert counted["candidate"] / 4000 == pytest.approx(weight, abs=0.03)


def test_the_share_that_takes_part_is_drawn_apart_from_the_arm() -> None:
    some = trial(0.5, share=0.2)
    units = [f"u{n}" for n in range(8000) if some.takes(f"u{n}")]

    assert len(units) / 8000 == pytest.approx(0.2, abs=0.02)
    counted = Counter(some.arm_of(unit).name for unit in units)
    assert counted["candidate"] / len(units) == pytest.approx(0.5, abs=0.05)


def test_another_experiment_deals_anew() -> None:
    units = [f"u{n}" for n in range(1000)]
    one = [trial(0.5, code=ONE).arm_of(unit).name for unit in units]
    two = [trial(0.5, code=TWO).arm_of(unit).name for unit in units]

    assert 400 < sum(a == b for a, b in zip(one, two, strict=True)) < 600


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"better": "first"}', "first"),
        ('I think so.\n{"better" : "second"}', "second"),
        ('{"better": "first"} no: {"better": "neither"}', "neither"),
        ("The first one.", None),
        ("", None),
    ],
)
def test_what_a_judge_says_is_read(text: str, said: str | None) -> None:
    assert judging.choice_in(text) == said


@pytest.mark.parametrize(
    ("straight", "swapped", "outcome"),
    [
        ("second", "first", ("win", True)),
        ("first", "second", ("loss", True)),
        ("neither", "neither", ("tie", True)),
        ("first", "first", ("tie", False)),
        ("second", "second", ("tie", False)),
        ("neither", "first", ("tie", False)),
    ],
)
def test_only_who_wins_in_both_orders_wins(
    straight: judging.Choice, swapped: judging.Choice, outcome: tuple[str, bool]
) -> None:
    assert judging.outcome_of(straight, swapped) == outcome


def test_a_judge_sees_both_answers_and_no_names() -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:,"}}
    messages: list[dict[str, Any]] = [
        {"role": "user", "content": [{"type": "text", "text": "Why?"}, picture]},
        {"role": "assistant", "content": None},
    ]

    body = judging.question(messages, "one " * 5000, "two")

    shown = body["messages"][1]["content"]
    assert "user: Why?\n[image_url]" in shown
    assert "<second>\ntwo\n</second>" in shown
    assert "12000 characters" in shown


def test_a_judge_is_of_a_third_maker() -> None:
    assert judging.is_third("google/gemini", "openai/gpt", "anthropic/claude")
    assert not judging.is_third("openai/gpt-5", "openai/gpt", "anthropic/claude")

"""Parallel tool calls, whose pieces may come in any order."""

import pytest

from apps.router.dialects.calls import CallQueue, Step
from apps.router.dialects.deltas import CallDelta


def told(*deltas: CallDelta) -> str:
    """The steps as text: `+a` begins, `-a` ends, the rest are arguments."""
    queue = CallQueue()
    steps = [step for delta in deltas for step in queue.add(delta)]
    return " ".join(map(_word, steps + queue.finish()))


def _word(step: Step) -> str:
    if step.is_start:
        return f"+{step.call.id}"
    return f"-{step.call.id}" if step.is_end else step.arguments


def piece(index: int, arguments: str = "", call_id: str = "") -> CallDelta:
    return CallDelta(index, call_id, "f" if call_id else "", arguments)


@pytest.mark.parametrize(
    ("deltas", "expected"),
    [
        ([], ""),
        ([piece(0, "", "a"), piece(0, "{"), piece(0, "}")], "+a { } -a"),
        (
            [piece(0, "{}", "a"), piece(1, "", "b"), piece(1, "{}")],
            "+a {} -a +b {} -b",
        ),
        # To and fro: the second waits until the first is whole.
        (
            [
                piece(0, "{", "a"),
                piece(1, "[", "b"),
                piece(0, "}"),
                piece(1, "]"),
            ],
            "+a { } -a +b [ ] -b",
        ),
        # Never whole: told all the same in the end.
        ([piece(0, "{", "a"), piece(1, "{}", "b")], "+a { -a +b {} -b"),
        # A server that numbers all of them 0.
        ([piece(0, "{}", "a"), piece(0, "{}", "b")], "+a {} -a +b {} -b"),
        # No arguments at all.
        ([piece(0, "", "a"), piece(1, "", "b")], "+a -a +b -b"),
    ],
    ids=["none", "one", "two", "mixed", "broken", "unnumbered", "empty"],
)
def test_calls_are_told_one_after_the_other(
    deltas: list[CallDelta], expected: str
) -> None:
    assert told(*deltas) == expected

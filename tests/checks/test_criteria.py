"""Checks without a judge: what is refused, what is met, and that none hangs."""

import time

import pytest

from apps.checks.criteria import Criterion, clean_criteria
from apps.checks.examining import Paper, examine


@pytest.mark.parametrize(
    ("criterion", "told"),
    [
        (Criterion("mood", "good"), "There is no check"),
        (Criterion("regex", ""), "needs a value"),
        (Criterion("regex", "(unclosed"), "cannot be read"),
        (Criterion("regex", "a" * 1001), "1,000 characters"),
        (Criterion("schema", "{"), "is not JSON"),
        (Criterion("schema", "[]"), "is an object"),
        (Criterion("schema", '{"type": "thing"}'), "is not one"),
        (Criterion("schema", '{"$ref": "http://127.0.0.1/x"}'), "refer to itself"),
        (Criterion("contains", "x" * 20_001), "20,000 characters"),
    ],
)
def test_unsound_checks_are_refused_with_a_reason(
    criterion: Criterion, told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        clean_criteria([criterion])


def test_there_are_at_most_ten_checks() -> None:
    with pytest.raises(ValueError, match="10 checks"):
        clean_criteria([Criterion("json")] * 11)


def test_each_answer_meets_what_it_meets_and_a_hostile_pattern_stops_only_itself() -> (
    None
):
    criteria = [
        Criterion("regex", r"(a+)+$"),
        Criterion("contains", "HELLO"),
        Criterion("exact"),
        Criterion("json"),
        Criterion("schema", '{"type": "object", "required": ["a"]}'),
    ]
    papers = [
        Paper("a" * 40 + "b", "x"),
        Paper('```json\n{"a": "hello"}\n```'),
        Paper('{"b": 1}', '{"b": 1}'),
    ]

    began = time.monotonic()
    said = examine(criteria, papers)

    assert said == [
        [None, False, False, False, False],
        [False, True, None, True, True],
        [False, False, True, True, False],
    ]
    assert time.monotonic() - began < 15


def test_nothing_is_started_for_no_answers() -> None:
    assert examine([Criterion("json")], []) == []

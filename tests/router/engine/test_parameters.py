"""The parameter matrix: what is left out, moved into range, and left alone."""

from typing import Any

import pytest

from apps.router.engine.parameters import Matrix, Parameter, fit, named_in, within

ALL = {"messages": [], "temperature": 0.5, "top_k": 40, "made_up": 1}
KNOWN = Matrix(
    {"temperature": Parameter(), "max_tokens": Parameter()}, is_complete=True
)


def test_what_a_whole_list_does_not_name_is_dropped_and_reported() -> None:
    fitted = fit(ALL, KNOWN)

    assert fitted.body == {"messages": [], "temperature": 0.5, "made_up": 1}
    assert fitted.changes == ("dropped:top_k",)


def test_what_nobody_assessed_goes_out_as_it_came() -> None:
    assert fit(ALL, None).body is ALL
    assert fit(ALL, Matrix({"seed": Parameter()})).body is ALL


def test_an_editor_s_no_holds_without_a_whole_list() -> None:
    fitted = fit(ALL, Matrix({"top_k": Parameter(is_supported=False)}))

    assert "top_k" not in fitted.body
    assert fitted.changes == ("dropped:top_k",)


@pytest.mark.parametrize("name", ["tools", "max_tokens", "response_format"])
def test_what_carries_meaning_or_cost_is_never_dropped(name: str) -> None:
    fitted = fit({name: 1}, Matrix({"seed": Parameter()}, is_complete=True))

    assert fitted.body == {name: 1}
    assert fitted.changes == ()


def test_leaving_out_what_says_nothing_is_not_worth_a_word() -> None:
    fitted = fit({"logprobs": False, "seed": None}, KNOWN)

    assert fitted.body == {}
    assert fitted.changes == ()


def test_top_logprobs_goes_with_logprobs() -> None:
    matrix = Matrix({"logprobs": Parameter(is_supported=False)})

    fitted = fit({"logprobs": True, "top_logprobs": 3}, matrix)

    assert fitted.changes == ("dropped:logprobs", "dropped:top_logprobs")


def test_a_number_is_moved_into_its_range_and_the_caller_s_body_kept() -> None:
    body = {"temperature": 2.0, "top_p": 0.5}
    matrix = Matrix(
        {
            "temperature": Parameter(minimum=0, maximum=1),
            "top_p": Parameter(minimum=0, maximum=1),
        }
    )

    fitted = fit(body, matrix)

    assert fitted.body == {"temperature": 1, "top_p": 0.5}
    assert fitted.changes == ("adjusted:temperature",)
    assert body["temperature"] == 2.0


RANGE = Parameter(minimum=1, maximum=10)
EFFORTS = Parameter(choices=("low", "high"))


@pytest.mark.parametrize(
    ("value", "parameter", "sent"),
    [
        (0, RANGE, 1),
        (11, RANGE, 10),
        (5, RANGE, 5),
        (0.5, RANGE, 1),
        (True, RANGE, True),
        ("7", RANGE, "7"),
        (None, RANGE, None),
        (99, Parameter(minimum=1), 99),
        ("high", EFFORTS, "high"),
        ("minimal", EFFORTS, "low"),
        ("medium", EFFORTS, "low"),
        ("xhigh", EFFORTS, "high"),
        ("quick", EFFORTS, "quick"),
        ("medium", Parameter(choices=("a", "b")), "medium"),
    ],
)
def test_values_within_range(value: Any, parameter: Parameter, sent: Any) -> None:
    assert within(value, parameter) == sent


def test_two_names_of_one_thing_are_one() -> None:
    matrix = Matrix(
        {"max_tokens": Parameter(), "structured_outputs": Parameter()}, is_complete=True
    )

    taken = matrix.taken()

    assert taken is not None
    assert {"max_tokens", "max_completion_tokens", "response_format"} <= taken
    assert "top_k" not in taken
    assert Matrix({"seed": Parameter()}).taken() is None


def test_only_what_lists_speak_of_is_required() -> None:
    body = {"messages": [], "seed": 1, "user": "u", "made_up": 1, "top_k": 1}

    assert named_in(body) == ("seed", "top_k")


def test_the_plans_that_are_remembered_are_bounded() -> None:
    matrix = Matrix({"top_k": Parameter()}, is_complete=True)

    for number in range(200):
        fit({f"field_{number}": 1, "seed": 1}, matrix)

    assert len(matrix._plans) <= 64

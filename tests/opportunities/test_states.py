"""The next state of an opportunity, by what was kept and what was found."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from apps.kit.ids import uuid7
from apps.opportunities.engine.finding import Option, find
from apps.opportunities.states import (
    Basis,
    Kept,
    basis_of,
    moved,
    when_found,
    when_gone,
)
from tests.opportunities.offers import GPT_4O, MARKET, MINI, NOW, need, offer, volume

BASIS = basis_of(GPT_4O, MINI, "chat")


def option(**fields: Any) -> Option:
    return find(need(**fields), GPT_4O, MARKET, now=NOW)[0]


def kept(state: str = "active", **fields: Any) -> Kept:
    values: dict[str, Any] = {
        "current_model_id": GPT_4O.model_id,
        "candidate_model_id": MINI.model_id,
        "savings_usd": 822.5,
        "confidence": option().confidence.value,
        "basis": BASIS,
        "dismissed_until": NOW + timedelta(days=30),
        **fields,
    }
    return Kept(uuid7(), state, **values)


def test_what_is_as_it_was_says_nothing() -> None:
    step = when_found(kept(), option(), BASIS, NOW)

    assert (step.state, step.what) == ("active", "")


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"savings_usd": 700.0}, "The savings moved by +18 %."),
        ({"savings_usd": None}, "The savings are known now."),
        ({"confidence": 10}, "Confidence moved by +50 points."),
    ],
)
def test_a_change_of_a_tenth_is_a_line_of_the_history(
    fields: dict[str, Any], text: str
) -> None:
    step = when_found(kept(**fields), option(), BASIS, NOW)

    assert (step.what, step.text) == ("changed", text)


def test_savings_that_are_no_longer_known_are_a_line_too() -> None:
    unknown = replace(option(), savings=replace(option().savings, usd=None))

    assert "not known now" in when_found(kept(), unknown, BASIS, NOW).text
    assert when_found(kept(savings_usd=None), unknown, BASIS, NOW).what == ""


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (BASIS, BASIS, ""),
        ({**BASIS, "candidate_quality": None}, BASIS, "is known now"),
        (BASIS, {**BASIS, "candidate_price": None}, "is not known now"),
        (BASIS, {**BASIS, "current_price": 1.0}, "price of the current model moved"),
        ({**BASIS, "candidate_price": 0.0}, BASIS, "moved by +100 %"),
        ({}, {}, ""),
        ({"candidate_price": 0.0}, {"candidate_price": 0.0}, ""),
    ],
)
def test_what_moved_is_said(before: Basis, after: Basis, words: str) -> None:
    found = moved(before, after)

    assert words in found
    assert bool(found) is bool(words)


def test_prices_and_qualities_that_nobody_knows_are_none() -> None:
    basis = basis_of(offer("h/m", None, quality=None), MINI, "coding")

    assert basis["current_price"] is None
    assert basis["current_quality"] is None
    assert basis["candidate_quality"] == 0.47


@pytest.mark.parametrize(
    ("state", "candidate_id", "refusal", "expected"),
    [
        ("active", None, "", "expired"),
        ("active", None, "no vision", "invalidated"),
        ("dismissed", None, "no vision", "dismissed"),
        ("accepted", None, "", "accepted"),
        ("expired", None, "no vision", "expired"),
        ("active", GPT_4O.model_id, "", "accepted"),
        ("dismissed", GPT_4O.model_id, "", "accepted"),
    ],
)
def test_what_is_gone_takes_the_state_that_says_why(
    state: str, candidate_id: Any, refusal: str, expected: str
) -> None:
    one = kept(state, candidate_model_id=candidate_id or MINI.model_id)

    assert when_gone(one, GPT_4O.model_id, refusal).state == expected


def test_an_accepted_one_opens_when_the_use_case_runs_on_a_third_model() -> None:
    other = kept("accepted", current_model_id=uuid7())

    assert when_found(other, option(), BASIS, NOW).what == "returned"
    assert when_found(kept("accepted"), option(), BASIS, NOW).state == "accepted"
    assert volume().basis == "typed"

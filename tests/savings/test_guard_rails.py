"""What becomes of a canary: pure."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.router.engine.evidence import Interval
from apps.savings.guard_rails import Arm, Canary, Rails, decide

BEGAN = datetime(2026, 11, 1, tzinfo=UTC)
RAILS = Rails(min_requests=100, min_hours=24, max_days=7)
SOUND = Interval(1000, 900, 1100)


def canary(**fields: Any) -> Canary:
    control = Arm(900, 9, SOUND)
    candidate = Arm(100, 1, Interval(1200, 1000, 1400))
    return replace(Canary(control, candidate, BEGAN), **fields)


def after(hours: float) -> datetime:
    return BEGAN + timedelta(hours=hours)


def test_a_sound_candidate_is_promoted_and_the_reason_has_its_figures() -> None:
    decision = decide(canary(), RAILS, after(24))

    assert decision.step == "promote"
    assert "100 requests: 1.0 % failed against 1.0 %" in decision.why
    assert "95 % within 1.20 s against 1.00 s" in decision.why


def test_it_waits_for_time_and_for_requests_and_says_for_what() -> None:
    early = decide(canary(), RAILS, after(23.9))
    few = decide(canary(candidate=Arm(99, 0, SOUND)), RAILS, after(48))
    alone = decide(canary(control=Arm()), RAILS, after(48))

    assert {early.step, few.step, alone.step} == {"wait"}
    assert "24 hours" in early.why
    assert "99 of the 100 requests" in few.why
    assert "nothing to compare" in alone.why


def test_too_few_requests_at_the_end_is_no_promotion() -> None:
    decision = decide(canary(candidate=Arm(12, 0, SOUND)), RAILS, after(7 * 24))

    assert decision.step == "roll_back"
    assert decision.why.startswith("7 days are over, and the candidate has taken 12")


@pytest.mark.parametrize("control", [Arm(), Arm(1, 0, SOUND), Arm(90, 0, SOUND)])
def test_a_candidate_that_only_fails_is_stopped_within_minutes(control: Arm) -> None:
    decision = decide(canary(control=control, candidate=Arm(12, 12)), RAILS, after(0.1))

    assert decision.step == "roll_back"
    assert "failed in 100.0 % of 12 requests" in decision.why


def test_one_failure_at_the_beginning_proves_nothing() -> None:
    decision = decide(canary(candidate=Arm(1, 1)), RAILS, after(0.1))

    assert decision.step == "wait"


def test_a_candidate_that_fails_as_often_as_the_model_before_may_go_on() -> None:
    both = {"control": Arm(900, 90, SOUND), "candidate": Arm(100, 10, SOUND)}

    assert decide(canary(**both), RAILS, after(24)).step == "promote"


def test_more_failures_than_allowed_are_not_promoted() -> None:
    decision = decide(canary(candidate=Arm(100, 4, SOUND)), RAILS, after(24))

    assert decision.step == "roll_back"
    assert "2 points more were allowed" in decision.why


def test_a_slow_candidate_is_stopped_as_soon_as_that_is_certain() -> None:
    certain = Arm(50, 0, Interval(2500, 2000, 3000))
    unsure = Arm(50, 0, Interval(2500, 900, 9000))

    assert decide(canary(candidate=certain), RAILS, after(1)).step == "roll_back"
    assert decide(canary(candidate=unsure), RAILS, after(1)).step == "wait"
    late = decide(canary(candidate=replace(unsure, requests=100)), RAILS, after(24))
    assert late.step == "roll_back"
    assert "up to 2.50 s" in late.why


def test_quality_is_waited_for_where_it_is_asked_for() -> None:
    rails = replace(RAILS, checks_quality=True)

    open_one = decide(canary(marks_needed=80), rails, after(25))
    over = decide(canary(), rails, after(8 * 24))

    assert (open_one.step, over.step) == ("wait", "roll_back")
    assert "about 80 marks" in open_one.why
    assert decide(canary(verdict="not_worse"), rails, after(25)).step == "promote"
    assert decide(canary(verdict="worse"), rails, after(1)).step == "roll_back"


arms = st.integers(0, 5000).flatmap(
    lambda n: st.builds(
        Arm,
        st.just(n),
        st.integers(0, n),
        st.floats(1, 1e5).map(lambda p: Interval(p, p * 0.8, p * 1.2)),
    )
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(arms, arms, st.floats(0, 30 * 24))
def test_it_ends_at_the_latest_and_never_without_a_reason(
    control: Arm, candidate: Arm, hours: float
) -> None:
    decision = decide(canary(control=control, candidate=candidate), RAILS, after(hours))

    assert decision.why
    assert decision.step != "wait" or hours < RAILS.max_days * 24
    if decision.step == "promote":
        assert candidate.requests >= RAILS.min_requests
        gap = candidate.failed_share - control.failed_share
        assert gap <= RAILS.max_error_points


def test_rails_are_kept_and_read_again() -> None:
    rails = Rails(min_requests=10, checks_quality=True)

    assert Rails.read({**rails.stored(), "of another release": 1}) == rails

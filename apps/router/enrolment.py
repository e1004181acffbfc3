"""Which experiment a request takes part in, and by which arm it is routed."""

from dataclasses import dataclass, replace

import msgspec

from apps.kit.errors import AppError
from apps.router.arrivals import Arrival
from apps.router.engine.rules import NO_RULES
from apps.router.engine.trial import Arm, Trial
from apps.router.plan import Plan, Planner
from apps.router.snapshot import Snapshot
from apps.router.steering import Course


@dataclass(frozen=True, slots=True)
class Enrolment:
    """One request's part in an experiment."""

    trial: Trial
    arm: Arm


def planned(
    arrival: Arrival, course: Course, planner: Planner
) -> tuple[Course, Plan, Enrolment | None]:
    """The request's course and plan, by the arm of its alias's experiment if any."""
    caller, inbound = arrival.caller, arrival.inbound
    arrival.options.obey(course.rules)
    plan = planner.plan(caller, inbound, course, arrival.context)
    enrolment = enrol(arrival, course, planner.snapshot)
    if enrolment is None or enrolment.arm.rules is NO_RULES:
        return course, plan, enrolment
    changed = routed(course, enrolment.arm, plan.decision.chain[0].candidate.model)
    try:
        own = planner.plan(caller, inbound, changed, arrival.context)
    except AppError:
        # What the arm cannot do the alias still can: it just takes no part.
        return course, plan, None
    return changed, own, enrolment


def enrol(arrival: Arrival, course: Course, snapshot: Snapshot) -> Enrolment | None:
    """The request's arm; None where its alias runs no experiment, or it is left out.

    Test keys take no part: their answers cost nothing and say nothing. Nor do our own
    calls, or a shadow would be shadowed.
    """
    if course.alias is None:
        return None
    trials = snapshot.policy(arrival.caller.org_id).trials
    if not trials or (trial := trials.get(course.alias.id)) is None:
        return None
    if arrival.caller.is_test or arrival.options.purpose != "call":
        return None
    unit = unit_of(trial, arrival)
    if not trial.takes(unit):
        return None
    arm = trial.arms[0] if trial.kind == "shadow" else trial.arm_of(unit)
    return Enrolment(trial, arm)


def unit_of(trial: Trial, arrival: Arrival) -> str:
    """What stays with one arm: a user, a conversation, or this request alone.

    Who names no user is taken by the conversation, and a conversation without a name is
    known by how it began, which its later turns repeat.
    """
    if trial.sticky == "request":
        return arrival.request_id
    if trial.sticky == "user" and isinstance(user := arrival.body.get("user"), str):
        return f"user:{user}"
    named = arrival.options.session or arrival.typed.session_id
    return f"session:{named}" if named else f"opening:{_opening(arrival)}"


def _opening(arrival: Arrival) -> str:
    """The conversation up to and with its first user's turn."""
    turns = []
    for message in arrival.body["messages"]:
        turns.append(repr(message.get("content")))
        if message.get("role") == "user":
            break
    return "\n".join(turns)


def routed(course: Course, arm: Arm, stand_in: str) -> Course:
    """The course of the alias, changed by the arm.

    The model that would have answered without the experiment stands behind the arm's:
    a caller does not pay for an experiment with an error.
    """
    rules = course.rules.narrowed_by(arm.rules)
    if not rules.fallbacks:
        rules = msgspec.structs.replace(rules, fallbacks=(stand_in,))
    return replace(course, rules=rules, model=arm.rules.forced or course.model)

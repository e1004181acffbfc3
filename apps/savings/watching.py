"""The job's look at every switch: canaries by their guard rails, the others by whether
what they rest on still stands.
"""

import logging
from datetime import datetime
from typing import Any, Final

from apps.kit.errors import ConflictError, ValidationError
from apps.portfolio.models import UseCase
from apps.router.engine.evidence import Interval
from apps.router.experiment_models import Experiment
from apps.router.experiment_queries import ArmResult, Results, results
from apps.savings import routing, services
from apps.savings.guard_rails import Arm, Canary, Decision, decide
from apps.savings.models import Switch
from apps.savings.queries import open_switches

logger = logging.getLogger(__name__)

OPEN: Final = (Experiment.State.DRAFT, Experiment.State.RUNNING)


def watch(now: datetime) -> int:
    """Take the next step of every switch of the organization; how many took one."""
    return sum(_watched(one, now) for one in open_switches())


def _watched(switch: Switch, now: datetime) -> bool:
    try:
        return _step(switch, now) if switch.is_under_way else _stands(switch)
    except (ConflictError, ValidationError) as problem:
        # Somebody was quicker, or the next step cannot be taken yet.
        logger.info("The switch %s waits: %s", switch.id, problem)
        return False


def _step(switch: Switch, now: datetime) -> bool:
    experiment = experiment_under_way(switch)
    if experiment is None:
        return _rolled_back(switch, "Its experiment was deleted by hand.")
    said = results(experiment)
    decision = next_step(switch, experiment, said, now)
    if decision.step == "wait":
        return False
    if decision.step == "promote":
        services.promote(switch.id, why=decision.why)
    else:
        services.roll_back(switch.id, why=decision.why, is_harm=True)
    services.keep_figures(switch, figures_of(said))
    return True


def experiment_under_way(switch: Switch) -> Experiment | None:
    """The experiment that the switch is in: its shadow's, or its canary's."""
    is_shadow = switch.state == Switch.State.SHADOW
    return routing.experiment_of(
        switch.shadow_id if is_shadow else switch.experiment_id
    )


def next_step(
    switch: Switch, experiment: Experiment, said: Results, now: datetime
) -> Decision:
    """What the rails say of what was measured until now."""
    if not UseCase.objects.filter(id=switch.use_case_id).exists():
        return Decision("roll_back", "The use case was deleted.")
    rails = switch.guard
    if switch.state == Switch.State.SHADOW:
        rails = routing.shadow_rails(switch)
    canary = Canary(
        arm_of(said.control),
        arm_of(said.candidate),
        experiment.started_at or now,
        _verdict(experiment, said) if rails.checks_quality else "",
        said.needed,
    )
    decision = decide(canary, rails, now)
    if decision.step != "wait" or experiment.state in OPEN:
        return decision
    return _after_the_end(experiment, decision)


def _after_the_end(experiment: Experiment, decision: Decision) -> Decision:
    """An experiment that is over brings nothing more to wait for."""
    if experiment.state == Experiment.State.CONCLUDED and experiment.verdict in {
        "better",
        "not_worse",
    }:
        return Decision("promote", experiment.end_reason)
    return Decision("roll_back", f"Its experiment is over. {experiment.end_reason}")


def _verdict(experiment: Experiment, said: Results) -> Any:
    return experiment.verdict or said.verdict


def arm_of(arm: ArmResult) -> Arm:
    """What the rails need to know of an arm."""
    return Arm(arm.requests, min(arm.requests, arm.failed + arm.stood_in), arm.p95)


def figures_of(said: Results) -> dict[str, Any]:
    """Both arms as the switch's record keeps them."""
    return {
        arm.name: {
            "requests": arm.requests,
            "failed": arm.failed,
            "stood_in": arm.stood_in,
            "cost_usd": f"{arm.cost_usd:f}",
            "errors": _bounds(arm.errors),
            "p95_ms": _bounds(arm.p95),
            "cost_per_request": _bounds(arm.cost),
        }
        for arm in said.arms
    }


def _bounds(interval: Interval) -> list[float] | None:
    if not interval.is_known:
        return None
    return [interval.middle, interval.low, interval.high]


def _rolled_back(switch: Switch, why: str) -> bool:
    services.roll_back(switch.id, why=why, is_harm=True)
    return True


def _stands(switch: Switch) -> bool:
    """End a switch whose alias or use case somebody changed by hand."""
    why, at = _fallen(switch)
    if not why:
        return False
    services.end(switch.id, why, at=at)
    return True


def _fallen(switch: Switch) -> tuple[str, datetime | None]:
    rows = UseCase.objects.select_related("current_model")
    use_case = rows.filter(id=switch.use_case_id).first()
    if use_case is None:
        return "The use case was deleted.", None
    if not switch.is_measured:
        if use_case.current_model_id == switch.to_model_id:
            return "", None
        return f"The use case runs on {use_case.current_model.name} now.", None
    alias = routing.alias_of(switch)
    if alias is None:
        return "The alias was deleted.", None
    forced = str(alias.rules.get("forced", ""))
    if forced == switch.to_model.slug:
        return "", None
    target = f"routes to {forced}" if forced else "chooses its model by itself"
    # Its change is the newest there is, and cannot be before the switch's own.
    at = alias.updated_at
    if switch.live_at is not None and at < switch.live_at:
        at = switch.live_at
    return f"The alias was changed by hand: it {target} now.", at

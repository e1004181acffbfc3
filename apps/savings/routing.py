"""What a switch does to its alias and its experiments; within the switch's transaction.

Who changes an alias holds the use case's lock, then the alias's, in this order.
"""

from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from apps.kit.errors import ConflictError, ValidationError
from apps.router import alias_services, experiment_services
from apps.router.alias_models import Alias
from apps.router.alias_rules import pointed_at
from apps.router.engine.rules import read_rules
from apps.router.experiment_models import Experiment
from apps.router.experiment_services import NewExperiment
from apps.savings.models import Switch

# The experiment's own limit; the guard rails decide long before.
DAYS_AFTER_RAILS: Final = 30
MOST_DAYS: Final = 365
CHANGED_SINCE: Final = (
    "The alias was changed by hand since the switch: choose its model under Router, "
    "Aliases."
)


def locked_alias(alias_id: UUID) -> Alias:
    """Raises ConflictError when the alias is gone."""
    rows = Alias.objects.select_for_update(of=("self",))
    alias = rows.filter(id=alias_id).first()
    if alias is None:
        raise ConflictError("The alias of this use case was deleted.")
    return alias


def point(switch: Switch) -> None:
    """Have the alias take the new model; the one before it answers when it cannot."""
    alias = locked_alias(_alias_of(switch))
    switch.rules_before = dict(alias.rules)
    switch.baseline_before = alias.baseline_model
    rules = pointed_at(
        switch.to_model.slug,
        read_rules(alias.rules),
        stand_in=switch.from_model.slug,
    )
    _change(switch, alias, rules=rules, baseline=switch.from_model.slug)


def promote(switch: Switch) -> None:
    """End the canary and have the alias take its candidate."""
    experiment = experiment_of(switch.experiment_id)
    if experiment is None:
        raise ConflictError("The experiment of this canary was deleted.")
    # The experiment's lock before the alias's, as whoever promotes one takes them.
    if experiment.state == Experiment.State.RUNNING:
        experiment_services.stop_experiment(experiment.id, "to promote its candidate")
    promoted = experiment_services.promote(
        experiment.id, stand_in=switch.from_model.slug
    )
    switch.rules_before = dict(promoted.rules_before or {})
    alias = locked_alias(_alias_of(switch))
    switch.baseline_before = alias.baseline_model
    _change(switch, alias, rules=None, baseline=switch.from_model.slug)


def put_back(switch: Switch) -> None:
    """Restore the rules from before; ConflictError when they were changed since."""
    experiment = experiment_of(switch.experiment_id)
    if experiment is not None and experiment.promoted_arm:
        try:
            experiment_services.undo_promotion(experiment.id)
        except ConflictError as problem:
            raise ConflictError(CHANGED_SINCE) from problem
        alias = locked_alias(_alias_of(switch))
    else:
        alias = locked_alias(_alias_of(switch))
        if alias.rules != switch.rules_after:
            raise ConflictError(CHANGED_SINCE)
    changes: dict[str, Any] = {
        "rules": read_rules(switch.rules_before or {}),
        "baseline_model": switch.baseline_before,
    }
    alias_services.change_alias(alias.id, changes, version=alias.version)


def _change(switch: Switch, alias: Alias, *, rules: Any, baseline: str) -> None:
    changes: dict[str, Any] = {"baseline_model": baseline}
    if rules is not None:
        changes["rules"] = rules
    changed = alias_services.change_alias(alias.id, changes, version=alias.version)
    switch.rules_after = dict(changed.rules)


def start_canary(switch: Switch, name: str) -> Experiment:
    """Send the candidate its share of the conversations; ConflictError beside another
    experiment of the alias.
    """
    rails = switch.guard
    quality = (
        Experiment.Quality.FEEDBACK if rails.checks_quality else Experiment.Quality.NONE
    )
    return _start(
        NewExperiment(
            name=f"Canary: {name}"[:100],
            alias_id=_alias_of(switch),
            kind=Experiment.Kind.AB,
            model=switch.to_model.slug,
            candidate_share=switch.share or 0.1,
            sticky=Experiment.Sticky.SESSION,
            quality=quality,
            margin=rails.quality_margin,
            max_days=min(MOST_DAYS, rails.max_days + DAYS_AFTER_RAILS),
        )
    )


def start_shadow(switch: Switch, name: str, budget_usd: Any) -> Experiment:
    """Let the candidate answer too, unheard, for at most so much money."""
    return _start(
        NewExperiment(
            name=f"Shadow: {name}"[:100],
            alias_id=_alias_of(switch),
            kind=Experiment.Kind.SHADOW,
            model=switch.to_model.slug,
            quality=Experiment.Quality.NONE,
            max_days=min(MOST_DAYS, switch.guard.max_days + DAYS_AFTER_RAILS),
            budget_usd=budget_usd,
        )
    )


def _start(wanted: NewExperiment) -> Experiment:
    try:
        made = experiment_services.create_experiment(wanted)
    except ValidationError as problem:
        param = "to_model" if problem.param == "model" else problem.param
        raise ValidationError(problem.message, param=param) from problem
    return experiment_services.start_experiment(made.id)


def stop(experiment_id: UUID | None, why: str) -> None:
    """End an experiment unless it has ended by itself."""
    experiment = experiment_of(experiment_id)
    if experiment is not None and experiment.state == Experiment.State.RUNNING:
        experiment_services.stop_experiment(experiment.id, why)


def alias_of(switch: Switch) -> Alias | None:
    """The alias as it is now; None where it is gone."""
    if switch.alias_id is None:
        return None
    return Alias.objects.filter(id=switch.alias_id).first()


def experiment_of(experiment_id: UUID | None) -> Experiment | None:
    if experiment_id is None:
        return None
    rows = Experiment.objects.select_related("alias")
    return rows.filter(id=experiment_id).first()


def shadow_rails(switch: Switch) -> Any:
    """What a shadow has to show: as much as the canary, as soon as it is there."""
    return replace(switch.guard, min_hours=0, checks_quality=False)


def _alias_of(switch: Switch) -> UUID:
    if switch.alias_id is None:
        raise ConflictError("This use case has no alias.")
    return switch.alias_id

"""Writes of experiments: make, start, stop, judge by the stop rule, promote, undo.

A state changes by a conditional update, so of two people, or of a person and the job
that watches, one wins and the other is told.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Greatest

from apps.audit.services import record
from apps.catalog.models import AIModel
from apps.kit.clock import utc_now
from apps.kit.errors import ConflictError, ValidationError
from apps.router import alias_services
from apps.router.alias_models import Alias
from apps.router.alias_rules import pointed_at
from apps.router.engine.judging import is_third
from apps.router.engine.need import may_use
from apps.router.engine.rules import Rules, allowed_sets, read_rules
from apps.router.experiment_models import (
    CONTROL,
    Experiment,
    ExperimentHold,
)
from apps.router.experiment_queries import Results, get_experiment, results, spent

State = Experiment.State

# A candidate that fails so much more often, for certain, is stopped at once.
HARM: Final = 0.05
# What is left of a budget pays for no further call.
SPENT_SHARE: Final = Decimal("0.99")
OPEN: Final = (State.DRAFT, State.RUNNING)


@dataclass(frozen=True)
class NewExperiment:
    """What an experiment shall be; the candidate is a model of the catalog."""

    name: str
    alias_id: UUID
    kind: str
    model: str
    candidate_share: float = 0.5
    sticky: str = Experiment.Sticky.SESSION
    share: float = 1.0
    quality: str = Experiment.Quality.FEEDBACK
    judge_model: str = ""
    margin: float = 0.15
    max_requests: int | None = None
    max_days: int = 14
    budget_usd: Decimal | None = None


def create_experiment(wanted: NewExperiment) -> Experiment:
    """A draft; raises ValidationError naming the field that cannot be so."""
    alias = Alias.objects.filter(id=wanted.alias_id).first()
    if alias is None:
        raise ValidationError("There is no such alias.", param="alias_id")
    _refuse(wanted, read_rules(alias.rules))
    with transaction.atomic():
        experiment = Experiment.objects.create(alias=alias, **_fields(wanted))
        _record("experiment.created", experiment, after=_facts(experiment))
    return experiment


def delete_experiment(experiment_id: UUID) -> None:
    """Remove one that does not run; its requests stay in the ledger."""
    with transaction.atomic():
        experiment = _locked(experiment_id)
        if experiment.state == State.RUNNING:
            raise ConflictError("Stop the experiment first.")
        _record("experiment.deleted", experiment, before=_facts(experiment))
        experiment.delete()


def start_experiment(experiment_id: UUID) -> Experiment:
    """Begin: the next request of the alias takes part.

    Raises ConflictError when it has begun, or when the alias has another one running.
    """
    now = utc_now()
    try:
        with transaction.atomic():
            _move(experiment_id, State.DRAFT, state=State.RUNNING, started_at=now)
            experiment = get_experiment(experiment_id)
            _record("experiment.started", experiment, after=_facts(experiment))
            alias_services.announce()
    except IntegrityError as problem:
        raise ConflictError(
            "The alias has an experiment running: it can have one at a time."
        ) from problem
    return experiment


def stop_experiment(experiment_id: UUID, reason: str = "by hand") -> Experiment:
    """End without a verdict; every request goes the alias's own way again."""
    return _end(experiment_id, State.STOPPED, reason=f"Stopped {reason}.", verdict="")


def promote(experiment_id: UUID, *, stand_in: str = "") -> Experiment:
    """Make the candidate the alias's model; `undo_promotion` takes it back.

    `stand_in` answers when the candidate cannot. Raises ConflictError for an
    experiment that has not ended, or is promoted already.
    """
    with transaction.atomic():
        experiment = _locked(experiment_id)
        if experiment.state in OPEN or experiment.promoted_arm:
            raise ConflictError("Only an ended experiment is promoted, and once.")
        alias = Alias.objects.select_for_update(of=("self",)).get(
            id=experiment.alias_id
        )
        before = dict(alias.rules)
        model = str(experiment.arms[1]["model"])
        rules = pointed_at(model, read_rules(before), stand_in=stand_in)
        changed = alias_services.change_alias(
            alias.id, {"rules": rules}, version=alias.version
        )
        experiment.promoted_arm = experiment.candidate
        experiment.promoted_at = utc_now()
        experiment.rules_before, experiment.rules_after = before, changed.rules
        experiment.save(update_fields=_PROMOTION)
        _record("experiment.promoted", experiment, after=_facts(experiment))
    return experiment


def undo_promotion(experiment_id: UUID) -> Experiment:
    """Put back the rules from before, unless somebody changed them since."""
    with transaction.atomic():
        experiment = _locked(experiment_id)
        if not experiment.promoted_arm:
            raise ConflictError("It is not promoted.")
        alias = Alias.objects.select_for_update(of=("self",)).get(
            id=experiment.alias_id
        )
        if alias.rules != experiment.rules_after:
            raise ConflictError("The alias was changed since: change it there.")
        rules = read_rules(experiment.rules_before or {})
        alias_services.change_alias(alias.id, {"rules": rules}, version=alias.version)
        before = _facts(experiment)
        experiment.promoted_arm, experiment.promoted_at = "", None
        experiment.rules_before = experiment.rules_after = None
        experiment.save(update_fields=_PROMOTION)
        _record("experiment.promotion_undone", experiment, before=before)
    return experiment


_PROMOTION: Final = (
    "promoted_arm",
    "promoted_at",
    "rules_before",
    "rules_after",
    "updated_at",
)


def watch(experiment_id: UUID) -> bool:
    """Book what was spent, and end the experiment if it is decided or at a limit;
    whether it ended.
    """
    experiment = get_experiment(experiment_id)
    reconcile(experiment)
    said = results(experiment)
    ended = _ending(experiment, said, utc_now())
    if ended is None:
        return False
    state, reason, verdict = ended
    try:
        _end(experiment_id, state, reason=reason, verdict=verdict)
    except ConflictError:
        return False
    return True


def reconcile(experiment: Experiment) -> None:
    """Bring what is booked up to the ledger, and drop holds of dead processes.

    The ledger may be a second behind, so a sum booked already is never lowered.
    """
    ExperimentHold.objects.filter(
        experiment=experiment, expires_at__lt=utc_now()
    ).delete()
    booked = Experiment.objects.filter(id=experiment.id)
    booked.update(spent_usd=Greatest(F("spent_usd"), spent(experiment)))


def _ending(
    experiment: Experiment, said: Results, now: datetime
) -> tuple[State, str, str] | None:
    """The stop rule: state, reason and verdict; None lets it go on."""
    if said.harm.low > HARM:
        return State.STOPPED, "The candidate fails far more often.", "worse"
    if said.verdict:
        return State.CONCLUDED, _WORDS[said.verdict], said.verdict
    if experiment.started_at is None:
        return None
    if now >= experiment.started_at + timedelta(days=experiment.max_days):
        return State.STOPPED, f"{experiment.max_days} days are over.", ""
    most = experiment.max_requests
    if most is not None and sum(arm.requests for arm in said.arms) >= most:
        return State.STOPPED, f"{most} requests have taken part.", ""
    budget = experiment.budget_usd
    if budget is not None and said.spent_usd >= budget * SPENT_SHARE:
        return State.STOPPED, "Its budget is used up.", ""
    return None


_WORDS: Final = {
    "better": "The candidate is better.",
    "not_worse": "The candidate is not worse by more than the margin.",
    "worse": "The candidate is worse by more than the margin.",
}


def _end(experiment_id: UUID, state: State, *, reason: str, verdict: str) -> Experiment:
    with transaction.atomic():
        _move(
            experiment_id,
            State.RUNNING,
            state=state,
            ended_at=utc_now(),
            end_reason=reason,
            verdict=verdict,
        )
        experiment = get_experiment(experiment_id)
        action = "concluded" if state == State.CONCLUDED else "stopped"
        _record(f"experiment.{action}", experiment, after=_facts(experiment))
        alias_services.announce()
    return experiment


def _move(experiment_id: UUID, source: State, **fields: Any) -> None:
    """Change the state if it is still what it was; raises ConflictError else."""
    get_experiment(experiment_id)
    rows = Experiment.objects.filter(id=experiment_id, state=source)
    if not rows.update(updated_at=utc_now(), **fields):
        raise ConflictError("The experiment is in another state by now.")


def _locked(experiment_id: UUID) -> Experiment:
    get_experiment(experiment_id)
    rows = Experiment.objects.select_for_update(of=("self",)).select_related("alias")
    return rows.get(id=experiment_id)


def _refuse(wanted: NewExperiment, rules: Rules) -> None:
    _refuse_model(wanted.model, "model")
    if not all(may_use(names, wanted.model) for names in allowed_sets(rules.models)):
        raise ValidationError("The alias does not allow this model.", param="model")
    if rules.forced == wanted.model:
        raise ValidationError("The alias uses this model already.", param="model")
    if wanted.kind == Experiment.Kind.SHADOW and not wanted.budget_usd:
        raise ValidationError("A shadow needs a budget.", param="budget_usd")
    if wanted.quality != Experiment.Quality.JUDGE:
        return
    if wanted.kind != Experiment.Kind.SHADOW:
        raise ValidationError(
            "A judge compares two answers to one request, which only a shadow has.",
            param="quality",
        )
    _refuse_model(wanted.judge_model, "judge_model")
    if not is_third(wanted.judge_model, wanted.model, rules.forced or "/"):
        raise ValidationError(
            "The judge must be of another maker than the models it compares.",
            param="judge_model",
        )


def _refuse_model(slug: str, param: str) -> None:
    if not AIModel.objects.filter(slug=slug).exists():
        raise ValidationError(f"There is no model named {slug!r}.", param=param)


def _fields(wanted: NewExperiment) -> dict[str, Any]:
    fields = asdict(wanted)
    for name in ("alias_id", "model", "candidate_share"):
        del fields[name]
    control = {"name": CONTROL, "weight": 1 - wanted.candidate_share, "model": ""}
    candidate = {
        "name": "candidate",
        "weight": wanted.candidate_share,
        "model": wanted.model,
    }
    return {**fields, "arms": [control, candidate]}


def _facts(experiment: Experiment) -> dict[str, Any]:
    return {
        "name": experiment.name,
        "alias": experiment.alias.name,
        "kind": experiment.kind,
        "state": str(experiment.state),
        "model": experiment.arms[1]["model"],
        "verdict": experiment.verdict,
        "end_reason": experiment.end_reason,
    }


def _record(
    action: str,
    experiment: Experiment,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    record(
        action,
        subject="experiment",
        subject_id=experiment.id,
        before=dict(before) if before else None,
        after=dict(after) if after else None,
    )

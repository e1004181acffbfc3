"""Writes of switches: make one, promote it, roll it back, undo it.

Each is one transaction under the use case's lock: the alias, the experiment, the use
case's model and the switch's record change together or not at all. Of two people, or
of a person and the job that watches, one wins and the other is told.
"""

from contextlib import suppress
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from apps.accounts.models import User
from apps.alerts.services import Kind, Severity, emit
from apps.audit.services import record
from apps.jobs.outbox import post
from apps.kit.clock import utc_now
from apps.kit.errors import ConflictError, NotFoundError
from apps.opportunities import services as opportunities
from apps.portfolio.models import UseCase
from apps.portfolio.queries import get_use_case
from apps.portfolio.services import set_current_model
from apps.savings import making, routing
from apps.savings.making import NewSwitch
from apps.savings.models import IN_FORCE, Switch
from apps.savings.proposing import propose, refuse
from apps.savings.queries import get_switch
from apps.tenancy.scope import require_org_id

Mode = Switch.Mode
State = Switch.State

# What a change of state writes; how far it is booked is the booking job's alone.
_CHANGED: Final = (
    *("state", "outcome", "canary_at", "live_at", "ended_at", "experiment_id"),
    *("rules_before", "rules_after", "baseline_before"),
)


def switch(wanted: NewSwitch, *, by: User | None) -> Switch:
    """Make a switch; its opportunity is validated once more.

    Raises ValidationError for what cannot be, and ConflictError where something has
    changed meanwhile: prices, the model in use, another switch.
    """
    making.refuse_numbers(wanted)
    to_model, provider = making.target(wanted)
    with transaction.atomic():
        use_case = _locked_use_case(wanted.use_case_id)
        opportunity = making.validated(wanted, to_model)
        proposal = propose(use_case, to_model, provider.id if provider else None)
        making.refuse_changed(wanted, proposal, opportunity)
        refuse(proposal)
        made = making.made(wanted, proposal, opportunity, by)
        _begin(made, wanted, use_case)
        made.save(force_insert=True)
        if opportunity is not None:
            opportunities.mark_accepted(opportunity.id, made.id)
        _note(made, "switch.made", rescores=True)
    return made


def promote(switch_id: UUID, *, why: str = "By hand.") -> Switch:
    """Go on at once: from the shadow to the canary, from the canary to all requests."""
    with transaction.atomic():
        found = _locked(switch_id)
        if found.state == State.SHADOW:
            routing.stop(found.shadow_id, "to begin the canary")
            _start_canary(found, why)
            _note(found, "switch.canary_begun")
        elif found.state == State.CANARY:
            _take_over(found)
            routing.promote(found)
            found.outcome = why[:500]
            found.save(update_fields=_CHANGED)
            _note(found, "switch.promoted", rescores=True)
            _tell(found, f"promoted: {found.to_model.name} answers all of it now")
        else:
            raise ConflictError("It is no longer a canary.")
    return found


def roll_back(
    switch_id: UUID, *, why: str = "By hand.", is_harm: bool = False
) -> Switch:
    """End a shadow or a canary: every request goes the alias's own way again."""
    with transaction.atomic():
        found = _locked(switch_id)
        if not found.is_under_way:
            raise ConflictError("It is no longer a canary.")
        for experiment_id in (found.shadow_id, found.experiment_id):
            routing.stop(experiment_id, "to roll the switch back")
        _end(found, State.ROLLED_BACK, why)
        _reopen(found)
        _note(found, "switch.rolled_back", rescores=True)
        if is_harm:
            _tell(found, "rolled back", severity=Severity.WARNING)
    return found


def undo(switch_id: UUID, *, why: str = "By hand.") -> Switch:
    """Take a switch back: the use case runs as it did before.

    Raises ConflictError where the alias was changed by hand since, and says so.
    """
    with transaction.atomic():
        found = _locked(switch_id)
        if found.is_under_way:
            return roll_back(switch_id, why=why)
        if not found.is_in_force:
            raise ConflictError(_why_not(found))
        if found.is_measured:
            routing.put_back(found)
        _restore_model(found)
        _end(found, State.UNDONE, why)
        _resume(found)
        _reopen(found)
        _note(found, "switch.undone", rescores=True)
    return found


def end(switch_id: UUID, why: str, *, at: datetime | None = None) -> Switch:
    """Note that a switch is over because somebody changed what it rests on."""
    with transaction.atomic():
        found = _locked(switch_id)
        if not found.is_in_force:
            raise ConflictError(_why_not(found))
        _end(found, State.ENDED, why, at=at)
        _note(found, "switch.ended")
        _tell(found, "ended", severity=Severity.WARNING)
    return found


def keep_figures(switch: Switch, figures: dict[str, Any]) -> None:
    """Keep what was measured at the end of a canary with its record."""
    Switch.objects.filter(id=switch.id).update(figures=figures)


def _locked_use_case(use_case_id: UUID) -> UseCase:
    rows = UseCase.objects.select_for_update(of=("self",))
    if not rows.filter(id=use_case_id).exists():
        raise NotFoundError("There is no such use case.")
    return get_use_case(use_case_id)


def _locked(switch_id: UUID) -> Switch:
    """The switch, under the lock of its use case and then its own."""
    use_case_id = get_switch(switch_id).use_case_id
    # Where the use case is gone the switch's own lock has to do.
    list(UseCase.objects.select_for_update(of=("self",)).filter(id=use_case_id))
    rows = Switch.objects.select_for_update(of=("self",))
    named = ("from_model", "to_model", "from_provider", "to_provider")
    return rows.select_related(*named).get(id=switch_id)


def _begin(made: Switch, wanted: NewSwitch, use_case: UseCase) -> None:
    now = utc_now()
    if made.mode == Mode.CANARY:
        made.state, made.canary_at = State.CANARY, now
        made.experiment_id = routing.start_canary(made, use_case.name).id
    elif made.mode == Mode.SHADOW:
        made.state = State.SHADOW
        made.shadow_id = routing.start_shadow(
            made, use_case.name, wanted.shadow_budget_usd
        ).id
    else:
        _take_over(made)
        if made.mode == Mode.AT_ONCE:
            routing.point(made)


def _start_canary(found: Switch, why: str) -> None:
    found.state, found.canary_at = State.CANARY, utc_now()
    found.experiment_id = routing.start_canary(found, found.use_case_name).id
    found.outcome = why[:500]
    found.save(update_fields=_CHANGED)


def _take_over(found: Switch) -> None:
    """Put the switch in force in the place of the one before, at the same moment."""
    now = utc_now()
    others = Switch.objects.filter(use_case_id=found.use_case_id, state__in=IN_FORCE)
    others.exclude(id=found.id).update(
        state=State.SUPERSEDED, ended_at=now, outcome="Another switch took its place."
    )
    is_recorded = found.mode == Mode.RECORDED
    found.state = State.RECORDED if is_recorded else State.LIVE
    found.live_at = now
    use_case = UseCase.objects.filter(id=found.use_case_id).first()
    if use_case is not None:
        set_current_model(use_case, found.to_model, found.to_provider)


def _restore_model(found: Switch) -> None:
    rows = UseCase.objects.select_related("current_model")
    use_case = rows.filter(id=found.use_case_id).first()
    if use_case is not None and use_case.current_model_id == found.to_model_id:
        set_current_model(use_case, found.from_model, found.from_provider)


def _resume(undone: Switch) -> None:
    """Put the switch that this one had superseded in force again, as a new record:
    what it leads back to is saved by that one.
    """
    before = Switch.objects.filter(
        use_case_id=undone.use_case_id,
        state=State.SUPERSEDED,
        ended_at=undone.live_at,
        to_model_id=undone.from_model_id,
    ).first()
    if before is None:
        return
    now = utc_now()
    kept = {
        field.attname: getattr(before, field.attname)
        for field in Switch._meta.concrete_fields
        if field.attname not in _OF_ITS_OWN
    }
    is_routed = before.is_measured
    resumed = Switch(**kept, live_at=now)
    resumed.state = State.LIVE if is_routed else State.RECORDED
    resumed.outcome = (
        f"In force again since the switch to {undone.to_model.name} was undone."
    )
    resumed.save(force_insert=True)


_OF_ITS_OWN: Final = frozenset(
    {
        *("id", "state", "outcome", "canary_at", "live_at", "ended_at"),
        *("created_at", "booked_through", "figures", "experiment_id", "shadow_id"),
    }
)


def _end(
    found: Switch, state: Switch.State, why: str, *, at: datetime | None = None
) -> None:
    found.state, found.outcome = state, why[:500]
    found.ended_at = at or utc_now()
    found.save(update_fields=_CHANGED)


def _reopen(found: Switch) -> None:
    """Open its opportunity again, unless somebody decided on it, or it is gone."""
    if found.opportunity_id is not None:
        with suppress(ConflictError, NotFoundError):
            opportunities.mark_undone(found.opportunity_id)


def _why_not(found: Switch) -> str:
    said = f" {found.outcome}" if found.outcome else ""
    return f"This switch is {found.get_state_display().lower()}.{said}"


def _note(found: Switch, action: str, *, rescores: bool = False) -> None:
    record(
        action,
        subject="switch",
        subject_id=found.id,
        after={
            "name": found.use_case_name,
            "from_model": found.from_model.slug,
            "to_model": found.to_model.slug,
            "mode": str(found.mode),
            "state": str(found.state),
            "reason": found.reason,
            "outcome": found.outcome,
        },
    )
    if rescores:
        ids = [str(found.use_case_id)]
        post("opportunities.rescore", {"use_cases": ids}, org_id=require_org_id())


def _tell(found: Switch, what: str, *, severity: Severity = Severity.INFO) -> None:
    emit(
        Kind.CANARY,
        severity=severity,
        title=f"{found.use_case_name}: the switch to {found.to_model.name} is {what}",
        body=found.outcome,
        url=f"/savings/switches/{found.id}/",
        subject=found.use_case_name,
        key=f"switch:{found.id}:{found.state}",
    )

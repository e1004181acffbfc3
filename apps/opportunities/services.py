"""What people decide on opportunities, each decision one transaction and one note."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from apps.audit.services import record
from apps.kit.clock import utc_now
from apps.kit.errors import ConflictError, ValidationError
from apps.opportunities import stored
from apps.opportunities.finder import rescore
from apps.opportunities.models import Opportunity, OpportunityEvent
from apps.opportunities.queries import get_opportunity

State = Opportunity.State
What = OpportunityEvent.What
DISMISSED_FOR: Final = timedelta(days=30)
LONGEST_SNOOZE: Final = timedelta(days=366)
LONGEST_NOTE: Final = 500


def dismiss(opportunity_id: UUID, reason: str, note: str = "") -> Opportunity:
    """Put one away for 30 days, or until its prices or qualities move by a tenth."""
    if reason not in Opportunity.Reason.values:
        raise ValidationError("That reason is not known.", param="reason")
    now = utc_now()
    opportunity = get_opportunity(opportunity_id)
    values: dict[str, Any] = {
        "dismiss_reason": reason,
        "dismiss_note": note.replace("\0", "").strip()[:LONGEST_NOTE],
        "dismissed_until": now + DISMISSED_FOR,
        "dismiss_basis": opportunity.details.get("decision_basis", {}),
        "snoozed_until": None,
    }
    label = Opportunity.Reason(reason).label
    return _decide(
        opportunity, (State.ACTIVE,), State.DISMISSED, What.DISMISSED, label, values
    )


def snooze(opportunity_id: UUID, until: datetime) -> Opportunity:
    """Keep one out of the open list until a moment; the finder goes on with it."""
    now = utc_now()
    if not now < until <= now + LONGEST_SNOOZE:
        raise ValidationError("Name a day within the next year.", param="until")
    opportunity = get_opportunity(opportunity_id)
    values = {"snoozed_until": until}
    text = f"until {until:%Y-%m-%d}"
    return _decide(
        opportunity, (State.ACTIVE,), State.ACTIVE, What.SNOOZED, text, values
    )


def restore(opportunity_id: UUID) -> Opportunity:
    """Open again what was dismissed or put off."""
    opportunity = get_opportunity(opportunity_id)
    values: dict[str, Any] = {
        "snoozed_until": None,
        "dismissed_until": None,
        "dismiss_reason": "",
        "dismiss_note": "",
        "dismiss_basis": {},
    }
    expected = (State.ACTIVE, State.DISMISSED)
    return _decide(opportunity, expected, State.ACTIVE, What.RESTORED, "", values)


def revalidate(opportunity_id: UUID) -> Opportunity:
    """Look again at this moment's market, right before a switch.

    Raises ConflictError naming what changed: it is gone, or it saves less by a tenth.
    """
    before = get_opportunity(opportunity_id)
    rescore([before.use_case_id])
    after = get_opportunity(opportunity_id)
    if after.validated_at == before.validated_at or after.state != State.ACTIVE:
        why = after.state_reason or "It is not an open opportunity any longer."
        raise ConflictError(f"This is no longer possible: {why}")
    if problem := _worse(before, after):
        raise ConflictError(problem)
    return after


def _worse(before: Opportunity, after: Opportunity) -> str:
    old, new = before.savings_month_usd, after.savings_month_usd
    if before.current_model_id != after.current_model_id:
        return "The use case runs on another model by now. Look again."
    if old is None or old <= 0:
        return ""
    if new is None:
        return "The savings can no longer be worked out. Look again."
    if new < old * 9 // 10:
        return f"The price changed: ${new:.2f} a month, and not ${old:.2f}. Look again."
    return ""


def mark_accepted(opportunity_id: UUID, switch_id: UUID | None) -> Opportunity:
    """A switch to it was started; in the transaction of that switch."""
    opportunity = get_opportunity(opportunity_id)
    expected = (State.ACTIVE, State.DISMISSED, State.ACCEPTED)
    values = {"switch_id": switch_id, "snoozed_until": None}
    return _decide(opportunity, expected, State.ACCEPTED, What.ACCEPTED, "", values)


def mark_undone(opportunity_id: UUID) -> Opportunity:
    """Its switch was undone or rolled back: open again, with that in its history."""
    opportunity = get_opportunity(opportunity_id)
    values = {"switch_id": None}
    return _decide(
        opportunity, (State.ACCEPTED,), State.ACTIVE, What.UNDONE, "", values
    )


def evidence_snapshot(opportunity: Opportunity) -> dict[str, Any]:
    """What it rests on now, to be kept with a switch."""
    saved = opportunity.savings_month_usd
    row = {
        "opportunity": str(opportunity.id),
        "kind": opportunity.kind,
        "band": opportunity.band,
        "fit_gain": opportunity.fit_gain,
        "confidence": opportunity.confidence,
        "risk": opportunity.risk,
        "effort": opportunity.effort,
        "savings_month_usd": None if saved is None else str(saved),
        "is_estimate": opportunity.is_estimate,
        "validated_at": opportunity.validated_at.isoformat(),
    }
    return stored.snapshot(row, opportunity.details)


def _decide(  # one decision, each part of it named
    opportunity: Opportunity,
    expected: tuple[str, ...],
    state: str,
    what: str,
    text: str,
    values: dict[str, Any],
) -> Opportunity:
    """Change the state only while it is one of those expected."""
    now = utc_now()
    if opportunity.state != state:
        values = {**values, "state_at": now, "state_reason": ""}
    with transaction.atomic():
        rows = Opportunity.objects.filter(id=opportunity.id, state__in=expected)
        if not rows.update(state=state, **values):
            raise ConflictError("Somebody decided on it meanwhile. Look again.")
        OpportunityEvent.objects.create(
            opportunity=opportunity,
            what=what,
            text=text,
            savings_month_usd=opportunity.savings_month_usd,
            confidence=opportunity.confidence,
            at=now,
        )
        record(
            f"opportunity.{what}",
            subject="opportunity",
            subject_id=opportunity.id,
            before={"state": opportunity.state},
            after={"state": state, "name": str(opportunity), "why": text},
        )
    return get_opportunity(opportunity.id)

"""Writes of sanity checks: make, start, cancel, vote, delete.

A state changes by a conditional update, so of two people, or of a person and the worker
that runs the check, one wins and the other is told.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from apps.audit.services import record
from apps.checks import concluding, quota
from apps.checks.bodies import clean_parameters
from apps.checks.cells import Asked
from apps.checks.criteria import Criterion, clean_criteria, needs_expected
from apps.checks.limits import (
    LEAST_MODELS,
    LONGEST_SYSTEM,
    MOST_CEILING_USD,
    MOST_MODELS,
)
from apps.checks.models import Answer, Check, Prompt, PromptSet, Vote
from apps.checks.quoting import Quote, Wanted, quote
from apps.checks.statistics import USUAL_MARGIN
from apps.jobs import outbox
from apps.kit.clock import utc_now
from apps.kit.errors import ConflictError, NotFoundError, ValidationError
from apps.portfolio.models import UseCase
from apps.router.engine.judging import is_third
from apps.tenancy.scope import require_org_id

State = Check.State
START: Final = "checks.run"
CONCLUDE: Final = "checks.conclude"
_SEED_BITS: Final = 62


@dataclass(frozen=True)
class NewCheck:
    """What a check shall be; the first model is the baseline."""

    name: str
    models: Sequence[str]
    prompt_set_id: UUID
    use_case_id: UUID | None = None
    system: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    criteria: Sequence[Criterion] = ()
    judge_model: str = ""
    is_blind: bool = True
    margin: float = USUAL_MARGIN
    # None: as much as it can cost at the most.
    ceiling_usd: Decimal | None = None


def create_check(wanted: NewCheck, *, by: UUID | None = None) -> Check:
    """A draft: nothing is sent yet. Its quote says to whom it will be.

    Raises ValidationError or NotFoundError for what is wrong with it, and
    NotCheckableError for a model that cannot take part.
    """
    _refuse_wrong(wanted)
    parameters = _parameters(wanted)
    criteria = _criteria(wanted)
    prompts = _prompts(wanted)
    if needs_expected(criteria) and not any(asked.expected for asked in prompts):
        raise ValidationError(
            "None of the prompts says what is expected.", param="criteria"
        )
    quoted = quote(
        Wanted(wanted.models, prompts, wanted.system, parameters, wanted.judge_model)
    )
    check = Check(
        name=wanted.name,
        use_case_id=wanted.use_case_id,
        prompt_set_id=wanted.prompt_set_id,
        prompts=len(prompts),
        seats=list(wanted.models),
        system=wanted.system,
        parameters=parameters,
        criteria=[{"kind": c.kind, "value": c.value} for c in criteria],
        is_blind=wanted.is_blind,
        seed=secrets.randbits(_SEED_BITS),
        judge_model=wanted.judge_model,
        margin=wanted.margin,
        ceiling_usd=wanted.ceiling_usd or quoted.most_usd,
        created_by_id=by,
    )
    with transaction.atomic():
        check.save(force_insert=True)
        _record("check.created", check, after=_facts(check))
    return check


def quote_of(check: Check) -> Quote:
    """What a draft may cost, and to whom its prompts would go, as of now."""
    prompts = Prompt.objects.filter(prompt_set=check.prompt_set_id)
    return quote(
        Wanted(
            check.seats,
            [Asked(row.messages, row.expected) for row in prompts],
            check.system,
            check.parameters,
            check.judge_model,
        )
    )


def start(check_id: UUID) -> Check:
    """Count it against the plan and hand it to the workers.

    Raises ConflictError when it runs or ran already, QuotaExceededError when the plan
    has no room for it.
    """
    with transaction.atomic():
        begun = Check.objects.filter(id=check_id, state=State.DRAFT).update(
            state=State.RUNNING, started_at=utc_now(), lease_until=None
        )
        check = _get(check_id)
        if not begun:
            raise ConflictError("This check was started before.")
        quota.take()
        _record("check.started", check, after=_facts(check))
        outbox.post(START, {"check": str(check_id)}, org_id=require_org_id())
    return check


def cancel(check_id: UUID) -> Check:
    """Stop a running check; what was answered stays, and is judged by what there is."""
    with transaction.atomic():
        ended = Check.objects.filter(id=check_id, state=State.RUNNING).update(
            state=State.CANCELLED, ended_at=utc_now(), reason="Cancelled."
        )
        check = _get(check_id)
        if not ended:
            raise ConflictError("This check does not run.")
        _record("check.cancelled", check, after={"name": check.name})
        outbox.post(CONCLUDE, {"check": str(check_id)}, org_id=require_org_id())
    return check


def delete_check(check_id: UUID) -> None:
    """Delete a check with its answers and results; its prompts stay."""
    with transaction.atomic():
        check = _get(check_id)
        deleted, _ = (
            Check.objects.filter(id=check_id).exclude(state=State.RUNNING).delete()
        )
        if not deleted:
            raise ConflictError("This check runs; cancel it first.")
        _record("check.deleted", check, before=_facts(check))


def vote(
    check_id: UUID,
    *,
    seat: int,
    position: int,
    choice: str,
    voter: UUID,
    was_blind: bool,
) -> None:
    """Note what somebody thinks of a pair, in place of what they thought before.

    Raises NotFoundError when there is no such pair of answers.
    """
    with transaction.atomic():
        # In turn: results are written from all votes there are.
        check = Check.objects.select_for_update().filter(id=check_id).first()
        if check is None or not _is_pair(check, seat, position):
            raise NotFoundError("There is no such pair of answers.")
        Vote.objects.update_or_create(
            check_run=check,
            seat=seat,
            position=position,
            voter=voter,
            defaults={"choice": choice, "was_blind": was_blind},
        )
        if check.is_over:
            concluding.rewrite(check, position=position)


def _is_pair(check: Check, seat: int, position: int) -> bool:
    if not 0 < seat < len(check.seats):
        return False
    given = Answer.objects.filter(
        check_run=check, position=position, seat__in=(0, seat), error=""
    )
    return given.count() == 2


def _refuse_wrong(wanted: NewCheck) -> None:
    if not wanted.name.strip():
        raise ValidationError("A check has a name.", param="name")
    if not LEAST_MODELS <= len(wanted.models) <= MOST_MODELS:
        raise ValidationError(
            f"A check compares {LEAST_MODELS} to {MOST_MODELS} models.", param="models"
        )
    if len(set(wanted.models)) < len(wanted.models):
        raise ValidationError("Each model stands in a check once.", param="models")
    if wanted.judge_model and not is_third(wanted.judge_model, *wanted.models):
        raise ValidationError(
            "The judge is of another maker than the models it judges.",
            param="judge_model",
        )
    if not 0 < wanted.margin <= 1:
        raise ValidationError("A margin is over 0 and up to 1.", param="margin")
    if len(wanted.system) > LONGEST_SYSTEM:
        raise ValidationError(
            f"A system prompt has at the most {LONGEST_SYSTEM:,} characters.",
            param="system",
        )
    _refuse_ceiling(wanted.ceiling_usd)


def _refuse_ceiling(ceiling: Decimal | None) -> None:
    if ceiling is None:
        return
    if not (ceiling.is_finite() and 0 < ceiling <= MOST_CEILING_USD):
        raise ValidationError(
            f"A ceiling is over 0 and up to {MOST_CEILING_USD:,} US dollars.",
            param="ceiling_usd",
        )


def _parameters(wanted: NewCheck) -> dict[str, Any]:
    try:
        return clean_parameters(wanted.parameters)
    except ValueError as problem:
        raise ValidationError(str(problem), param="parameters") from problem


def _criteria(wanted: NewCheck) -> list[Criterion]:
    try:
        return clean_criteria(wanted.criteria)
    except ValueError as problem:
        raise ValidationError(str(problem), param="criteria") from problem


def _prompts(wanted: NewCheck) -> list[Asked]:
    if not PromptSet.objects.filter(id=wanted.prompt_set_id).exists():
        raise NotFoundError("There is no such set of prompts.", param="prompt_set")
    if wanted.use_case_id and not UseCase.objects.filter(id=wanted.use_case_id):
        raise NotFoundError("There is no such use case.", param="use_case")
    rows = Prompt.objects.filter(prompt_set=wanted.prompt_set_id)
    return [Asked(row.messages, row.expected) for row in rows]


def _get(check_id: UUID) -> Check:
    check = Check.objects.filter(id=check_id).first()
    if check is None:
        raise NotFoundError("There is no such check.")
    return check


def _facts(check: Check) -> dict[str, Any]:
    return {
        "name": check.name,
        "models": check.seats,
        "prompts": check.prompts,
        "judge_model": check.judge_model,
        "ceiling_usd": str(check.ceiling_usd),
    }


def _record(action: str, check: Check, **sides: Any) -> None:
    record(action, subject="check", subject_id=check.id, **sides)

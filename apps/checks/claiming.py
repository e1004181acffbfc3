"""Take a check to run it, and give it back."""

from typing import Final
from uuid import UUID

from django.db import connection, transaction

from apps.checks.cells import Asked, Cell, Work
from apps.checks.models import Answer, Check, Judgement, Prompt
from apps.checks.purse import LEASE_S
from apps.tenancy.scope import require_org_id

# Whoever cannot finish a check in so many goes will not finish it at all.
MOST_CLAIMS: Final = 50

# One statement by the database's clock: of any number of workers one gets the lease.
_CLAIM: Final = """
    UPDATE checks_check SET token = token + 1,
        lease_until = now() + %s * interval '1 second'
    WHERE org_id = %s AND id = %s AND state = 'running'
      AND (lease_until IS NULL OR lease_until < now())
    RETURNING token
"""
_GIVE_BACK: Final = """
    UPDATE checks_check SET lease_until = now()
    WHERE org_id = %s AND id = %s AND token = %s AND state = 'running'
"""


def claim(check_id: UUID) -> Work | None:
    """The check with what is there of it already; None when it is not to be had."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_CLAIM, [LEASE_S, require_org_id(), check_id])
        row = cursor.fetchone()
    if row is None:
        return None
    return load(check_id, token=row[0])


def give_back(work: Work) -> None:
    """Let the next one go on at once."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_GIVE_BACK, [work.org_id, work.check_id, work.token])


def load(check_id: UUID, *, token: int) -> Work:
    """What is to be asked, and what was answered and judged before."""
    check = Check.objects.get(id=check_id)
    prompts = Prompt.objects.filter(prompt_set=check.prompt_set_id)
    answers = Answer.objects.filter(check_run=check_id)
    judged = Judgement.objects.filter(check_run=check_id)
    return Work(
        org_id=require_org_id(),
        check_id=check_id,
        token=token,
        seats=check.seats,
        prompts=[Asked(p.messages, p.expected) for p in prompts.order_by("position")],
        system=check.system,
        parameters=check.parameters,
        judge_model=check.judge_model,
        answers={
            (row.seat, row.position): None if row.error else row.text for row in answers
        },
        judged={
            Cell(row.seat, row.position, is_judged=True, is_swapped=row.is_swapped)
            for row in judged
        },
    )

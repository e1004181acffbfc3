"""Remove what a check asked and was answered, once its time is over.

Answers go with the organization's retention of prompts, whether it keeps traffic or
not; sampled prompts go when the traffic they come from would. Figures and results stay.
"""

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from apps.checks.models import Check, PromptSet
from apps.checks.set_services import forget_answers
from apps.jobs.lock import Held
from apps.kit.clock import utc_now
from apps.privacy.models import LEAST_DAYS
from apps.privacy.queries import settings_of_scope
from apps.tenancy.scope import scope, unscoped

State = Check.State
OVER: Final = (State.DONE, State.CANCELLED, State.FAILED)
BITE: Final = 200


def forget(held: Held) -> str:
    """Every organization with something old, one after the other."""
    checks = sets = 0
    for org_id in _orgs():
        with scope(org_id):
            held.check()
            checks += _forget_checks()
            sets += _drop_sets()
    return f"{checks} checks forgot their answers, {sets} sampled sets are gone"


def _orgs() -> list[UUID]:
    soonest = utc_now() - timedelta(days=LEAST_DAYS)
    with unscoped("answers and sampled prompts of every organization grow old"):
        old = Check.objects.filter(
            state__in=OVER, ended_at__lt=soonest, forgotten_at=None
        )
        gone = PromptSet.objects.filter(expires_at__lt=utc_now())
        found = {*old.values_list("org_id", flat=True).distinct()}
        return sorted(found | set(gone.values_list("org_id", flat=True)))


def _forget_checks() -> int:
    until = utc_now() - timedelta(days=settings_of_scope().retention_days)
    old = Check.objects.filter(state__in=OVER, ended_at__lt=until, forgotten_at=None)
    ids = list(old.values_list("id", flat=True))
    for start in range(0, len(ids), BITE):
        with transaction.atomic():
            forget_answers(ids[start : start + BITE])
    return len(ids)


def _drop_sets() -> int:
    """Sampled prompts, with what was answered to them; a running check ends first."""
    gone = PromptSet.objects.filter(expires_at__lt=utc_now()).exclude(
        checks__state=State.RUNNING
    )
    for found in gone:
        with transaction.atomic():
            checks = Check.objects.filter(prompt_set=found)
            forget_answers([check.id for check in checks])
            checks.filter(state=State.DRAFT).delete()
            found.delete()
    return len(gone)

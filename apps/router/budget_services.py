"""Writes of budgets and of the organization's own rate limits.

Every web process hears of a change within a second; the limit of a budget holds at
once, because it is Postgres that leases.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from apps.accounts.models import APIKey, Organization
from apps.alerts.services import Kind as AlertKind
from apps.alerts.services import Severity, emit
from apps.audit.services import record
from apps.kit.errors import NotFoundError, ValidationError
from apps.router.alias_models import Alias
from apps.router.budget_models import Budget, BudgetNotice
from apps.router.budget_queries import BudgetState, budget_state
from apps.router.models import Policy

CHANNEL: Final = "modeloptix_policy"
RATES: Final = ("requests_per_minute", "tokens_per_minute")
_USED_UP: Final = (
    "Requests are refused with the code budget_exceeded until {day:%-d %B %Y}, 00:00 "
    "UTC, or until the limit is raised."
)
_NEARLY: Final = (
    "When it is used up, requests are refused with the code budget_exceeded until "
    "{day:%-d %B %Y}, 00:00 UTC."
)


def create_budget(
    *,
    key_id: UUID | None,
    period: str,
    limit_usd: Decimal,
    alias_id: UUID | None = None,
) -> Budget:
    """A budget of a key, of an alias, or with neither of the organization.

    Raises NotFoundError for a key or an alias that is not there, ValidationError for
    both at once and for a budget that is there already.
    """
    _refuse_stranger(key_id, alias_id)
    budget = Budget(
        key_id=key_id, alias_id=alias_id, period=period, limit_usd=limit_usd
    )
    try:
        with transaction.atomic():
            budget.save(force_insert=True)
            _record("budget.created", budget, after=_facts(budget))
            _announce()
    except IntegrityError as problem:
        raise ValidationError(
            "There is such a budget already: change its limit.", param="period"
        ) from problem
    return budget


def _refuse_stranger(key_id: UUID | None, alias_id: UUID | None) -> None:
    if key_id is not None and alias_id is not None:
        raise ValidationError("Name a key or an alias, not both.", param="alias_id")
    if key_id is not None and not APIKey.objects.filter(id=key_id).exists():
        raise NotFoundError("There is no such API key.", param="key_id")
    if alias_id is not None and not Alias.objects.filter(id=alias_id).exists():
        raise NotFoundError("There is no such alias.", param="alias_id")


def change_budget(budget_id: UUID, *, limit_usd: Decimal) -> Budget:
    """Set another limit; who was told of the old one will be told of the new one."""
    with transaction.atomic():
        budget = _locked(budget_id)
        before = _facts(budget)
        budget.limit_usd = limit_usd
        budget.save(update_fields=["limit_usd", "updated_at"])
        if limit_usd > Decimal(before["limit_usd"]):
            BudgetNotice.objects.filter(budget_id=budget_id).delete()
        _record("budget.changed", budget, before=before, after=_facts(budget))
        _announce()
    return budget


def delete_budget(budget_id: UUID) -> None:
    """End a budget: what it held back passes from now on."""
    with transaction.atomic():
        budget = _locked(budget_id)
        before = _facts(budget)
        _record("budget.deleted", budget, before=before)
        budget.delete()
        _announce()


def set_rates(changes: Mapping[str, int | None]) -> Policy:
    """Set the organization's limits a minute (of RATES); None takes one away."""
    with transaction.atomic():
        policy, _ = Policy.objects.get_or_create()
        before = {name: getattr(policy, name) for name in RATES}
        for name, value in changes.items():
            setattr(policy, name, value)
        policy.save(update_fields=[*changes, "updated_at"])
        after = {name: getattr(policy, name) for name in RATES}
        record(
            "limits.changed",
            subject="policy",
            subject_id=policy.id,
            before=before,
            after=after,
        )
        _announce()
    return policy


def tell_owners(budget_id: UUID, starts_on: date, percent: int) -> bool:
    """Tell the owners that so much is spent, once a period; False when they know."""
    with transaction.atomic():
        state = budget_state(budget_id)
        if state is None or state.starts_on != starts_on:
            return False
        notice, is_new = BudgetNotice.objects.get_or_create(
            budget_id=budget_id, starts_on=starts_on, percent=percent
        )
        if is_new:
            _tell(state, notice.percent)
        return is_new


def _tell(state: BudgetState, percent: int) -> None:
    """A channel of the organization hears of it too; owners get a mail at once."""
    is_over = percent >= 100
    spent = f"${state.spent_usd:.2f} of ${state.limit_usd:.2f}"
    org_name = Organization.objects.get().name
    emit(
        AlertKind.BUDGET,
        severity=Severity.CRITICAL if is_over else Severity.URGENT,
        title=f"A budget of {org_name} is used up"
        if is_over
        else f"{state.percent} % of a budget of {org_name} is spent",
        body=f"The {state.period_words} budget {state.whose}: {spent}. "
        + (_USED_UP if is_over else _NEARLY).format(day=state.ends_on),
        url="/budgets/",
        subject=state.whose,
        data={
            "budget": str(state.id),
            "percent": state.percent,
            "spent_usd": str(state.spent_usd),
            "limit_usd": str(state.limit_usd),
        },
    )


def _locked(budget_id: UUID) -> Budget:
    budgets = Budget.objects.select_for_update(of=("self",))
    budget = budgets.select_related("key").filter(id=budget_id).first()
    if budget is None:
        raise NotFoundError("There is no such budget.")
    return budget


def _facts(budget: Budget) -> dict[str, str]:
    return {
        "name": f"{budget.get_period_display()} budget",
        "key_id": str(budget.key_id or ""),
        "alias_id": str(budget.alias_id or ""),
        "limit_usd": str(budget.limit_usd),
    }


def _record(
    action: str,
    budget: Budget,
    *,
    before: dict[str, str] | None = None,
    after: dict[str, str] | None = None,
) -> None:
    record(action, subject="budget", subject_id=budget.id, before=before, after=after)


def _announce() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])

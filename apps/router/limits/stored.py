"""Every organization's limits and budgets, as the snapshot takes them."""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from apps.kit.money import to_nano
from apps.router.budget_models import Budget
from apps.router.limits.rules import BudgetRule, OrgLimits, Period
from apps.router.models import Policy


def limits_by_org(policies: Iterable[Policy]) -> dict[UUID, OrgLimits]:
    """What holds requests back, for each organization that has anything set.

    Reads all organizations' budgets, so it runs unscoped.
    """
    rates = {row.org_id: row for row in policies}
    budgets: dict[UUID, list[Budget]] = defaultdict(list)
    for budget in Budget.objects.order_by("id"):
        budgets[budget.org_id].append(budget)
    return {
        org_id: _limits(rates.get(org_id), budgets.get(org_id, []))
        for org_id in rates.keys() | budgets.keys()
    }


def rule_of(budget: Budget) -> BudgetRule:
    period: Period = "day" if budget.period == Budget.Period.DAY else "month"
    return BudgetRule(budget.id, budget.key_id, period, to_nano(budget.limit_usd))


def _limits(policy: Policy | None, budgets: Iterable[Budget]) -> OrgLimits:
    rules = [rule_of(budget) for budget in budgets]
    by_key: dict[UUID, list[BudgetRule]] = defaultdict(list)
    for rule in rules:
        if rule.key_id is not None:
            by_key[rule.key_id].append(rule)
    return OrgLimits(
        requests_per_minute=policy.requests_per_minute if policy else None,
        tokens_per_minute=policy.tokens_per_minute if policy else None,
        budgets=tuple(rule for rule in rules if rule.key_id is None),
        by_key={key_id: tuple(own) for key_id, own in by_key.items()},
    )

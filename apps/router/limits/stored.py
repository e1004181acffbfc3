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
    for budget in Budget.objects.select_related("alias").order_by("id"):
        budgets[budget.org_id].append(budget)
    return {
        org_id: _limits(rates.get(org_id), budgets.get(org_id, []))
        for org_id in rates.keys() | budgets.keys()
    }


def rule_of(budget: Budget) -> BudgetRule:
    period: Period = "day" if budget.period == Budget.Period.DAY else "month"
    alias = budget.alias.name if budget.alias else ""
    limit = to_nano(budget.limit_usd)
    return BudgetRule(budget.id, budget.key_id, period, limit, alias)


def _limits(policy: Policy | None, budgets: Iterable[Budget]) -> OrgLimits:
    own: list[BudgetRule] = []
    by_key: dict[UUID, list[BudgetRule]] = defaultdict(list)
    by_alias: dict[UUID, list[BudgetRule]] = defaultdict(list)
    for budget in budgets:
        place = own
        if budget.key_id is not None:
            place = by_key[budget.key_id]
        elif budget.alias_id is not None:
            place = by_alias[budget.alias_id]
        place.append(rule_of(budget))
    return OrgLimits(
        requests_per_minute=policy.requests_per_minute if policy else None,
        tokens_per_minute=policy.tokens_per_minute if policy else None,
        budgets=tuple(own),
        by_key={key_id: tuple(rules) for key_id, rules in by_key.items()},
        by_alias={alias_id: tuple(rules) for alias_id, rules in by_alias.items()},
    )

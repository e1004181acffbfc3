"""Reads of aliases: what each one is, what it cost, how its budgets stand."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from apps.catalog.models import AIModel, Provider
from apps.kit.clock import utc_now
from apps.kit.errors import NotFoundError
from apps.router.alias_models import Alias
from apps.router.budget_queries import BudgetState, budget_states
from apps.router.engine.rules import Rules, read_rules
from apps.router.models import Policy
from apps.router.usage import UsageLine, usage

COUNTED_OVER: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class AliasLine:
    """An alias in the list; `used` is None when nothing was sent to it in 30 days."""

    alias: Alias
    rules: Rules
    used: UsageLine | None
    budgets: tuple[BudgetState, ...]

    @property
    def target(self) -> str:
        """The model it always takes, or how it chooses one."""
        if self.rules.forced:
            return self.rules.forced
        ways = [self.rules.strategy, self.rules.priority]
        return ", ".join(way for way in ways if way) or "as the organization chooses"

    @property
    def tightest(self) -> BudgetState | None:
        """The budget of which the most is used."""
        return max(self.budgets, key=lambda b: b.used_share, default=None)


def alias_lines() -> list[AliasLine]:
    """Every alias of the organization in scope, by name."""
    aliases = list(Alias.objects.order_by("name"))
    if not aliases:
        return []
    now = utc_now()
    report = usage(now - COUNTED_OVER, now)
    used = {line.label: line for line in report.by_alias}
    budgets: dict[UUID, list[BudgetState]] = defaultdict(list)
    for state in budget_states():
        if state.alias_id:
            budgets[state.alias_id].append(state)
    return [
        AliasLine(
            alias,
            read_rules(alias.rules),
            used.get(alias.name),
            tuple(budgets[alias.id]),
        )
        for alias in aliases
    ]


def alias_line(alias_id: UUID) -> AliasLine:
    """One alias with its use and its budgets; raises NotFoundError."""
    for line in alias_lines():
        if line.alias.id == alias_id:
            return line
    raise NotFoundError("There is no such alias.")


def get_alias(alias_id: UUID) -> Alias:
    """An alias of the organization; raises NotFoundError."""
    alias = Alias.objects.filter(id=alias_id).first()
    if alias is None:
        raise NotFoundError("There is no such alias.")
    return alias


def get_policy() -> Policy:
    """The organization's policy; a row that is not stored where there is none."""
    return Policy.objects.select_related("premium_model").first() or Policy()


def suggestions() -> dict[str, list[Any]]:
    """What lists of models and providers offer while somebody types."""
    models = AIModel.objects.exclude(status=AIModel.Status.RETIRED)
    models = models.filter(kind=AIModel.Kind.CHAT)
    return {
        "models": list(models.order_by("slug").values_list("slug", flat=True)),
        "providers": list(Provider.objects.values_list("slug", "name")),
    }

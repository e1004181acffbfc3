"""The shape of budgets and limits in the control plane; money in US dollars."""

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from apps.accounts.key_rules import MOST_REQUESTS, MOST_TOKENS
from apps.router.answers import money
from apps.router.budget_models import Budget
from apps.router.serializers import Contract

LEAST_USD = Decimal("0.01")
MOST_USD = Decimal(1_000_000_000)


class StrictContract(Contract):
    """Refuses fields that it does not know: a budget with a slip in its name would
    silently be none.
    """

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            for name in data:
                if name not in self.fields:
                    raise serializers.ValidationError({name: "There is no such field."})
        return super().to_internal_value(data)


class BudgetSerializer(Contract):
    """A budget and how its period of today stands."""

    id = serializers.UUIDField()
    key_id = serializers.UUIDField(allow_null=True)
    alias_id = serializers.UUIDField(allow_null=True)
    period = serializers.ChoiceField(choices=Budget.Period.choices)
    limit_usd = money()
    spent_usd = money()
    # Leased for requests under way, and spent within the last second.
    held_usd = money()
    left_usd = money()
    percent = serializers.IntegerField()
    level = serializers.ChoiceField(choices=["ok", "near", "over"])
    starts_on = serializers.DateField()
    ends_on = serializers.DateField(help_text="The first day of the next period, UTC.")


class BudgetListSerializer(Contract):
    data = BudgetSerializer(many=True)  # type: ignore[assignment]  # a field of ours, as the answer calls it


def _limit() -> serializers.DecimalField:
    return serializers.DecimalField(
        max_digits=18, decimal_places=6, min_value=LEAST_USD, max_value=MOST_USD
    )


class NewBudgetSerializer(StrictContract):
    """What a new budget shall be; without key and alias it is the organization's."""

    key_id = serializers.UUIDField(default=None, allow_null=True)
    alias_id = serializers.UUIDField(default=None, allow_null=True)
    period = serializers.ChoiceField(choices=Budget.Period.choices)
    limit_usd = _limit()


class BudgetChangeSerializer(StrictContract):
    limit_usd = _limit()


class LimitsSerializer(StrictContract):
    """The organization's limits a minute, for all of its keys together."""

    requests_per_minute = serializers.IntegerField(
        allow_null=True, min_value=1, max_value=MOST_REQUESTS, required=False
    )
    tokens_per_minute = serializers.IntegerField(
        allow_null=True, min_value=1, max_value=MOST_TOKENS, required=False
    )

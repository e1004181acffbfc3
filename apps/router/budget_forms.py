"""What a person may set: budgets, and limits a minute."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms

from apps.accounts.key_rules import MOST_REQUESTS, MOST_TOKENS
from apps.accounts.queries import list_keys
from apps.router.budget_models import Budget
from apps.router.budget_serializers import LEAST_USD, MOST_USD


def limit_field() -> forms.DecimalField:
    return forms.DecimalField(
        label="Limit in US dollars",
        min_value=LEAST_USD,
        max_value=MOST_USD,
        decimal_places=6,
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "any"}),
    )


class NewBudgetForm(forms.Form):
    """Whose budget, how often, how much."""

    key_id = forms.ChoiceField(required=False, label="For")
    period = forms.ChoiceField(
        choices=Budget.Period.choices,
        initial=Budget.Period.MONTH,
        widget=forms.RadioSelect,
        label="Starts anew",
    )
    limit_usd = limit_field()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        keys = [
            (str(key.id), f"{key.name} (…{key.last4})")
            for key in list_keys()
            if key.revoked_at is None
        ]
        choices = [("", "All keys together"), *keys]
        self.fields["key_id"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField

    def clean_key_id(self) -> UUID | None:
        text = self.cleaned_data["key_id"]
        return UUID(text) if text else None


class BudgetForm(forms.Form):
    limit_usd = limit_field()

    def limit(self) -> Decimal:
        limit: Decimal = self.cleaned_data["limit_usd"]
        return limit


class LimitsForm(forms.Form):
    """For all keys together; empty is no limit."""

    requests_per_minute = forms.IntegerField(
        min_value=1, max_value=MOST_REQUESTS, required=False, label="Requests a minute"
    )
    tokens_per_minute = forms.IntegerField(
        min_value=1, max_value=MOST_TOKENS, required=False, label="Tokens a minute"
    )

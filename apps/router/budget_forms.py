"""What a person may set: budgets, and limits a minute."""

from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django import forms

from apps.accounts.key_rules import MOST_REQUESTS, MOST_TOKENS
from apps.accounts.queries import list_keys
from apps.router.alias_models import Alias
from apps.router.budget_models import Budget
from apps.router.budget_serializers import LEAST_USD, MOST_USD

# Before an alias's id, in the list that has keys too.
ALIAS: Final = "alias:"


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
        aliases = [
            (f"{ALIAS}{alias_id}", name)
            for alias_id, name in Alias.objects.values_list("id", "name")
        ]
        choices: list[Any] = [("", "All keys together")]
        choices += [("A key", keys)] if keys else []
        choices += [("An alias", aliases)] if aliases else []
        self.fields["key_id"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField

    def clean(self) -> dict[str, Any]:
        """One list offers keys and aliases; the services take an id of either."""
        data: dict[str, Any] = super().clean() or {}
        text = data.get("key_id") or ""
        is_alias = text.startswith(ALIAS)
        chosen = UUID(text.removeprefix(ALIAS)) if text else None
        data["key_id"], data["alias_id"] = None, None
        data["alias_id" if is_alias else "key_id"] = chosen
        return data


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

"""What the pages of opportunities take."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms

from apps.kit.clock import utc_now
from apps.opportunities.models import KINDS, Opportunity
from apps.opportunities.queries import Wanted

STATES = (
    ("", "Open"),
    ("snoozed", "Put off"),
    ("dismissed", "Dismissed"),
    ("accepted", "Switched"),
    ("closed", "No longer there"),
)
RISKS = (("", "Any risk"), ("1", "Very low"), ("2", "Up to low"), ("3", "Up to medium"))


class FilterForm(forms.Form):
    """The list's filters, kept in the address; what is unknown asks for nothing."""

    state = forms.ChoiceField(choices=STATES, required=False)
    kind = forms.ChoiceField(choices=(("", "Any kind"), *KINDS), required=False)
    band = forms.ChoiceField(
        choices=(("", "Any gain"), *Opportunity.Band.choices), required=False
    )
    risk = forms.TypedChoiceField(
        choices=RISKS, required=False, coerce=int, empty_value=None
    )
    product = forms.UUIDField(required=False)
    use_case = forms.UUIDField(required=False)

    def wanted(self) -> Wanted:
        """What is asked for; a field that is wrong is left out."""
        self.is_valid()
        data: dict[str, Any] = {
            name: value for name, value in self.cleaned_data.items() if value
        }
        return Wanted(**data)


class DismissForm(forms.Form):
    reason = forms.ChoiceField(
        choices=Opportunity.Reason.choices, label="Why not?", widget=forms.RadioSelect
    )
    note = forms.CharField(
        label="Note",
        required=False,
        max_length=500,
        widget=forms.Textarea({"rows": 2}),
        help_text="For your colleagues; it stays in the history.",
    )


class SnoozeForm(forms.Form):
    until = forms.DateField(label="Until", widget=forms.DateInput({"type": "date"}))

    def clean_until(self) -> datetime:
        """The first moment of that day, UTC; a day to come."""
        until = datetime.combine(self.cleaned_data["until"], time(), tzinfo=UTC)
        now = utc_now()
        if not now < until <= now + timedelta(days=366):
            raise forms.ValidationError("Name a day within the next year.")
        return until

"""What staff say before they look as a member."""

from datetime import timedelta
from typing import Any

from django import forms

MINUTES = [("5", "5 minutes"), ("15", "15 minutes"), ("30", "30 minutes")]


class ImpersonationForm(forms.Form):
    """Why, and for how long."""

    reason = forms.CharField(
        min_length=10,
        max_length=500,
        help_text="The organization reads this in its audit log: name the ticket.",
        widget=forms.TextInput(attrs={"size": 60, "autocomplete": "off"}),
    )
    minutes = forms.ChoiceField(choices=MINUTES, initial="15", label="For")

    def wanted(self) -> dict[str, Any]:
        data: dict[str, Any] = self.cleaned_data
        lasts = timedelta(minutes=int(data["minutes"]))
        return {"reason": data["reason"], "lasts": lasts}

"""Forms of privacy."""

from django import forms

from apps.privacy.models import LEAST_DAYS, MOST_DAYS
from apps.privacy.redaction import LABELS
from apps.privacy.services import Wanted


class PrivacyForm(forms.Form):
    """What is kept of prompts, for how long, and what is taken out before."""

    stores_prompts = forms.BooleanField(
        required=False, label="Store prompts and answers"
    )
    retention_days = forms.IntegerField(
        min_value=LEAST_DAYS,
        max_value=MOST_DAYS,
        label="Keep them for",
        help_text=f"Days, from {LEAST_DAYS} to {MOST_DAYS}.",
    )
    redacts = forms.MultipleChoiceField(
        choices=list(LABELS.items()),
        required=False,
        label="Take out before storing",
        widget=forms.CheckboxSelectMultiple,
    )
    deletes_stored = forms.BooleanField(
        required=False, label="Delete what is stored now, at once"
    )

    def wanted(self) -> Wanted:
        asked = self.cleaned_data
        return Wanted(
            asked["stores_prompts"], asked["retention_days"], tuple(asked["redacts"])
        )


class DeleteOrganizationForm(forms.Form):
    """The name typed again, since it cannot be undone after two weeks."""

    name = forms.CharField(max_length=100, label="Type its name")


class DeleteAccountForm(forms.Form):
    """The address typed again."""

    email = forms.EmailField(max_length=254, label="Type your e-mail address")

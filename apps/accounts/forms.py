"""What a person may ask for when making a key."""

from datetime import timedelta
from typing import Any

from django import forms

from apps.accounts.keys import DEFAULT_SCOPES, SCOPES
from apps.accounts.services import NewKey
from apps.kit.clock import utc_now

DAYS = [("", "Never"), ("30", "In 30 days"), ("90", "In 90 days"), ("365", "In a year")]


class NewKeyForm(forms.Form):
    """A name, the kind, what the key may do, and until when."""

    name = forms.CharField(max_length=100, label="Name")
    kind = forms.ChoiceField(
        choices=[("live", "Live"), ("test", "Test")],
        initial="live",
        widget=forms.RadioSelect,
        help_text="A test key runs on the built-in model and costs nothing.",
    )
    expires_in = forms.ChoiceField(choices=DAYS, required=False, label="Expires")
    scopes = forms.MultipleChoiceField(
        choices=list(SCOPES.items()),
        initial=list(DEFAULT_SCOPES),
        widget=forms.CheckboxSelectMultiple,
        label="May",
    )

    def wanted(self) -> NewKey:
        data: dict[str, Any] = self.cleaned_data
        days = data["expires_in"]
        return NewKey(
            name=data["name"],
            is_test=data["kind"] == "test",
            scopes=data["scopes"],
            expires_at=utc_now() + timedelta(days=int(days)) if days else None,
        )

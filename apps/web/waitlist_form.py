"""The one field of the waitlist."""

from django import forms


class WaitlistForm(forms.Form):
    """Where to write when there is room."""

    email = forms.EmailField(
        label="E-mail",
        max_length=254,
        widget=forms.EmailInput(
            attrs={"autocomplete": "email", "placeholder": "you@company.com"}
        ),
    )

"""What a person may ask for when making, changing or rotating a key."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError

from apps.accounts.key_rules import (
    MOST_REQUESTS,
    MOST_TOKENS,
    clean_models,
    clean_networks,
    clean_tags,
)
from apps.accounts.key_services import CHANGEABLE, NewKey
from apps.accounts.keys import DEFAULT_SCOPES, SCOPES
from apps.accounts.models import APIKey
from apps.kit.clock import utc_now

DAYS = [("", "Never"), ("30", "In 30 days"), ("90", "In 90 days"), ("365", "In a year")]
OVERLAPS: Final = [
    ("0", "Stops now"),
    ("1", "Works 1 hour longer"),
    ("24", "Works 24 hours longer"),
    ("168", "Works 7 days longer"),
]


class LinesField(forms.CharField):
    """A list, one entry a line or separated by commas."""

    def __init__(self, clean_entries: Callable[[list[str]], list[str]], **options: Any):
        rows = forms.Textarea(attrs={"rows": 3, "class": "mono", "spellcheck": "false"})
        super().__init__(required=False, widget=rows, **options)
        self._clean_entries = clean_entries

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        entries = [line.strip() for line in text.replace(",", "\n").splitlines()]
        try:
            return self._clean_entries([entry for entry in entries if entry])
        except ValueError as problem:
            raise ValidationError(str(problem)) from problem


class KeySettingsForm(forms.Form):
    """What every key has, and its limits."""

    name = forms.CharField(max_length=100, label="Name")
    scopes = forms.MultipleChoiceField(
        choices=list(SCOPES.items()),
        initial=list(DEFAULT_SCOPES),
        widget=forms.CheckboxSelectMultiple,
        label="May",
    )
    allowed_models = LinesField(
        clean_models,
        label="Allowed models",
        help_text="One id or pattern a line, such as openai/*. Empty allows all.",
    )
    allowed_ips = LinesField(
        clean_networks,
        label="Allowed addresses",
        help_text="One address or range a line, such as 203.0.113.0/24. "
        "Empty allows all.",
    )
    tags = LinesField(
        clean_tags,
        label="Tags",
        help_text="One a line, eight at most, such as team:search. "
        "Usage can be grouped by them.",
    )
    requests_per_minute = forms.IntegerField(
        min_value=1, max_value=MOST_REQUESTS, required=False, label="Requests a minute"
    )
    tokens_per_minute = forms.IntegerField(
        min_value=1, max_value=MOST_TOKENS, required=False, label="Tokens a minute"
    )


class NewKeyForm(KeySettingsForm):
    """A new key: its settings, the kind, and until when."""

    kind = forms.ChoiceField(
        choices=[("live", "Live"), ("test", "Test")],
        initial="live",
        widget=forms.RadioSelect,
        help_text="A test key runs on the built-in model and costs nothing.",
    )
    expires_in = forms.ChoiceField(choices=DAYS, required=False, label="Expires")

    def wanted(self) -> NewKey:
        data: dict[str, Any] = self.cleaned_data
        days = data.pop("expires_in")
        expires_at = utc_now() + timedelta(days=int(days)) if days else None
        is_test = data.pop("kind") == "test"
        return NewKey(**data, is_test=is_test, expires_at=expires_at)


class KeyForm(KeySettingsForm):
    """The settings of a key that exists."""

    expires_at = forms.DateTimeField(
        required=False,
        label="Expires (UTC)",
        widget=forms.DateTimeInput(
            attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"
        ),
        help_text="Empty: never.",
    )

    @classmethod
    def of(cls, key: APIKey) -> "KeyForm":
        return cls(initial={name: getattr(key, name) for name in CHANGEABLE})

    def clean_expires_at(self) -> Any:
        moment = self.cleaned_data["expires_at"]
        if moment is not None and moment <= utc_now():
            raise ValidationError("This moment is past: to end the key now, revoke it.")
        return moment


class RotationForm(forms.Form):
    """What becomes of the secret before."""

    overlap_hours = forms.ChoiceField(
        choices=OVERLAPS, initial="24", label="The old secret"
    )

    def overlap(self) -> timedelta:
        return timedelta(hours=int(self.cleaned_data["overlap_hours"]))

"""What the page of provider keys takes."""

from typing import Any

from django import forms

from apps.catalog.models import Provider
from apps.kit.sealing import Secret
from apps.vault.entry import LONGEST, clean_key
from apps.vault.models import ProviderPreference
from apps.vault.services import NewProviderKey


class SecretField(forms.CharField):
    """A key as it is pasted; a form that comes back never shows it again."""

    def __init__(self) -> None:
        super().__init__(
            label="Key",
            # Room for the blanks that come along when it is pasted.
            max_length=2 * LONGEST,
            widget=forms.PasswordInput(
                attrs={"autocomplete": "off", "spellcheck": "false"}
            ),
            help_text="It is sealed at once; only its last four are shown again.",
        )

    def clean(self, value: Any) -> Secret:
        try:
            return Secret(clean_key(super().clean(value)))
        except ValueError as problem:
            raise forms.ValidationError(str(problem)) from None


class NewKeyForm(forms.Form):
    """A provider, a name and the key itself."""

    provider = forms.ChoiceField(label="Provider")
    name = forms.CharField(
        max_length=100, help_text="What you tell it by, such as “Production”."
    )
    key = SecretField()

    def __init__(self, *args: Any, providers: list[Provider], **options: Any) -> None:
        super().__init__(*args, **options)
        choices = [(provider.slug, provider.name) for provider in providers]
        self.fields["provider"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField

    def wanted(self) -> NewProviderKey:
        data: dict[str, Any] = self.cleaned_data
        return NewProviderKey(data["provider"], data["name"], data["key"])


class ReplaceForm(forms.Form):
    """Another secret for a key that stays."""

    key = SecretField()


class ChangeForm(forms.Form):
    """One small change of a key."""

    action = forms.ChoiceField(
        choices=[(name, name) for name in ("enable", "disable", "up", "down")]
    )


class OrderForm(forms.Form):
    """Whose keys go first at a provider."""

    provider = forms.SlugField(max_length=64)
    order = forms.ChoiceField(choices=ProviderPreference.Order.choices)

"""What can be asked of the list of models."""

from typing import Any

from django import forms

from apps.catalog.models import AIModel
from apps.catalog.queries import CAPABILITIES, SORTS, ModelFilter, provider_choices

MOST_CHARACTERS = 100


class ModelFilterForm(forms.Form):
    """The state of the list; all of it lives in the address."""

    q = forms.CharField(required=False, max_length=MOST_CHARACTERS, label="Search")
    provider = forms.ChoiceField(required=False)
    kind = forms.ChoiceField(
        required=False, choices=[("", "Any kind"), *AIModel.Kind.choices]
    )
    capability = forms.ChoiceField(
        required=False,
        choices=[("", "Any capability"), *((c, c.title()) for c in CAPABILITIES)],
    )
    sort = forms.ChoiceField(
        required=False, choices=[(name, sort.label) for name, sort in SORTS.items()]
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        provider = self.fields["provider"]
        assert isinstance(provider, forms.ChoiceField)  # noqa: S101  # for the checker
        provider.choices = [("", "Any provider"), *provider_choices()]

    def wanted(self) -> ModelFilter:
        """The filter, without what was not understood."""
        self.is_valid()
        return ModelFilter(**{k: v for k, v in self.cleaned_data.items() if v})

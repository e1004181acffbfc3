"""What can be asked of the catalog's pages."""

from decimal import Decimal
from typing import Any, Final

from django import forms
from django.http import QueryDict

from apps.catalog.models import AIModel, Provider
from apps.catalog.queries.listing import (
    CAPABILITIES,
    SORTS,
    ModelFilter,
    provider_choices,
)
from apps.catalog.runs import Mix

MOST_CHARACTERS: Final = 100
MODALITIES: Final = (
    ("", "Any modality"),
    (
        "Reads",
        [(name, f"Reads {name}") for name in ("image", "audio", "video", "file")],
    ),
    ("Makes", [(f">{name}", f"Makes {name}") for name in ("image", "audio", "video")]),
)
CONTEXTS: Final = (
    ("", "Any context"),
    ("32000", "32K tokens or more"),
    ("128000", "128K tokens or more"),
    ("200000", "200K tokens or more"),
    ("1000000", "1M tokens or more"),
)
STATUS_CHOICES: Final = (
    ("", "Listed"),
    ("active", "Active"),
    ("deprecated", "Its end is announced"),
    ("gone", "Retired or no longer listed"),
)
TIERS: Final = (
    ("", "Any trust tier"),
    *(
        (tier, f"Tier {tier}")
        for tier in (Provider.Tier.A, Provider.Tier.B, Provider.Tier.C)
    ),
)


class ModelFilterForm(forms.Form):
    """The state of the list; all of it lives in the address."""

    q = forms.CharField(
        required=False,
        max_length=MOST_CHARACTERS,
        label="Search",
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
    provider = forms.ChoiceField(required=False)
    kind = forms.ChoiceField(
        required=False, choices=[("", "Any kind"), *AIModel.Kind.choices]
    )
    sort = forms.ChoiceField(required=False, choices=list(SORTS.items()))
    modality = forms.ChoiceField(required=False, choices=MODALITIES)
    tier = forms.ChoiceField(required=False, choices=TIERS, label="Provider's trust")
    context = forms.TypedChoiceField(
        required=False, choices=CONTEXTS, coerce=int, empty_value=None
    )
    price = forms.DecimalField(
        required=False,
        min_value=0,
        max_digits=12,
        decimal_places=6,
        label="Input, at most",
        help_text="USD per million tokens",
    )
    status = forms.ChoiceField(required=False, choices=STATUS_CHOICES)
    capability = forms.MultipleChoiceField(
        required=False,
        choices=[(name, name) for name in CAPABILITIES],
        widget=forms.CheckboxSelectMultiple,
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

    @property
    def more(self) -> list[forms.BoundField]:
        """The filters that are folded away until they are wanted."""
        return [
            self[name] for name in ("modality", "tier", "context", "price", "status")
        ]

    @property
    def has_more(self) -> bool:
        """Whether one of those is in use, so that they are shown."""
        return any(field.value() for field in (*self.more, self["capability"]))


class MixForm(forms.Form):
    """The tokens of one call, for which a page works out what 1,000 of them cost."""

    tokens_in = forms.IntegerField(
        required=False, min_value=0, max_value=10_000_000, label="Tokens in"
    )
    tokens_out = forms.IntegerField(
        required=False, min_value=0, max_value=1_000_000, label="Tokens out"
    )
    cached = forms.DecimalField(
        required=False,
        min_value=0,
        max_value=100,
        max_digits=5,
        decimal_places=2,
        label="Read from the cache, %",
    )

    def mix(self) -> Mix:
        """The mix asked for; what is missing or not understood stays as usual."""
        self.is_valid()
        usual, asked = Mix(), self.cleaned_data
        tokens_in, tokens_out = asked.get("tokens_in"), asked.get("tokens_out")
        return Mix(
            usual.input_tokens if tokens_in is None else tokens_in,
            usual.output_tokens if tokens_out is None else tokens_out,
            (asked.get("cached") or Decimal(0)) / 100,
        )


def mix_form(query: QueryDict) -> tuple[MixForm, Mix]:
    """The form as it was filled in, with the usual figures where it was left empty."""
    usual = Mix()
    given = {
        "tokens_in": query.get("tokens_in") or usual.input_tokens,
        "tokens_out": query.get("tokens_out") or usual.output_tokens,
        "cached": query.get("cached") or 0,
    }
    form = MixForm(given)
    return form, form.mix()

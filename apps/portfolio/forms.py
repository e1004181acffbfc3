"""What a person fills in: products, functions, use cases, the quick start."""

from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError as FieldError

from apps.accounts.forms import LinesField
from apps.catalog.models import AIModel
from apps.kit.errors import ValidationError
from apps.portfolio import fields as limits
from apps.portfolio.blueprints import BY_SLUG, TEMPLATES, Template
from apps.portfolio.fields import clean_name, clean_needs, clean_parameters
from apps.portfolio.models import (
    USUAL_CONTEXT,
    Capability,
    Function,
    Need,
    Product,
    UseCase,
)

MODELS: Final = "known-models"
EQUAL: Final = [("", "No preference"), *Need.choices]
_NEEDS: Final = ("need_1", "need_2", "need_3")


class NameField(forms.CharField):
    """A name of one line."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=limits.LONGEST_NAME, **options)

    def clean(self, value: Any) -> str:
        text = str(super().clean(value))
        if not text and not self.required:
            return ""
        try:
            return clean_name(text)
        except ValueError as problem:
            raise FieldError(str(problem)) from problem


class ModelField(forms.CharField):
    """A model of the catalog by its id, with suggestions while somebody types."""

    def __init__(self, **options: Any) -> None:
        attrs = {"list": MODELS, "class": "mono", "autocomplete": "off"}
        super().__init__(max_length=200, widget=forms.TextInput(attrs=attrs), **options)

    def clean(self, value: Any) -> Any:
        slug = super().clean(value)
        try:
            return limits.model_named(slug) if slug else None
        except ValidationError as problem:
            raise FieldError(problem.message) from problem


def count_field(label: str, most: int, **options: Any) -> forms.IntegerField:
    attrs = {"inputmode": "numeric"}
    return forms.IntegerField(
        label=label,
        min_value=options.pop("least", 0),
        max_value=most,
        widget=forms.NumberInput(attrs=attrs),
        **{"required": False, **options},
    )


class ProductForm(forms.Form):
    """A product of the customer's."""

    name = NameField(label="Name")
    description = forms.CharField(
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        label="Description",
    )
    category = forms.ChoiceField(
        choices=Product.Category.choices, label="Category", initial="chatbot"
    )
    status = forms.ChoiceField(
        choices=Product.Status.choices,
        label="Status",
        help_text="The advisor looks at active products.",
    )


class FunctionForm(forms.Form):
    """What a product does with models."""

    name = NameField(label="Name")
    priority = forms.ChoiceField(
        choices=Function.Priority.choices, label="Priority", initial="medium"
    )
    quality_need = forms.ChoiceField(
        choices=Function.QualityNeed.choices, label="Quality needed", initial="good"
    )
    latency_need_ms = count_field(
        "First token within, ms",
        limits.MOST_LATENCY_MS,
        least=1,
        help_text="The longest wait that is still good. Empty: not said.",
    )


class UseCaseForm(forms.Form):
    """One job that a model does."""

    name = NameField(label="Name")
    description = forms.CharField(required=False, max_length=1000, label="Description")
    function = NameField(
        required=False,
        label="Function",
        widget=forms.TextInput(attrs={"list": "known-functions"}),
        help_text="What of the product it belongs to. A new name makes a new one.",
    )
    task = forms.ChoiceField(choices=UseCase._meta.get_field("task").choices or ())
    current_model = ModelField(
        label="Model today", help_text="Its id, such as openai/gpt-4o."
    )
    current_provider = forms.ChoiceField(
        required=False,
        label="Served by",
        help_text="Whose price you pay. Empty: the maker itself.",
    )
    need_1 = forms.ChoiceField(choices=EQUAL, required=False, label="Most of all")
    need_2 = forms.ChoiceField(choices=EQUAL, required=False, label="Then")
    need_3 = forms.ChoiceField(choices=EQUAL, required=False, label="And then")
    required_context = count_field(
        "Context needed, tokens",
        limits.MOST_TOKENS,
        least=1,
        required=True,
        initial=USUAL_CONTEXT,
        help_text="Prompt and answer together, at their largest.",
    )
    capabilities = forms.MultipleChoiceField(
        choices=Capability.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="It must be able to",
    )
    parameters = LinesField(
        clean_parameters,
        label="Request parameters in use",
        help_text="Such as temperature or seed, one a line: for migrations.",
    )
    calls_month = count_field("Calls a month", limits.MOST_CALLS)
    input_tokens = count_field(
        "Input tokens a call",
        limits.MOST_TOKENS,
        help_text="The whole prompt, on average.",
    )
    output_tokens = count_field("Output tokens a call", limits.MOST_TOKENS)
    cached_percent = forms.FloatField(
        required=False,
        min_value=0,
        max_value=100,
        label="Of the input read from a cache, %",
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "any"}),
    )

    def __init__(
        self, *args: Any, providers: list[tuple[str, str]], **options: Any
    ) -> None:
        super().__init__(*args, **options)
        choices = [("", "The maker itself"), *providers]
        self.fields["current_provider"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        needs = [data.get(name, "") for name in _NEEDS]
        try:
            self.cleaned_data["needs"] = clean_needs(needs)
        except ValueError as problem:
            self.add_error(_repeated(needs), str(problem))
        return data

    def values(self) -> dict[str, Any]:
        """The stored fields, as the service takes them; without name and function."""
        data = self.cleaned_data
        names = ("description", "task", "current_model", "required_context")
        counts = ("calls_month", "input_tokens", "output_tokens")
        percent = data["cached_percent"]
        return {
            **{name: data[name] for name in (*names, *counts)},
            "current_provider": limits.provider_named(data["current_provider"]),
            "needs": data["needs"],
            "capabilities": list(data["capabilities"]),
            "parameters": data["parameters"],
            "cached_share": None if percent is None else round(percent / 100, 6),
        }

    @staticmethod
    def initial_of(use_case: UseCase) -> dict[str, Any]:
        """What the form shows of a stored use case."""
        names = ("name", "description", "task", "required_context", "capabilities")
        counts = ("parameters", "calls_month", "input_tokens", "output_tokens")
        share, provider = use_case.cached_share, use_case.current_provider
        needs = [*use_case.needs, "", "", ""]
        return {
            **{name: getattr(use_case, name) for name in (*names, *counts)},
            "function": use_case.function.name,
            "current_model": use_case.current_model.slug,
            "current_provider": provider.slug if provider else "",
            "cached_percent": None if share is None else round(share * 100, 4),
            **dict(zip(_NEEDS, needs, strict=False)),
        }


def _repeated(needs: list[str]) -> str:
    """The first of the three that says what one before it says."""
    for place, need in enumerate(needs):
        if need and need in needs[:place]:
            return _NEEDS[place]
    return _NEEDS[0]


class StartForm(forms.Form):
    """The first step: which product, and what it does."""

    product = NameField(label="What is your product called?")
    template = forms.ChoiceField(
        choices=[(one.slug, one.name) for one in TEMPLATES],
        widget=forms.RadioSelect,
        label="What does it do?",
    )

    def chosen(self) -> Template:
        return BY_SLUG[self.cleaned_data["template"]]


class StartModelForm(StartForm):
    """The second step: the model of today, and how often it is called."""

    template = forms.ChoiceField(
        choices=[(one.slug, one.name) for one in TEMPLATES], widget=forms.HiddenInput
    )
    product = NameField(widget=forms.HiddenInput)
    current_model = ModelField(
        label="Which model does it today?",
        help_text="Its id, such as openai/gpt-4o. Begin to type, and choose.",
    )
    calls_month = count_field(
        "Calls a month",
        limits.MOST_CALLS,
        help_text="A rough figure will do. Empty: costs stay “not assessed”.",
    )
    input_tokens = count_field("Input tokens a call", limits.MOST_TOKENS, least=1)
    output_tokens = count_field("Output tokens a call", limits.MOST_TOKENS, least=1)


class DeleteForm(forms.Form):
    """The name of what goes, typed once more."""

    confirm = forms.CharField(max_length=limits.LONGEST_NAME)

    def __init__(self, *args: Any, name: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self._name = name
        self.fields["confirm"].label = f"Type {name} to confirm"
        self.fields["confirm"].widget.attrs["autocomplete"] = "off"

    def clean_confirm(self) -> str:
        typed = " ".join(str(self.cleaned_data["confirm"]).split())
        if typed.lower() != self._name.lower():
            raise FieldError("This is not its name.")
        return typed


def known_models() -> list[str]:
    """Ids of models that can be a use case's, for suggestions."""
    shown = AIModel.objects.filter(kind=AIModel.Kind.CHAT)
    shown = shown.exclude(status=AIModel.Status.RETIRED)
    return list(shown.order_by("slug").values_list("slug", flat=True))

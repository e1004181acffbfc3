"""What a person fills in for a new experiment."""

from typing import Any, Final

from django import forms

from apps.router.alias_models import Alias
from apps.router.budget_serializers import LEAST_USD, MOST_USD
from apps.router.experiment_models import Experiment
from apps.router.experiment_serializers import MOST_DAYS, MOST_REQUESTS
from apps.router.experiment_services import NewExperiment

MODELS: Final = "known-models"
PERCENT: Final = 100


def _share(label: str, initial: int, least: int, help_text: str) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        initial=initial,
        min_value=least,
        max_value=PERCENT,
        help_text=help_text,
    )


class NewExperimentForm(forms.Form):
    """The alias, the candidate, and how long to compare them."""

    name = forms.CharField(max_length=100, label="Name")
    alias_id = forms.ChoiceField(label="Alias")
    kind = forms.ChoiceField(
        choices=[
            ("ab", "A/B"),
            ("shadow", "Shadow"),
        ],
        initial="ab",
        widget=forms.RadioSelect,
        label="Kind",
        help_text="A/B: each request goes to one of the two. Shadow: your callers get "
        "what they always got, and the candidate answers afterwards, unheard.",
    )
    model = forms.CharField(
        max_length=200,
        label="Candidate",
        widget=forms.TextInput(attrs={"list": MODELS, "autocomplete": "off"}),
        help_text="The id of a model, such as <code>openai/gpt-4o-mini</code>.",
    )
    share = _share("Takes part, in %", 100, 1, "Of the requests to the alias.")
    candidate_share = forms.IntegerField(
        label="Part of the candidate, in %",
        initial=50,
        min_value=1,
        max_value=99,
        help_text="Of those who take part. A/B only.",
    )
    sticky = forms.ChoiceField(
        choices=Experiment.Sticky.choices,
        label="Stays with its arm",
        help_text="What the same arm keeps answering.",
    )
    quality = forms.ChoiceField(
        choices=[
            ("feedback", "Feedback that you send"),
            ("judge", "A judging model (shadow only)"),
            ("none", "Not compared"),
        ],
        label="Quality by",
    )
    judge_model = forms.CharField(
        max_length=200,
        required=False,
        label="Judge",
        widget=forms.TextInput(attrs={"list": MODELS, "autocomplete": "off"}),
        help_text="Of another maker than both models.",
    )
    margin = forms.IntegerField(
        label="Margin, in points of 100",
        initial=15,
        min_value=1,
        max_value=50,
        help_text="How much worse still counts as not worse.",
    )
    max_days = forms.IntegerField(
        label="Ends after days", initial=14, min_value=1, max_value=MOST_DAYS
    )
    max_requests = forms.IntegerField(
        label="Ends after requests",
        required=False,
        min_value=100,
        max_value=MOST_REQUESTS,
    )
    budget_usd = forms.DecimalField(
        label="Budget in US dollars",
        required=False,
        min_value=LEAST_USD,
        max_value=MOST_USD,
        decimal_places=6,
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "any"}),
        help_text="What shadows and judges may cost. A shadow must have one.",
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        aliases = Alias.objects.order_by("name").values_list("id", "name")
        choices = [(str(pk), name) for pk, name in aliases]
        self.fields["alias_id"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField

    def wanted(self) -> NewExperiment:
        """What is asked for, in the units of the service."""
        data = dict(self.cleaned_data)
        for name in ("share", "candidate_share", "margin"):
            data[name] /= PERCENT
        return NewExperiment(**data)

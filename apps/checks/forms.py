"""What a person fills in for a new check."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError as FieldError

from apps.checks.criteria import LONGEST_PATTERN, LONGEST_VALUE, Criterion
from apps.checks.limits import (
    LONGEST_SYSTEM,
    MOST_CEILING_USD,
    MOST_PROMPTS,
    MOST_TOKENS,
    USUAL_TOKENS,
)
from apps.checks.models import PromptSet
from apps.checks.page_queries import prompt_sets
from apps.checks.reading import NewPrompt, UnreadableError, read_typed, read_upload
from apps.checks.services import NewCheck
from apps.portfolio.queries import use_cases

MODELS: Final = "known-models"
PERCENT: Final = 100
LONGEST_TYPED: Final = 1_000_000
SOURCES: Final = [
    ("typed", "Type them"),
    ("upload", "Upload a file"),
    ("sampled", "Sample from traffic"),
    ("set", "Use a set you have"),
]


def _model(
    label: str, *, required: bool = False, help_text: str = ""
) -> forms.CharField:
    attrs = {"list": MODELS, "autocomplete": "off", "class": "mono"}
    return forms.CharField(
        max_length=200,
        required=required,
        label=label,
        help_text=help_text,
        widget=forms.TextInput(attrs=attrs),
    )


def _number(label: str, placeholder: str = "", **options: Any) -> forms.FloatField:
    attrs = {"inputmode": "decimal", "step": "any", "placeholder": placeholder}
    return forms.FloatField(
        required=False, label=label, widget=forms.NumberInput(attrs=attrs), **options
    )


class NewCheckForm(forms.Form):
    """The models, the prompts, and how the answers are judged."""

    name = forms.CharField(max_length=120, label="Name", initial="Sanity check")
    use_case = forms.ChoiceField(
        required=False,
        label="Use case",
        help_text="Its opportunities are judged anew with what comes out.",
    )
    model_1 = _model("Baseline", required=True, help_text="What answers today.")
    model_2 = _model("Candidate", required=True)
    model_3 = _model("Third model")
    model_4 = _model("Fourth model")
    source = forms.ChoiceField(
        choices=SOURCES, initial="typed", widget=forms.RadioSelect, label="Prompts"
    )
    typed = forms.CharField(
        required=False,
        max_length=LONGEST_TYPED,
        label="Your prompts",
        help_text="One a line, or with a line of <code>---</code> between longer ones. "
        f"Up to {MOST_PROMPTS}; 50 are recommended, 30 the least for a verdict.",
        widget=forms.Textarea(attrs={"rows": 8}),
    )
    upload = forms.FileField(
        required=False,
        label="File",
        help_text="CSV with a column <code>prompt</code> (and <code>expected</code>), "
        "or JSON Lines with <code>prompt</code> or <code>messages</code>.",
        widget=forms.FileInput(attrs={"accept": ".csv,.jsonl,.ndjson,.json"}),
    )
    sample_size = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=MOST_PROMPTS,
        initial=50,
        label="How many",
        help_text="The newest prompts of the use case's alias, where your organization "
        "keeps prompts.",
    )
    prompt_set = forms.ChoiceField(required=False, label="Set")
    system = forms.CharField(
        required=False,
        max_length=LONGEST_SYSTEM,
        label="System prompt",
        help_text="Stands in place of the prompts' own.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    temperature = _number("Temperature", "as usual", min_value=0, max_value=2)
    max_tokens = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=MOST_TOKENS,
        initial=USUAL_TOKENS,
        label="Longest answer in tokens",
    )
    json_mode = forms.BooleanField(required=False, label="Ask for JSON")
    is_exact = forms.BooleanField(
        required=False, label="The answer equals what the prompt expects"
    )
    has_expected = forms.BooleanField(
        required=False, label="The answer contains what the prompt expects"
    )
    contains = forms.CharField(
        required=False, max_length=LONGEST_VALUE, label="Contains this text"
    )
    regex = forms.CharField(
        required=False, max_length=LONGEST_PATTERN, label="Matches this pattern"
    )
    is_json = forms.BooleanField(required=False, label="The answer is JSON")
    schema = forms.CharField(
        required=False,
        max_length=LONGEST_VALUE,
        label="Is JSON of this schema",
        widget=forms.Textarea(attrs={"rows": 4, "class": "mono"}),
    )
    judge_model = _model(
        "Judging model",
        help_text="Of another maker than all models above. It sees each pair in both "
        "orders, without names. Empty: no model judges.",
    )
    is_blind = forms.BooleanField(
        required=False, initial=True, label="Hide which model wrote which answer"
    )
    margin = forms.IntegerField(
        min_value=1,
        max_value=50,
        initial=15,
        label="Margin, in points of 100",
        help_text="How much worse still counts as not worse.",
    )
    ceiling_usd = forms.DecimalField(
        required=False,
        min_value=0,
        max_value=MOST_CEILING_USD,
        max_digits=20,
        decimal_places=9,
        label="Most it may cost, $",
        help_text="Empty: as much as it can cost at the most, which is shown before "
        "anything is sent.",
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "any"}),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        cases: list[tuple[str, str]] = [("", "None")]
        for case in use_cases():
            product = case.function.product.name
            cases.append((str(case.id), f"{product}: {case.name}"))
        self._choose("use_case", cases)
        sets = [(str(s.id), f"{s.name} ({s.size})") for s in prompt_sets()]
        self._choose("prompt_set", [("", "None"), *sets])

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]  # a ChoiceField

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        source = data.get("source")
        try:
            if source == "typed":
                data["prompts"] = read_typed(data.get("typed") or "")
            if source == "upload":
                data["prompts"] = self._uploaded(data)
        except UnreadableError as problem:
            self.add_error(source, [FieldError(text) for text in problem.problems[:10]])
        self._refuse_missing(data)
        return data

    def _uploaded(self, data: Mapping[str, Any]) -> list[NewPrompt]:
        file = data.get("upload")
        if file is None:
            raise UnreadableError(["Choose a file."])
        return read_upload(file.name, file.read())

    def _refuse_missing(self, data: Mapping[str, Any]) -> None:
        source = data.get("source")
        if source == "set" and not data.get("prompt_set"):
            self.add_error("prompt_set", "Choose a set.")
        if source == "sampled" and not data.get("use_case"):
            self.add_error("use_case", "Prompts are sampled from a use case's traffic.")

    @property
    def use_case_id(self) -> UUID | None:
        text = self.cleaned_data["use_case"]
        return UUID(text) if text else None

    @property
    def set_source(self) -> str:
        is_upload = self.cleaned_data["source"] == "upload"
        return PromptSet.Source.UPLOAD if is_upload else PromptSet.Source.TYPED

    def wanted(self, prompt_set_id: UUID) -> NewCheck:
        """The check, in the units of the service."""
        data = self.cleaned_data
        models = [data[f"model_{n}"].strip() for n in range(1, 5)]
        names = ("temperature", "max_tokens", "json_mode")
        given = {name: data[name] for name in names}
        return NewCheck(
            name=data["name"],
            models=[model for model in models if model],
            prompt_set_id=prompt_set_id,
            use_case_id=self.use_case_id,
            system=data["system"],
            parameters={n: v for n, v in given.items() if v not in (None, False)},
            criteria=self._criteria(),
            judge_model=data["judge_model"].strip(),
            is_blind=data["is_blind"],
            margin=data["margin"] / PERCENT,
            ceiling_usd=data["ceiling_usd"] or None,
        )

    def _criteria(self) -> list[Criterion]:
        data = self.cleaned_data
        plain = (
            ("is_exact", "exact"),
            ("has_expected", "contains"),
            ("is_json", "json"),
        )
        found = [Criterion(kind) for field, kind in plain if data[field]]
        kinds = ("contains", "regex", "schema")
        return found + [Criterion(kind, data[kind]) for kind in kinds if data[kind]]

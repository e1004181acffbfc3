"""What the calculator takes from an address: everything has a usual value."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.http import QueryDict

from apps.portfolio.blueprints import BY_SLUG, TEMPLATES, Template
from apps.web.calculator import Question

LEAST_CALLS: Final = 10_000
MOST_CALLS: Final = 1_000_000
MOST_INPUT: Final = 2_000_000
MOST_OUTPUT: Final = 200_000
QUALITY: Final = {
    "best": "at least as good",
    "good": "nearly as good",
    "acceptable": "clearly weaker is fine",
}
# Ten that many are on; what the catalog does not price is not listed.
COMMON: Final = (
    "openai/gpt-4.1",
    "openai/gpt-4o",
    "openai/gpt-4o-mini",
    "openai/gpt-5",
    "openai/gpt-5.4",
    "anthropic/claude-sonnet-4-5",
    "anthropic/claude-opus-4-6",
    "anthropic/claude-haiku-4-5",
    "google/gemini-2.5-pro",
    "google/gemini-2.5-flash",
)
USUAL: Final = TEMPLATES[0]
type Choices = list[tuple[str, list[tuple[str, str]]]]


class CalculatorForm(forms.Form):
    """The calculator's questions, filled from `usual` where the address is silent."""

    use_case = forms.ChoiceField(label="Use case")
    model = forms.ChoiceField(label="Model today")
    calls = forms.IntegerField(
        label="Calls a month", min_value=LEAST_CALLS, max_value=MOST_CALLS
    )
    input = forms.IntegerField(
        label="Tokens in, a call", min_value=1, max_value=MOST_INPUT
    )
    output = forms.IntegerField(
        label="Tokens out, a call", min_value=1, max_value=MOST_OUTPUT
    )
    cached = forms.IntegerField(
        label="Of those in, cached (%)", min_value=0, max_value=100
    )
    quality = forms.ChoiceField(label="The new model is to be")

    def __init__(self, query: QueryDict, models: Iterable[str]) -> None:
        self.choices = _grouped(models)
        self.listed = {slug for _, group in self.choices for slug, _ in group}
        self.first = next((slug for slug in COMMON if slug in self.listed), "")
        self.kind = BY_SLUG.get(query.get("use_case", ""), USUAL)
        super().__init__(_filled(query, self.kind, self.first))
        self._offer("use_case", [(one.slug, one.name) for one in TEMPLATES])
        self._offer("quality", list(QUALITY.items()))
        self._offer("model", self.choices)

    def question(self) -> Question:
        """Only after `is_valid`."""
        data = self.cleaned_data
        return Question(
            kind=BY_SLUG[data["use_case"]],
            model=data["model"],
            calls=data["calls"],
            input_tokens=data["input"],
            output_tokens=data["output"],
            cached_share=Decimal(data["cached"]) / 100,
            quality_need=data["quality"],
        )

    def _offer(self, name: str, choices: Any) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  # declared above
        field.choices = choices
        told = f"Choose one of the list: “%(value)s” is not {_ABSENT[name]}."
        field.error_messages["invalid_choice"] = told


_ABSENT: Final = {
    "use_case": "a use case we know",
    "model": "a model whose price we know",
    "quality": "a way to compare",
}


def _grouped(models: Iterable[str]) -> Choices:
    """The common ones first, then all by their author."""
    listed = sorted(models)
    known = set(listed)
    groups: dict[str, list[tuple[str, str]]] = {}
    for slug in listed:
        groups.setdefault(slug.partition("/")[0], []).append((slug, slug))
    common: list[tuple[str, str]] = [(slug, slug) for slug in COMMON if slug in known]
    return [("Common", common), *sorted(groups.items())]


def _filled(query: QueryDict, kind: Template, model: str) -> Mapping[str, str]:
    """The query over the usual values.

    The sizes of a call that stand there from another use case give way to this one's;
    `filled_for` tells for which they were filled in.
    """
    usual = {
        "use_case": USUAL.slug,
        "model": model,
        "calls": "100000",
        "input": str(kind.input_tokens),
        "output": str(kind.output_tokens),
        "cached": "0",
        "quality": "best",
    }
    asked = {name: query.get(name) or "" for name in usual}
    given = {name: text[:200] for name, text in asked.items() if text.strip()}
    before = BY_SLUG.get(query.get("filled_for", ""), kind)
    if given.get("input") == str(before.input_tokens):
        given["input"] = usual["input"]
    if given.get("output") == str(before.output_tokens):
        given["output"] = usual["output"]
    return {**usual, **given}

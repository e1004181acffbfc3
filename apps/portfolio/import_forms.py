"""What a person says of an export, and of each use case that it proposes."""

from typing import Any, Final
from uuid import UUID

from django import forms

from apps.portfolio import fields as limits
from apps.portfolio.forms import ModelField, NameField, count_field
from apps.portfolio.import_queries import Preview, ProposalLine
from apps.portfolio.import_services import CREATE, SKIP, UPDATE, Choice, Target
from apps.portfolio.imports.table import MOST_BYTES
from apps.portfolio.models import Product, UseCase

NEW: Final = "new"


class ExportForm(forms.Form):
    """A file of usage."""

    file = forms.FileField(
        label="CSV or JSON file",
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".csv,.json,.jsonl,text/csv"}),
        help_text="Usage of OpenAI or Anthropic, LiteLLM spend logs, OpenRouter "
        f"activity; {MOST_BYTES // 1_000_000} MB at most.",
    )
    leave_out_bad = forms.BooleanField(
        required=False, label="Leave out rows that cannot be read"
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            size = f"{file.size / 1_000_000:.1f}"
            raise forms.ValidationError(
                f"The file has {size} MB; {MOST_BYTES // 1_000_000} MB are the most."
            )
        return file


class TargetForm(forms.Form):
    """Where new use cases go."""

    product = forms.ChoiceField(label="Product")
    new_product = NameField(required=False, label="Its name, if it is new")
    function = NameField(
        required=False,
        label="Function",
        help_text="Empty: the product's only one, or General.",
    )

    def __init__(
        self, *args: Any, products: list[Product], usual: str, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        choices = [(NEW, "A new product"), *((str(p.id), p.name) for p in products)]
        self.fields["product"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["product"].initial = choices[-1][0] if products else NEW
        self.fields["new_product"].initial = usual

    def target(self) -> Target:
        data = self.cleaned_data
        if data["product"] == NEW:
            return Target(new_product=data["new_product"], function=data["function"])
        return Target(product_id=UUID(data["product"]), function=data["function"])


class ProposalForm(forms.Form):
    """What shall become of one proposal."""

    action = forms.ChoiceField(label="What to do")
    name = NameField(required=False, label="Name")
    model = ModelField(required=False, label="Model")
    task = forms.ChoiceField(
        choices=UseCase._meta.get_field("task").choices or (), label="Task"
    )
    calls_month = count_field("Calls a month", limits.MOST_CALLS, least=1)

    def __init__(self, *args: Any, line: ProposalLine, **options: Any) -> None:
        super().__init__(*args, **options)
        self.line = line
        choices = [(CREATE, "Create"), (SKIP, "Leave out")]
        if line.use_case:
            choices.insert(0, (UPDATE, f"Update “{line.use_case.name}”"))
        self.fields["action"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField
        if line.proposal.requests:
            del self.fields["calls_month"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("action") != CREATE or "model" in self.errors:
            return data
        if not data.get("model"):
            name = self.line.proposal.source_model
            said = f"Say which model of the catalog {name} is, or leave it out."
            self.add_error("model", said)
        return data

    def choice(self) -> Choice:
        data = self.cleaned_data
        model = data.get("model")
        return Choice(
            action=data["action"],
            name=data.get("name", ""),
            model=model.slug if model else "",
            task=data["task"],
            calls_month=data.get("calls_month"),
        )


def proposal_forms(preview: Preview, data: Any = None) -> list[ProposalForm]:
    """One form for each proposal, under `row-0` and so on."""
    return [
        ProposalForm(
            data,
            prefix=f"row-{line.number}",
            line=line,
            initial=_initial(preview, line),
        )
        for line in preview.lines
    ]


def _initial(preview: Preview, line: ProposalLine) -> dict[str, Any]:
    one = line.proposal
    action = UPDATE if line.use_case else CREATE
    if preview.earlier:
        # The very same file: nothing in it is news.
        action = SKIP
    return {"action": action, "name": one.name, "model": one.slug, "task": one.task}

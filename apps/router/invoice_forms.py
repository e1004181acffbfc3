"""What a person says of a bill that they upload."""

from typing import Any, Final

from django import forms

from apps.catalog.models import Provider
from apps.router.invoice_models import Invoice
from apps.router.invoices.formats import Mapping
from apps.router.invoices.parse import MOST_BYTES

_COLUMNS: Final = {
    "day": "Day",
    "model": "Model",
    "cost": "Cost, USD",
    "requests": "Requests",
    "input_tokens": "Input tokens",
    "output_tokens": "Output tokens",
}


class InvoiceForm(forms.Form):
    """A file, whose it is, and for a file of no known format its columns."""

    provider = forms.ChoiceField()
    file = forms.FileField(
        label="CSV file",
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
    )
    keys = forms.ChoiceField(
        choices=Invoice.Keys.choices, required=False, label="The bill is for"
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        providers = Provider.objects.order_by("name").values_list("slug", "name")
        self.fields["provider"].choices = list(providers)  # type: ignore[attr-defined]  # a ChoiceField
        for name, label in _COLUMNS.items():
            self.fields[f"column_{name}"] = forms.CharField(
                max_length=100, required=False, label=label
            )

    def column_fields(self) -> list[forms.BoundField]:
        return [self[f"column_{name}"] for name in _COLUMNS]

    def main_fields(self) -> list[forms.BoundField]:
        return [self["provider"], self["file"], self["keys"]]

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError(
                f"A file has {MOST_BYTES // 1_000_000} MB at most."
            )
        return file

    def mapping(self) -> Mapping | None:
        """The columns, where any is named; else the file is to be recognised."""
        named = {
            name: text
            for name in _COLUMNS
            if (text := self.cleaned_data.get(f"column_{name}", "").strip())
        }
        return Mapping(**named) if named else None

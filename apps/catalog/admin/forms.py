"""What editors fill in."""

from typing import Any

from django import forms

from apps.catalog.models import AIModel, Offer, Provider


def let_unknown_be_empty(form: Any) -> None:
    """What a table may hold as unknown is left empty in its form."""
    nullable = {field.name for field in form.Meta.model._meta.fields if field.null}
    for name in nullable & set(form.fields):
        form.fields[name].required = False


class EditForm(forms.ModelForm):  # type: ignore[type-arg]  # takes no parameters when run
    """Values of one row, and why they are set by hand."""

    reason = forms.CharField(
        max_length=280,
        required=False,
        help_text="Needed with any change; shown beside the value and in the feed.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        let_unknown_be_empty(self)

    def clean(self) -> dict[str, Any]:
        asked: dict[str, Any] = super().clean() or self.cleaned_data
        edits = [name for name in self.changed_data if name != "reason"]
        if edits and not asked.get("reason", "").strip():
            self.add_error("reason", "Say why: the change outlives every sync.")
        return asked


class ModelEditForm(EditForm):
    successor = forms.CharField(
        required=False, max_length=160, help_text="The id of a model, author/name."
    )

    class Meta:
        model = AIModel
        fields = (
            *("name", "kind", "status", "description", "context_tokens"),
            *("max_output_tokens", "has_vision", "has_tools", "has_json_schema"),
            *("has_reasoning", "is_open_weights", "licence", "tokenizer"),
            *("knowledge_cutoff", "released_on", "deprecated_on", "sunset_on"),
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        successor = self.instance.successor if self.instance.pk else None
        self.initial["successor"] = successor.slug if successor else ""

    def clean_successor(self) -> AIModel | None:
        slug = self.cleaned_data["successor"].strip()
        if not slug:
            return None
        found = AIModel.objects.filter(slug=slug).exclude(pk=self.instance.pk).first()
        if found is None:
            raise forms.ValidationError("There is no other model of that id.")
        return found


class OfferEditForm(EditForm):
    class Meta:
        model = Offer
        fields = (
            *("is_available", "context_tokens", "max_input_tokens"),
            *("max_output_tokens", "quantization", "deprecated_on", "sunset_on"),
        )


class ProviderEditForm(EditForm):
    class Meta:
        model = Provider
        fields = (
            *("name", "website", "headquarters", "privacy_url", "terms_url"),
            *("status_url", "trains_on_prompts", "retains_prompts"),
            *("retention_days", "may_publish_prompts", "needs_user_ids"),
        )

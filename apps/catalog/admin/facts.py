"""Names of models at sources, benchmark results, and what nobody has matched yet."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from apps.audit.staff_admin import StaffModelAdmin
from apps.catalog import aliases
from apps.catalog.admin.rows import editor
from apps.catalog.benchmark_store import ANY_SOURCE
from apps.catalog.models import AIModel, Benchmark, ModelAlias, Score


class AliasForm(forms.ModelForm):  # type: ignore[type-arg]  # takes no parameters when run
    """Which model a name means; without one, it means none of ours."""

    model_id = forms.CharField(
        required=False,
        max_length=160,
        label="Model",
        help_text="author/name; empty: no model of the catalog is meant.",
    )

    class Meta:
        model = ModelAlias
        fields = ("source", "external_id")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        meant = self.instance.ai_model if self.instance.pk else None
        self.initial.setdefault("model_id", meant.slug if meant else "")
        self.initial.setdefault("source", ANY_SOURCE)

    def clean_model_id(self) -> AIModel | None:
        slug = self.cleaned_data["model_id"].strip()
        if not slug:
            return None
        found = AIModel.objects.filter(slug=slug).first()
        if found is None:
            raise forms.ValidationError("There is no model of that id.")
        return found

    def _post_clean(self) -> None:
        """The service writes; the form's own row is never saved."""


@admin.register(ModelAlias)
class ModelAliasAdmin(StaffModelAdmin):
    """What a source calls a model, how that was found, and editors' decisions."""

    may_add = True
    may_change = True
    form = AliasForm
    list_display = ("external_id", "source", "ai_model", "match", "rule", "decided_by")
    list_filter = ("match", "source")
    search_fields = ("external_id", "ai_model__slug")
    list_select_related = ("ai_model",)
    ordering = ("source", "external_id")
    fields = ("source", "external_id", "model_id", "match", "rule", "decided_by")
    readonly_fields = ("match", "rule", "decided_by")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        named = ("source", "external_id") if obj else ()
        return (*named, *self.readonly_fields)

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: bool
    ) -> None:
        asked = form.cleaned_data
        name = obj.external_id if change else asked["external_id"]
        source = obj.source if change else asked["source"]
        if meant := asked["model_id"]:
            made = aliases.resolve(name, meant, by=editor(request), source=source)
        else:
            made = aliases.refuse(name, by=editor(request), source=source)
        obj.pk = made.pk


class IsMatched(admin.SimpleListFilter):
    """The queue: results whose model nobody knows yet."""

    title = "model"
    parameter_name = "matched"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return (("no", "Not matched yet"), ("yes", "Matched"))

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() in {"no", "yes"}:
            return queryset.filter(ai_model__isnull=self.value() == "no")
        return queryset


@admin.register(Score)
class ScoreAdmin(StaffModelAdmin):
    """Published results as they were stated; decide unknown names under aliases."""

    list_display = (
        "name",
        "benchmark",
        "value",
        "effort",
        "ai_model",
        "match",
        "source",
    )
    list_filter = (IsMatched, "source", "match", "is_self_reported", "benchmark")
    search_fields = ("name", "ai_model__slug")
    list_select_related = ("benchmark", "ai_model")
    ordering = ("name", "benchmark")
    fields = (
        *("name", "maker", "benchmark", "value", "stated_effort", "effort", "harness"),
        *("measured_on", "is_self_reported", "sample_size", "ai_model", "match"),
        *("match_detail", "source", "url", "licence"),
    )
    readonly_fields = fields


@admin.register(Benchmark)
class BenchmarkAdmin(StaffModelAdmin):
    """What is measured, by whom, under which licence."""

    list_display = ("name", "domain", "unit", "harness", "licence", "is_active")
    list_filter = ("domain", "unit", "is_active")
    search_fields = ("name", "slug")
    fields = (
        *("slug", "name", "domain", "unit", "is_higher_better", "low", "high"),
        *("harness", "publisher", "licence", "citation", "url", "is_active"),
    )
    readonly_fields = fields

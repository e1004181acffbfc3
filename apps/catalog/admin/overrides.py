"""Overrides of editors: what is kept out, ranked down or flagged, and trust."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.audit.staff_admin import StaffModelAdmin
from apps.catalog import overrides, trust_edits
from apps.catalog.admin.forms import let_unknown_be_empty
from apps.catalog.admin.rows import editor
from apps.catalog.models import AIModel, EditorialOverride, Provider, TrustOverride
from apps.kit.clock import utc_now
from apps.kit.errors import AppError


class SubjectForm(forms.ModelForm):  # type: ignore[type-arg]  # takes no parameters when run
    """Names the model or the provider that an override is about."""

    model_id = forms.CharField(
        required=False, max_length=160, label="Model", help_text="author/name"
    )
    provider_slug = forms.CharField(
        required=False, max_length=64, label="… or provider", help_text="Its short name"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        let_unknown_be_empty(self)

    def clean(self) -> dict[str, Any]:
        asked: dict[str, Any] = super().clean() or self.cleaned_data
        slug, provider = asked.get("model_id"), asked.get("provider_slug")
        if bool(slug) == bool(provider):
            raise forms.ValidationError("Name a model or a provider, one of the two.")
        table: Any = AIModel.objects if slug else Provider.objects
        asked["subject"] = table.filter(slug=slug or provider).first()
        if asked["subject"] is None:
            self.add_error(
                "model_id" if slug else "provider_slug", "There is none of that name."
            )
        return asked

    def clean_expires_at(self) -> Any:
        until = self.cleaned_data["expires_at"]
        if until <= utc_now():
            raise forms.ValidationError("It must end in the future.")
        return until

    def _post_clean(self) -> None:
        """The service checks and writes; the form's own row is never saved."""


class OverrideForm(SubjectForm):
    class Meta:
        model = EditorialOverride
        fields = (
            *("effect", "factor", "severity", "reason", "evidence_url", "expires_at"),
        )

    def clean(self) -> dict[str, Any]:
        asked = super().clean()
        factor, effect = asked.get("factor"), asked.get("effect")
        is_factor = factor is not None and 0 < factor < 1
        if (effect == EditorialOverride.Effect.DOWNRANK) != is_factor:
            self.add_error("factor", "A downrank, and nothing else, has one in 0…1.")
        return asked


class TrustForm(SubjectForm):
    class Meta:
        model = TrustOverride
        fields = (
            *("dimension", "score", "tier", "reason", "evidence_url", "evidence_on"),
            "expires_at",
        )


class ProposalAdmin(StaffModelAdmin):
    """Proposed by one editor, decided by whoever the rule asks for."""

    may_add = True
    actions = ("approve", "refuse", "withdraw")
    rules: Any = None
    asked: tuple[str, ...] = ()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Only to run the actions; a decision is not rewritten.
        return obj is None

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: bool
    ) -> None:
        asked = form.cleaned_data
        values = {name: asked[name] for name in self.asked}
        made = self.propose(asked["subject"], values, by=editor(request))
        # What Django says of it afterwards is what was really made.
        obj.__dict__.update(made.__dict__)

    def propose(self, subject: Any, values: dict[str, Any], *, by: str) -> Any:
        raise NotImplementedError

    def _decide(
        self, request: HttpRequest, rows: QuerySet[Any], act: Callable[..., object]
    ) -> None:
        done = 0
        for row in rows:
            try:
                act(row, by=editor(request))
                done += 1
            except AppError as problem:
                self.message_user(request, f"{row}: {problem}", messages.ERROR)
        self.message_user(request, f"{done} decided.", messages.SUCCESS)

    @admin.action(description="Approve")
    def approve(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        self._decide(request, rows, self.rules.approve)

    @admin.action(description="Refuse")
    def refuse(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        self._decide(request, rows, self.rules.refuse)

    @admin.action(description="Withdraw")
    def withdraw(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        self._decide(request, rows, self.rules.withdraw)


@admin.register(EditorialOverride)
class EditorialOverrideAdmin(ProposalAdmin):
    """What is excluded, ranked down or flagged, until when and why."""

    rules = overrides
    form = OverrideForm
    asked = OverrideForm.Meta.fields
    list_display = (
        *("effect", "ai_model", "provider", "factor", "severity", "state"),
        *("expires_at", "proposed_by"),
    )
    list_filter = ("effect", "state", "severity")
    search_fields = ("ai_model__slug", "provider__slug", "reason")
    ordering = ("-expires_at",)
    fields = ("model_id", "provider_slug", *OverrideForm.Meta.fields)

    def propose(self, subject: Any, values: dict[str, Any], *, by: str) -> Any:
        return overrides.propose(subject, overrides.NewOverride(**values), by=by)


@admin.register(TrustOverride)
class TrustOverrideAdmin(ProposalAdmin):
    """An editor's tier or score, with evidence and an end."""

    rules = trust_edits
    form = TrustForm
    asked = TrustForm.Meta.fields
    list_display = (
        *("provider", "ai_model", "dimension", "score", "tier", "state"),
        *("expires_at", "proposed_by"),
    )
    list_filter = ("state", "dimension", "tier")
    search_fields = ("ai_model__slug", "provider__slug", "reason")
    ordering = ("-expires_at",)
    fields = ("model_id", "provider_slug", *TrustForm.Meta.fields)

    def propose(self, subject: Any, values: dict[str, Any], *, by: str) -> Any:
        return trust_edits.propose(subject, trust_edits.NewTrust(**values), by=by)

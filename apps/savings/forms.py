"""What a person fills in to switch a model."""

from decimal import Decimal
from typing import Any, Final

from django import forms

from apps.router.budget_serializers import LEAST_USD
from apps.savings.guard_rails import Rails
from apps.savings.making import USUAL_BUDGET, USUAL_SHARE, NewSwitch
from apps.savings.models import Switch

MODELS: Final = "known-models"
PERCENT: Final = 100
MOST_BUDGET: Final = Decimal(10_000)
USUAL: Final = Rails()
ROUTED: Final = (
    (Switch.Mode.CANARY, "Canary: a part of the traffic first, then all of it"),
    (Switch.Mode.SHADOW, "Shadow first: it answers unheard, then the canary"),
    (Switch.Mode.AT_ONCE, "At once: all of the traffic, now"),
)
ALONE: Final = (
    (Switch.Mode.RECORDED, "Only record: you change the model in your own code"),
)


class SwitchForm(forms.Form):
    """How to go over to the new model, and what it has to hold to on the way."""

    seen_model = forms.CharField(max_length=160, widget=forms.HiddenInput)
    mode = forms.ChoiceField(widget=forms.RadioSelect, label="How")
    share = forms.IntegerField(
        label="Traffic for the new model, in %",
        initial=round(USUAL_SHARE * PERCENT),
        min_value=1,
        max_value=50,
        help_text="Each conversation stays with the model that began it.",
    )
    min_requests = forms.IntegerField(
        label="Decides after requests",
        initial=USUAL.min_requests,
        min_value=10,
        max_value=1_000_000,
        help_text="That the new model has taken.",
    )
    min_hours = forms.IntegerField(
        label="And not before hours",
        initial=USUAL.min_hours,
        min_value=0,
        max_value=24 * 30,
    )
    max_days = forms.IntegerField(
        label="Gives up after days",
        initial=USUAL.max_days,
        min_value=1,
        max_value=90,
        help_text="Rolled back if it cannot be decided by then.",
    )
    max_error_points = forms.FloatField(
        label="More failures, in points of 100",
        initial=USUAL.max_error_points * PERCENT,
        min_value=0,
        max_value=50,
        help_text="Above the failures of the model before. A request that another "
        "model had to answer counts as failed.",
    )
    max_p95_ratio = forms.FloatField(
        label="Slower by a factor of",
        initial=USUAL.max_p95_ratio,
        min_value=1,
        max_value=10,
        help_text="Of the time in which 95 % of the answers are there.",
    )
    checks_quality = forms.BooleanField(
        required=False, label="Also wait for the marks that I send to /v1/feedback"
    )
    quality_margin = forms.IntegerField(
        label="Quality margin, in points of 100",
        initial=round(USUAL.quality_margin * PERCENT),
        min_value=1,
        max_value=50,
        help_text="How much worse still counts as not worse.",
    )
    shadow_budget_usd = forms.DecimalField(
        label="Budget of the shadow, in US dollars",
        initial=USUAL_BUDGET,
        min_value=LEAST_USD,
        max_value=MOST_BUDGET,
        decimal_places=6,
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "any"}),
        help_text="Its answers are paid for and thrown away.",
    )
    reason = forms.CharField(
        required=False,
        max_length=1000,
        label="Why",
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Kept with the switch, for whoever asks later.",
    )

    def __init__(self, *args: Any, can_route: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        choices = (*ROUTED, *ALONE) if can_route else ALONE
        self.fields["mode"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["mode"].initial = choices[0][0]
        if not can_route:
            # What is not asked need not be answered.
            for name, field in self.fields.items():
                field.required = name in {"mode", "seen_model"}

    def wanted(self, **facts: Any) -> NewSwitch:
        """The switch that is asked for, in the units of the service."""
        data = self.cleaned_data
        if data["mode"] == Switch.Mode.RECORDED:
            return NewSwitch(**_said(data), **facts)
        return NewSwitch(
            **_said(data),
            **facts,
            share=data["share"] / PERCENT,
            rails=Rails(
                min_requests=data["min_requests"],
                min_hours=data["min_hours"],
                max_days=data["max_days"],
                max_error_points=data["max_error_points"] / PERCENT,
                max_p95_ratio=data["max_p95_ratio"],
                checks_quality=data["checks_quality"],
                quality_margin=data["quality_margin"] / PERCENT,
            ),
            shadow_budget_usd=data["shadow_budget_usd"],
        )


def _said(data: dict[str, Any]) -> dict[str, Any]:
    return {name: data[name] for name in ("mode", "reason", "seen_model")}


class TargetForm(forms.Form):
    """Which model to go over to, where no opportunity names one."""

    to = forms.CharField(
        max_length=160,
        label="New model",
        widget=forms.TextInput(attrs={"list": MODELS, "autocomplete": "off"}),
    )

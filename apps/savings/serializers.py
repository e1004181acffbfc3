"""The shape of switches and savings in the control plane; money in US dollars."""

from typing import Any

from rest_framework import serializers

from apps.router.answers import money
from apps.router.budget_serializers import LEAST_USD, StrictContract
from apps.router.experiment_serializers import ArmSerializer
from apps.router.serializers import Contract
from apps.savings.forms import MOST_BUDGET
from apps.savings.guard_rails import Rails
from apps.savings.making import (
    LEAST_SHARE,
    MOST_SHARE,
    USUAL_BUDGET,
    USUAL_SHARE,
    NewSwitch,
)
from apps.savings.models import Saving, Switch
from apps.savings.queries import Line

USUAL = Rails()


class RailsSerializer(StrictContract):
    """What a canary has to hold to; shares are parts of 1."""

    min_requests = serializers.IntegerField(
        default=USUAL.min_requests, min_value=10, max_value=1_000_000
    )
    min_hours = serializers.IntegerField(
        default=USUAL.min_hours, min_value=0, max_value=720
    )
    max_days = serializers.IntegerField(
        default=USUAL.max_days, min_value=1, max_value=90
    )
    max_error_points = serializers.FloatField(
        default=USUAL.max_error_points,
        min_value=0,
        max_value=0.5,
        help_text="How many more requests may fail: 0.02 is two points of a hundred.",
    )
    max_p95_ratio = serializers.FloatField(
        default=USUAL.max_p95_ratio, min_value=1, max_value=10
    )
    checks_quality = serializers.BooleanField(
        default=False, help_text="Wait for the marks sent to /v1/feedback too."
    )
    quality_margin = serializers.FloatField(
        default=USUAL.quality_margin, min_value=0.01, max_value=0.5
    )


class NewSwitchSerializer(StrictContract):
    """A switch to make: of an opportunity, or of a use case to a model."""

    use_case_id = serializers.UUIDField()
    to_model = serializers.CharField(max_length=160)
    to_provider = serializers.CharField(default="", allow_blank=True, max_length=80)
    opportunity_id = serializers.UUIDField(default=None, allow_null=True)
    mode = serializers.ChoiceField(choices=Switch.Mode.choices)
    reason = serializers.CharField(default="", allow_blank=True, max_length=1000)
    seen_model = serializers.CharField(
        default="",
        allow_blank=True,
        max_length=160,
        help_text="409 when another model is in use by now.",
    )
    share = serializers.FloatField(
        default=USUAL_SHARE, min_value=LEAST_SHARE, max_value=MOST_SHARE
    )
    rails = RailsSerializer(default=dict)
    shadow_budget_usd = serializers.DecimalField(
        default=USUAL_BUDGET,
        max_digits=18,
        decimal_places=6,
        min_value=LEAST_USD,
        max_value=MOST_BUDGET,
    )

    def wanted(self) -> NewSwitch:
        data: dict[str, Any] = dict(self.validated_data)
        return NewSwitch(**{**data, "rails": Rails(**data["rails"])})


class TotalsSerializer(Contract):
    """Sums of the ledger; null is not assessed, never zero."""

    measured_usd = money()
    estimated_usd = money()
    actual_usd = money()
    baseline_usd = money()
    requests = serializers.IntegerField()
    not_assessed_requests = serializers.IntegerField(source="unassessed")
    fresh_tokens = serializers.IntegerField()
    cached_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()


class LineSerializer(Contract):
    """The sums of one day, product or use case."""

    name = serializers.SerializerMethodField()
    id = serializers.SerializerMethodField()
    totals = TotalsSerializer()

    def get_name(self, line: Line) -> str:
        return line.label

    def get_id(self, line: Line) -> str:
        return str(line.key)


class SavingsSerializer(Contract):
    """What was saved from one day to another, both included; days are UTC."""

    since = serializers.DateField(source="first")
    until = serializers.DateField(source="last")
    totals = TotalsSerializer()
    lifetime = TotalsSerializer()
    by_day = LineSerializer(many=True)
    by_product = LineSerializer(many=True)
    by_use_case = LineSerializer(many=True)


class SavingsQuerySerializer(Contract):
    """The days asked for; without them the last thirty."""

    since = serializers.DateField(required=False)
    until = serializers.DateField(required=False)


class SwitchSerializer(Contract):
    """A switch as it stands."""

    id = serializers.UUIDField()
    use_case_id = serializers.UUIDField()
    use_case = serializers.CharField(source="use_case_name")
    product = serializers.CharField(source="product_name")
    opportunity_id = serializers.UUIDField(allow_null=True)
    from_model = serializers.CharField(source="from_model.slug")
    to_model = serializers.CharField(source="to_model.slug")
    mode = serializers.ChoiceField(choices=Switch.Mode.choices)
    state = serializers.ChoiceField(choices=Switch.State.choices)
    basis = serializers.SerializerMethodField()
    reason = serializers.CharField(allow_blank=True)
    outcome = serializers.CharField(allow_blank=True)
    share = serializers.FloatField(allow_null=True)
    rails = serializers.DictField()
    alias = serializers.CharField(source="alias_name", allow_blank=True)
    experiment_id = serializers.UUIDField(allow_null=True)
    created_at = serializers.DateTimeField()
    canary_at = serializers.DateTimeField(allow_null=True)
    live_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)

    def get_basis(self, switch: Switch) -> str:
        is_measured = switch.is_measured
        return str(Saving.Basis.MEASURED if is_measured else Saving.Basis.ESTIMATED)


class SwitchListSerializer(Contract):
    data = SwitchSerializer(many=True)  # type: ignore[assignment]  # a field of ours, as the answer calls it


class NextSerializer(Contract):
    """What comes next of a switch under way, and why."""

    step = serializers.ChoiceField(choices=["wait", "promote", "roll_back"])
    why = serializers.CharField()


class SwitchDetailSerializer(SwitchSerializer):
    """The same with its evidence, what it saved, and how its canary stands."""

    evidence = serializers.DictField()
    migration = serializers.DictField()
    figures = serializers.DictField()
    saved = TotalsSerializer()
    arms = ArmSerializer(many=True)
    next = NextSerializer(allow_null=True)

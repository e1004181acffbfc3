"""The shape of experiments in the control plane; money in US dollars."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.router.answers import money
from apps.router.budget_serializers import LEAST_USD, MOST_USD, StrictContract
from apps.router.engine.evidence import Interval
from apps.router.experiment_models import Experiment
from apps.router.serializers import Contract

MOST_DAYS = 365
MOST_REQUESTS = 100_000_000


class NewExperimentSerializer(StrictContract):
    """What a new experiment shall be; it is a draft until it is started."""

    name = serializers.CharField(max_length=100)
    alias_id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=Experiment.Kind.choices)
    model = serializers.CharField(max_length=200, help_text="The candidate.")
    candidate_share = serializers.FloatField(
        default=0.5,
        min_value=0.01,
        max_value=0.99,
        help_text="How many of those who take part go to the candidate; A/B only.",
    )
    sticky = serializers.ChoiceField(
        choices=Experiment.Sticky.choices, default=Experiment.Sticky.SESSION
    )
    share = serializers.FloatField(
        default=1.0,
        min_value=0.001,
        max_value=1,
        help_text="How many of the alias's requests take part.",
    )
    quality = serializers.ChoiceField(
        choices=Experiment.Quality.choices, default=Experiment.Quality.FEEDBACK
    )
    judge_model = serializers.CharField(default="", allow_blank=True, max_length=200)
    margin = serializers.FloatField(
        default=0.15,
        min_value=0.01,
        max_value=0.5,
        help_text="How much worse is still not worse.",
    )
    max_requests = serializers.IntegerField(
        default=None, allow_null=True, min_value=100, max_value=MOST_REQUESTS
    )
    max_days = serializers.IntegerField(default=14, min_value=1, max_value=MOST_DAYS)
    budget_usd = serializers.DecimalField(
        default=None,
        allow_null=True,
        max_digits=18,
        decimal_places=6,
        min_value=LEAST_USD,
        max_value=MOST_USD,
        help_text="What shadows and judges may cost; a shadow must have one.",
    )


@extend_schema_field(
    {
        "type": "object",
        "required": ["value", "low", "high"],
        "properties": {
            "value": {"type": "number"},
            "low": {"type": "number", "nullable": True},
            "high": {"type": "number", "nullable": True},
        },
    }
)
class IntervalField(serializers.Field[Interval, Any, Any, Any]):
    """A figure and its bounds; a bound that is not known yet is null."""

    def to_representation(self, value: Interval) -> dict[str, float | None]:
        bounds = (value.low, value.high) if value.is_known else (None, None)
        return {"value": value.middle, "low": bounds[0], "high": bounds[1]}


class ArmSerializer(Contract):
    """One arm; intervals are of 95 %, and of one look."""

    name = serializers.CharField()
    model = serializers.CharField(allow_blank=True)
    weight = serializers.FloatField()
    requests = serializers.IntegerField()
    failed_requests = serializers.IntegerField(source="failed")
    answered_by_others = serializers.IntegerField(source="stood_in")
    unpriced_requests = serializers.IntegerField(source="unpriced")
    total_cost = serializers.FloatField(source="cost_usd")
    error_rate = IntervalField(source="errors")
    cost_per_request = IntervalField(source="cost")
    latency_p50_ms = IntervalField(source="p50")
    latency_p95_ms = IntervalField(source="p95")


class ResultsSerializer(Contract):
    """What it says by now; `quality_gain` holds at every look together."""

    arms = ArmSerializer(many=True)
    quality_gain = IntervalField(source="gain", allow_null=True)
    verdict = serializers.ChoiceField(
        choices=Experiment.Verdict.choices, allow_blank=True
    )
    judged_pairs = serializers.IntegerField(source="judged")
    judge_consistency = serializers.FloatField(source="consistency", allow_null=True)
    needed = serializers.IntegerField(allow_null=True)
    spent_usd = money()


class ExperimentSerializer(Contract):
    """An experiment as it stands."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    alias = serializers.CharField(source="alias.name")
    alias_id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=Experiment.Kind.choices)
    state = serializers.ChoiceField(choices=Experiment.State.choices)
    model = serializers.SerializerMethodField()
    sticky = serializers.ChoiceField(choices=Experiment.Sticky.choices)
    share = serializers.FloatField()
    quality = serializers.ChoiceField(choices=Experiment.Quality.choices)
    judge_model = serializers.CharField(allow_blank=True)
    margin = serializers.FloatField()
    max_requests = serializers.IntegerField(allow_null=True)
    max_days = serializers.IntegerField()
    budget_usd = money()
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    end_reason = serializers.CharField(allow_blank=True)
    verdict = serializers.ChoiceField(
        choices=Experiment.Verdict.choices, allow_blank=True
    )
    promoted_at = serializers.DateTimeField(allow_null=True)

    def get_model(self, experiment: Experiment) -> str:
        return str(experiment.arms[1]["model"])


class ExperimentDetailSerializer(ExperimentSerializer):
    """The same with its results."""

    results = ResultsSerializer()


class ExperimentListSerializer(Contract):
    data = ExperimentSerializer(many=True)  # type: ignore[assignment]  # a field of ours, as the answer calls it


class CacheSerializer(Contract):
    """What is stored of answers at this moment."""

    entries = serializers.IntegerField(allow_null=True)
    bytes = serializers.IntegerField(allow_null=True)
    most_bytes = serializers.IntegerField()
    semantic_entries = serializers.IntegerField()
    is_semantic_available = serializers.BooleanField()


class ClearedSerializer(Contract):
    cleared = serializers.IntegerField()

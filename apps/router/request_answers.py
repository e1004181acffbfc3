"""What comes back about single requests and agent runs: the documented contract."""

from typing import Any

import msgspec
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.router.models import Attempt
from apps.router.serializers import Contract


class LedgerTokensSerializer(Contract):
    """Token counts of one row; cached and written are parts of the input."""

    input = serializers.IntegerField(source="input_tokens")
    cached = serializers.IntegerField(source="cached_tokens")
    written = serializers.IntegerField(source="written_tokens")
    output = serializers.IntegerField(source="output_tokens")
    reasoning = serializers.IntegerField(source="reasoning_tokens")
    estimated = serializers.BooleanField(source="is_estimated")


class AdjustmentSerializer(Contract):
    """A parameter of the request that the model would not have taken as it was."""

    change = serializers.CharField()
    parameter = serializers.CharField()


class RequestLineSerializer(Contract):
    """One routed request; money in US dollars, null where unknown."""

    id = serializers.UUIDField(source="request.id")
    created_at = serializers.DateTimeField(source="request.created_at")
    endpoint = serializers.CharField(source="request.endpoint")
    status = serializers.CharField(source="request.status")
    error_code = serializers.CharField(source="request.error_code")
    finish_reason = serializers.CharField(source="request.finish_reason")
    model = serializers.CharField(source="request.model")
    provider = serializers.CharField(source="request.provider")
    task = serializers.CharField(source="request.task")
    purpose = serializers.CharField(source="request.purpose")
    key = serializers.CharField(source="key_name")
    key_id = serializers.UUIDField(source="request.key_id", allow_null=True)
    key_kind = serializers.CharField(source="request.key_kind")
    alias = serializers.CharField(source="request.alias")
    tags = serializers.ListField(child=serializers.CharField())
    run_id = serializers.CharField(source="request.run_id")
    step = serializers.IntegerField(source="request.step", allow_null=True)
    experiment_id = serializers.UUIDField(
        source="request.experiment_id", allow_null=True
    )
    arm = serializers.CharField(source="request.arm")
    is_test = serializers.BooleanField(source="request.is_test")
    is_stream = serializers.BooleanField(source="request.is_stream")
    tokens = LedgerTokensSerializer(source="request")
    cost = serializers.FloatField(source="request.cost_usd", allow_null=True)
    baseline_model = serializers.CharField(source="request.baseline_model")
    baseline_cost = serializers.FloatField(
        source="request.baseline_usd", allow_null=True
    )
    estimated_savings = serializers.FloatField(source="savings_usd", allow_null=True)
    cache = serializers.CharField(source="request.cache")
    cache_savings = serializers.FloatField(
        source="request.cache_saved_usd", allow_null=True
    )
    adjusted = serializers.SerializerMethodField()
    latency_ms = serializers.IntegerField(source="request.latency_ms")
    first_token_ms = serializers.IntegerField(
        source="request.first_token_ms", allow_null=True
    )

    @extend_schema_field(AdjustmentSerializer(many=True))
    def get_adjusted(self, line: Any) -> list[dict[str, str]]:
        return [{"change": how, "parameter": name} for how, name in line.adjusted]


class RequestListSerializer(Contract):
    """One page of the log, newest first; `next_cursor` is null on the last."""

    data = RequestLineSerializer(many=True, source="lines")  # type: ignore[assignment]  # a field of ours
    next_cursor = serializers.SerializerMethodField()

    def get_next_cursor(self, page: Any) -> str | None:
        return page.next_cursor or None


class AttemptSerializer(Contract):
    """One try at one offer; `raw_usage` is what the provider itself reported."""

    number = serializers.IntegerField()
    provider = serializers.CharField()
    model = serializers.CharField()
    outcome = serializers.CharField()
    http_status = serializers.IntegerField(allow_null=True)
    message = serializers.CharField()
    started_ms = serializers.IntegerField()
    duration_ms = serializers.IntegerField()
    cost = serializers.FloatField(source="cost_usd", allow_null=True)
    input_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    key_kind = serializers.CharField()
    is_hedge = serializers.BooleanField()
    raw_usage = serializers.SerializerMethodField()

    def get_raw_usage(self, attempt: Attempt) -> dict[str, Any] | None:
        return raw_usage(attempt)


def raw_usage(attempt: Attempt) -> dict[str, Any] | None:
    """The provider's own words on usage; None where it sent none, or cut ones."""
    try:
        return msgspec.json.decode(attempt.raw_usage, type=dict[str, Any])
    except msgspec.MsgspecError:
        return None


class RequestDetailSerializer(RequestLineSerializer):
    """Everything that is known of one request."""

    attempts = AttemptSerializer(many=True)
    decision = serializers.DictField(allow_null=True)

    def to_representation(self, instance: Any) -> dict[str, Any]:
        line: dict[str, Any] = RequestLineSerializer(instance.line).data
        attempts = AttemptSerializer(instance.attempts, many=True).data
        return {**line, "attempts": attempts, "decision": instance.decision}


class StepSerializer(Contract):
    """One step of a run: a routed request of its own."""

    step = serializers.IntegerField(allow_null=True)
    request_id = serializers.UUIDField(source="id")
    created_at = serializers.DateTimeField()
    status = serializers.CharField()
    error_code = serializers.CharField()
    finish_reason = serializers.CharField()
    model = serializers.CharField()
    provider = serializers.CharField()
    cost = serializers.FloatField(source="cost_usd", allow_null=True)
    tokens = LedgerTokensSerializer(source="*")
    latency_ms = serializers.IntegerField()
    attempts = serializers.IntegerField()
    tool_calls = serializers.IntegerField(allow_null=True)
    cache = serializers.CharField()


class RunTotalsSerializer(Contract):
    """The sums of a run; steps whose cost is unknown are counted as unpriced."""

    run_id = serializers.CharField()
    steps = serializers.IntegerField()
    failed_steps = serializers.IntegerField()
    unpriced_steps = serializers.IntegerField()
    total_cost = serializers.FloatField(source="cost")
    estimated_savings = serializers.FloatField(source="savings")
    total_tokens = serializers.IntegerField(source="tokens")
    total_tokens_input = serializers.IntegerField(source="tokens_input")
    total_tokens_output = serializers.IntegerField(source="tokens_output")
    total_latency_ms = serializers.IntegerField(source="latency_ms")
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField()


class RunSerializer(Contract):
    """A run with its steps in order."""

    totals = RunTotalsSerializer()
    steps = StepSerializer(many=True)


class RunListSerializer(Contract):
    """The latest runs; `next_before` is null when there are no more."""

    data = RunTotalsSerializer(many=True)  # type: ignore[assignment]  # a field of ours
    next_before = serializers.DateTimeField(allow_null=True)

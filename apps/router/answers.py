"""What comes back from `/v1`: the documented contract of answers."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from apps.router.serializers import TASKS, USUAL_GROUPS, Contract


def money() -> serializers.FloatField:
    """US dollars as a JSON number, exact to the nano-dollar below a million."""
    return serializers.FloatField(allow_null=True)


class TokensSerializer(Contract):
    """Token counts of one answer; `input` is the whole prompt."""

    input = serializers.IntegerField()
    output = serializers.IntegerField()
    cached = serializers.IntegerField()
    reasoning = serializers.IntegerField()
    estimated = serializers.BooleanField()


class ChatAnswerSerializer(Contract):
    """The answer of `POST /v1/chat`; null is unknown, never zero."""

    output = serializers.CharField()
    model_used = serializers.CharField()
    provider = serializers.CharField()
    cost = money()
    latency_ms = serializers.IntegerField()
    savings_estimate = money()
    estimated_savings = money()
    estimate = serializers.BooleanField()
    baseline_model = serializers.CharField()
    task_type = serializers.ChoiceField(choices=TASKS)
    tokens = TokensSerializer()
    finish_reason = serializers.CharField(allow_null=True)
    attempts = serializers.IntegerField()
    request_id = serializers.UUIDField()


class AgentStepAnswerSerializer(ChatAnswerSerializer):
    """The answer of `POST /v1/agent-step`."""

    run_id = serializers.CharField()
    step = serializers.IntegerField()
    tool_calls = serializers.ListField(child=serializers.DictField())


class UsageLineSerializer(Contract):
    """The sums of one group."""

    requests = serializers.IntegerField()
    failed_requests = serializers.IntegerField(source="failed")
    unpriced_requests = serializers.IntegerField(source="unpriced")
    cost = money()
    estimated_savings = serializers.FloatField(source="savings")
    total_tokens = serializers.IntegerField(source="tokens")
    total_tokens_input = serializers.IntegerField(source="tokens_input")
    total_tokens_output = serializers.IntegerField(source="tokens_output")
    cache_hits = serializers.IntegerField()
    cache_savings = serializers.FloatField()


class HourUsageSerializer(UsageLineSerializer):
    hour = serializers.CharField(source="label")


class TagUsageSerializer(UsageLineSerializer):
    tag = serializers.CharField(source="label")


class ProviderUsageSerializer(UsageLineSerializer):
    provider = serializers.CharField(source="label")


class PurposeUsageSerializer(UsageLineSerializer):
    purpose = serializers.CharField(source="label")


class DayUsageSerializer(UsageLineSerializer):
    day = serializers.CharField(source="label")


class ModelUsageSerializer(UsageLineSerializer):
    model = serializers.CharField(source="label")


class TaskUsageSerializer(UsageLineSerializer):
    task = serializers.CharField(source="label")


class KeyUsageSerializer(UsageLineSerializer):
    key = serializers.CharField(source="label")
    key_id = serializers.UUIDField(allow_null=True)


class AliasUsageSerializer(UsageLineSerializer):
    alias = serializers.CharField(source="label")


class UsageSerializer(Contract):
    """What the organization used in a range; sums agree with the ledger."""

    to = serializers.DateTimeField(source="end")
    total_requests = serializers.IntegerField()
    failed_requests = serializers.IntegerField()
    unpriced_requests = serializers.IntegerField()
    total_cost = money()
    estimated_savings = money()
    total_tokens = serializers.IntegerField()
    total_tokens_input = serializers.IntegerField()
    total_tokens_output = serializers.IntegerField()
    total_tokens_cached = serializers.IntegerField()
    total_tokens_reasoning = serializers.IntegerField()
    avg_latency_ms = serializers.FloatField(allow_null=True)
    cache_hits = serializers.IntegerField()
    cache_savings = serializers.FloatField(
        help_text="What stored answers had cost; no part of estimated_savings."
    )
    by_hour = HourUsageSerializer(many=True, required=False)
    by_day = DayUsageSerializer(many=True, required=False)
    by_model = ModelUsageSerializer(many=True, required=False)
    by_task = TaskUsageSerializer(many=True, required=False)
    by_key = KeyUsageSerializer(many=True, required=False)
    by_alias = AliasUsageSerializer(many=True, required=False)
    by_tag = TagUsageSerializer(many=True, required=False)
    by_provider = ProviderUsageSerializer(many=True, required=False)
    by_purpose = PurposeUsageSerializer(many=True, required=False)

    def get_fields(self) -> dict[str, Any]:
        start = serializers.DateTimeField(source="start")
        fields: Mapping[str, Any] = {"from": start, **super().get_fields()}
        wanted = {f"by_{name}" for name in self.context.get("group_by", USUAL_GROUPS)}
        return {
            name: field
            for name, field in fields.items()
            if not name.startswith("by_") or name in wanted
        }


class OfferSerializer(Contract):
    """One provider of a model; prices are US dollars per million tokens."""

    provider = serializers.CharField()
    cost_input = money()
    cost_output = money()
    avg_latency = serializers.IntegerField(allow_null=True)
    max_tokens = serializers.IntegerField(allow_null=True)
    context_tokens = serializers.IntegerField(allow_null=True)


class ModelSerializer(OfferSerializer):
    """A model in OpenAI's shape and in our own, with its cheapest offer's figures."""

    id = serializers.CharField()
    object = serializers.CharField()
    created = serializers.IntegerField()
    owned_by = serializers.CharField()
    model_name = serializers.CharField()
    strengths = serializers.ListField(child=serializers.CharField())
    supports_functions = serializers.BooleanField(allow_null=True)
    supports_vision = serializers.BooleanField(allow_null=True)
    kind = serializers.ChoiceField(choices=["chat", "embedding"])
    offers = OfferSerializer(many=True)


class ModelListSerializer(Contract):
    """The models that this key can call."""

    object = serializers.CharField()
    data = ModelSerializer(many=True)  # type: ignore[assignment]  # a field of ours, as OpenAI calls it


class ErrorDetailSerializer(Contract):
    code = serializers.CharField()
    message = serializers.CharField()
    type = serializers.CharField()
    param = serializers.CharField(allow_null=True)


class ErrorSerializer(Contract):
    """Every error of the API."""

    error = ErrorDetailSerializer()
    request_id = serializers.UUIDField()

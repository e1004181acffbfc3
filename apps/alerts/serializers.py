"""The shape of alerts, webhooks and rules in the control plane."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.alerts.channel_rules import LONGEST_URL
from apps.alerts.kinds import Kind, Severity, Via
from apps.alerts.rule_models import Rule

SEVERITY_CODES = [severity.code for severity in Severity]
KIND_CODES = [kind.value for kind in Kind if kind != Kind.DIGEST]


class StrictContract(serializers.Serializer[Any]):
    """A body in which an unknown field is an error, not a typing slip passed over."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and (unknown := set(data) - set(self.fields)):
            raise serializers.ValidationError(
                dict.fromkeys(sorted(unknown), "There is no such field.")
            )
        return super().to_internal_value(data)


class AlertSerializer(serializers.Serializer[Any]):
    """An alert; `read` is None for a key, which has no inbox."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=KIND_CODES)
    severity = serializers.CharField()
    title = serializers.CharField()
    body = serializers.CharField()
    url = serializers.CharField()
    subject = serializers.CharField()
    created_at = serializers.DateTimeField()
    data = serializers.DictField()  # type: ignore[assignment]  # a field of ours
    read = serializers.BooleanField(allow_null=True)


class AlertListSerializer(serializers.Serializer[Any]):
    data = AlertSerializer(many=True)  # type: ignore[assignment]  # as above
    unread = serializers.IntegerField(allow_null=True)


class AlertQuerySerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=KIND_CODES, required=False)
    min_severity = serializers.ChoiceField(choices=SEVERITY_CODES, required=False)
    unread = serializers.BooleanField(default=False)
    before = serializers.DateTimeField(required=False)
    limit = serializers.IntegerField(default=100, min_value=1, max_value=500)


class ReadSerializer(StrictContract):
    """Which alerts of one's own inbox; without `ids` all of them."""

    ids = serializers.ListField(
        child=serializers.UUIDField(), required=False, max_length=500
    )
    read = serializers.BooleanField(default=True)


class MarkedSerializer(serializers.Serializer[Any]):
    marked = serializers.IntegerField()
    unread = serializers.IntegerField()


class WebhookSerializer(serializers.Serializer[Any]):
    """A channel of the organization; its address is shown by host and end alone."""

    id = serializers.UUIDField()
    via = serializers.CharField()
    name = serializers.CharField()
    url = serializers.CharField()
    kinds = serializers.ListField(child=serializers.CharField())
    min_severity = serializers.CharField()
    is_enabled = serializers.BooleanField()
    failures = serializers.IntegerField()
    disabled_because = serializers.CharField()
    last_delivered_at = serializers.DateTimeField(allow_null=True)
    previous_until = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class NewWebhookSerializer(StrictContract):
    via = serializers.ChoiceField(
        choices=[via.value for via in Via if via != Via.EMAIL], default=Via.WEBHOOK
    )
    name = serializers.CharField(max_length=80)
    url = serializers.CharField(max_length=LONGEST_URL, write_only=True)
    kinds = serializers.ListField(
        child=serializers.ChoiceField(choices=KIND_CODES), default=list
    )
    min_severity = serializers.ChoiceField(choices=SEVERITY_CODES, default="info")


class WebhookChangeSerializer(StrictContract):
    name = serializers.CharField(max_length=80, required=False)
    url = serializers.CharField(max_length=LONGEST_URL, required=False, write_only=True)
    kinds = serializers.ListField(
        child=serializers.ChoiceField(choices=KIND_CODES), required=False
    )
    min_severity = serializers.ChoiceField(choices=SEVERITY_CODES, required=False)
    is_enabled = serializers.BooleanField(required=False)


class CreatedWebhookSerializer(WebhookSerializer):
    """As it is made or its secret replaced: `secret` is given this once."""

    secret = serializers.CharField(allow_blank=True)


class WebhookListSerializer(serializers.Serializer[Any]):
    data = WebhookSerializer(many=True)  # type: ignore[assignment]  # as above


class DeliveryAttemptSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    at = serializers.DateTimeField()
    took_ms = serializers.IntegerField()
    status = serializers.IntegerField(allow_null=True)
    request = serializers.CharField()
    response = serializers.CharField()
    error = serializers.CharField()


class DeliverySerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    state = serializers.CharField()
    title = serializers.CharField()
    alert_count = serializers.IntegerField()
    opened_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    tries = serializers.IntegerField()
    is_test = serializers.BooleanField()
    error = serializers.CharField()
    attempts = serializers.SerializerMethodField()

    @extend_schema_field(DeliveryAttemptSerializer(many=True))
    def get_attempts(self, delivery: Any) -> list[dict[str, Any]]:
        return list(DeliveryAttemptSerializer(delivery.attempts.all(), many=True).data)


class DeliveryListSerializer(serializers.Serializer[Any]):
    data = DeliverySerializer(many=True)  # type: ignore[assignment]  # as above


class RuleSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    about = serializers.CharField()
    name = serializers.CharField()
    params = serializers.DictField()
    severity = serializers.CharField()
    cooldown_h = serializers.IntegerField()
    is_enabled = serializers.BooleanField()
    fired_at = serializers.DateTimeField(allow_null=True)
    error = serializers.CharField()


class RuleListSerializer(serializers.Serializer[Any]):
    data = RuleSerializer(many=True)  # type: ignore[assignment]  # as above


class NewRuleSerializer(StrictContract):
    about = serializers.ChoiceField(choices=Rule.About.values)
    params = serializers.DictField()
    name = serializers.CharField(max_length=120, default="", allow_blank=True)
    severity = serializers.ChoiceField(choices=SEVERITY_CODES, default="warning")
    cooldown_h = serializers.IntegerField(default=24, min_value=1, max_value=720)


class RuleChangeSerializer(StrictContract):
    params = serializers.DictField(required=False)
    name = serializers.CharField(max_length=120, required=False)
    severity = serializers.ChoiceField(choices=SEVERITY_CODES, required=False)
    cooldown_h = serializers.IntegerField(required=False, min_value=1, max_value=720)
    is_enabled = serializers.BooleanField(required=False)


class RulePreviewSerializer(serializers.Serializer[Any]):
    """How often a rule would have fired; None where that cannot be told."""

    times = serializers.IntegerField(allow_null=True)
    days = serializers.IntegerField()
    note = serializers.CharField()

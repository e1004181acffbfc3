"""The shape of API keys in the control plane."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from apps.accounts.key_rules import (
    MOST_REQUESTS,
    MOST_TOKENS,
    clean_models,
    clean_networks,
    clean_tags,
)
from apps.accounts.key_services import LONGEST_OVERLAP, USUAL_OVERLAP, NewKey
from apps.accounts.keys import DEFAULT_SCOPES, SCOPES
from apps.accounts.models import APIKey


class APIKeySerializer(serializers.ModelSerializer[APIKey]):
    """A key as it is listed: never its secret."""

    class Meta:
        model = APIKey
        fields = (
            "id",
            "name",
            "prefix",
            "last4",
            "is_test",
            "scopes",
            "allowed_models",
            "allowed_ips",
            "requests_per_minute",
            "tokens_per_minute",
            "tags",
            "created_at",
            "expires_at",
            "rotated_at",
            "previous_last4",
            "previous_until",
            "revoked_at",
            "last_used_at",
        )
        read_only_fields = fields


class CreatedAPIKeySerializer(APIKeySerializer):
    """A key with its new secret, which is shown this once."""

    key = serializers.CharField(read_only=True)

    class Meta:
        model = APIKey
        fields = (*APIKeySerializer.Meta.fields, "key")
        read_only_fields = fields


class APIKeyListSerializer(serializers.Serializer[Any]):
    """Every key of the organization, the live ones first."""

    data = APIKeySerializer(many=True)  # type: ignore[assignment]  # a field of ours, as the answer calls it


def refuse_slips(data: Any, known: Iterable[str]) -> None:
    """Refuse names that nobody knows: a restriction with a slip in its name would
    silently not be one.
    """
    for name in data if isinstance(data, dict) else ():
        if name not in known:
            raise serializers.ValidationError({name: "There is no such field."})


class KeySettingsSerializer(serializers.Serializer[Any]):
    """What can be set on a key, also later; null takes a limit away."""

    name = serializers.CharField(max_length=100)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=list(SCOPES)),
        default=list(DEFAULT_SCOPES),
        allow_empty=False,
    )
    expires_at = serializers.DateTimeField(default=None, allow_null=True)
    allowed_models = serializers.ListField(
        child=serializers.CharField(max_length=200),
        default=list,
        help_text="Ids and patterns such as `openai/*`; empty allows every model.",
    )
    allowed_ips = serializers.ListField(
        child=serializers.CharField(max_length=50),
        default=list,
        help_text="Addresses and ranges, IPv4 or IPv6; empty allows every address.",
    )
    requests_per_minute = serializers.IntegerField(
        default=None, allow_null=True, min_value=1, max_value=MOST_REQUESTS
    )
    tokens_per_minute = serializers.IntegerField(
        default=None, allow_null=True, min_value=1, max_value=MOST_TOKENS
    )

    tags = serializers.ListField(
        child=serializers.CharField(max_length=64),
        default=list,
        help_text="Eight at most, such as `team:search`; usage is grouped by them.",
    )

    def to_internal_value(self, data: Any) -> Any:
        refuse_slips(data, {*self.fields, *READ_ONLY})
        return super().to_internal_value(data)

    def validate_scopes(self, value: list[str]) -> list[str]:
        return sorted(set(value))

    def validate_expires_at(self, value: Any) -> Any:
        if value is not None and value <= timezone.now():
            raise serializers.ValidationError("This moment is past.")
        return value

    def validate_allowed_models(self, value: list[str]) -> list[str]:
        try:
            return clean_models(value)
        except ValueError as problem:
            raise serializers.ValidationError(str(problem)) from problem

    def validate_tags(self, value: list[str]) -> list[str]:
        try:
            return clean_tags(value)
        except ValueError as problem:
            raise serializers.ValidationError(str(problem)) from problem

    def validate_allowed_ips(self, value: list[str]) -> list[str]:
        try:
            return clean_networks(value)
        except ValueError as problem:
            raise serializers.ValidationError(str(problem)) from problem


# A client that sends back what it read is not at fault: these are ignored.
READ_ONLY = frozenset(
    name
    for field in APIKey._meta.concrete_fields
    for name in (field.name, field.attname)
)


class NewAPIKeySerializer(KeySettingsSerializer):
    """What a new key shall be."""

    is_test = serializers.BooleanField(default=False)

    def wanted(self) -> NewKey:
        return NewKey(**self.validated_data)


class RotationSerializer(serializers.Serializer[Any]):
    """How long the secret before goes on working."""

    overlap_hours = serializers.FloatField(
        default=USUAL_OVERLAP.total_seconds() / 3600,
        min_value=0,
        max_value=LONGEST_OVERLAP.total_seconds() / 3600,
        help_text="0 ends the old secret at once.",
    )

    def to_internal_value(self, data: Any) -> Any:
        refuse_slips(data, self.fields)
        return super().to_internal_value(data)

    def overlap(self) -> timedelta:
        return timedelta(hours=self.validated_data["overlap_hours"])

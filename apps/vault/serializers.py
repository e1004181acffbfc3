"""The shape of provider keys in the control plane."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.kit.sealing import Secret
from apps.vault.entry import clean_key
from apps.vault.models import ProviderKey, ProviderPreference
from apps.vault.services import NewProviderKey


@extend_schema_field(OpenApiTypes.STR)
class SecretField(serializers.Field[Secret, Any, Any, Any]):
    """A provider key on its way in; it never goes out again."""

    def __init__(self, **options: Any) -> None:
        super().__init__(write_only=True, **options)

    def to_internal_value(self, data: Any) -> Secret:
        if not isinstance(data, str):
            raise serializers.ValidationError("A key is a text.")
        try:
            return Secret(clean_key(data))
        except ValueError as problem:
            raise serializers.ValidationError(str(problem)) from None


class ProviderKeySerializer(serializers.Serializer[Any]):
    """A key as it is listed: never more of it than its last four."""

    id = serializers.UUIDField(source="row.id")
    provider = serializers.CharField(source="row.provider")
    name = serializers.CharField(source="row.name")
    last4 = serializers.CharField(source="row.last4")
    position = serializers.IntegerField(source="row.position")
    is_enabled = serializers.BooleanField(source="row.is_enabled")
    is_readable = serializers.BooleanField()
    test_result = serializers.ChoiceField(
        choices=ProviderKey.Test.choices, source="row.test_result"
    )
    test_message = serializers.CharField(source="row.test_message")
    test_ms = serializers.IntegerField(source="row.test_ms", allow_null=True)
    tested_at = serializers.DateTimeField(source="row.tested_at", allow_null=True)
    created_at = serializers.DateTimeField(source="row.created_at")


class PreferenceSerializer(serializers.Serializer[Any]):
    """Whose keys go first at one provider."""

    provider = serializers.CharField(source="slug", read_only=True)
    has_managed_key = serializers.BooleanField(read_only=True)
    order = serializers.ChoiceField(choices=ProviderPreference.Order.choices)


class ProviderKeyListSerializer(serializers.Serializer[Any]):
    """Every key in the order of trying, and the providers' orders."""

    data = ProviderKeySerializer(many=True)  # type: ignore[assignment]  # a field of ours, as the answer calls it
    preferences = PreferenceSerializer(many=True)


class NewProviderKeySerializer(serializers.Serializer[Any]):
    """A key to bring."""

    provider = serializers.SlugField(max_length=64)
    name = serializers.CharField(max_length=100)
    key = SecretField()

    def wanted(self) -> NewProviderKey:
        data = self.validated_data
        return NewProviderKey(data["provider"], data["name"], data["key"])


class ChangedProviderKeySerializer(serializers.Serializer[Any]):
    """What may be changed of a key; what is left out stays."""

    name = serializers.CharField(max_length=100, required=False)
    is_enabled = serializers.BooleanField(required=False)
    position = serializers.IntegerField(min_value=1, max_value=1000, required=False)
    key = SecretField(required=False)

"""The shape of API keys in the control plane."""

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from apps.accounts.keys import DEFAULT_SCOPES, SCOPES
from apps.accounts.models import APIKey
from apps.accounts.services import NewKey


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
            "created_at",
            "expires_at",
            "revoked_at",
            "last_used_at",
        )
        read_only_fields = fields


class CreatedAPIKeySerializer(APIKeySerializer):
    """A key just made, with its secret, which is shown this once."""

    key = serializers.CharField(read_only=True)

    class Meta:
        model = APIKey
        fields = (*APIKeySerializer.Meta.fields, "key")
        read_only_fields = fields


class APIKeyListSerializer(serializers.Serializer[Any]):
    """Every key of the organization, the live ones first."""

    data = APIKeySerializer(many=True)  # type: ignore[assignment]  # a field of ours, as the answer calls it


class NewAPIKeySerializer(serializers.Serializer[Any]):
    """What a new key shall be."""

    name = serializers.CharField(max_length=100)
    is_test = serializers.BooleanField(default=False)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=list(SCOPES)),
        default=list(DEFAULT_SCOPES),
        allow_empty=False,
    )
    expires_at = serializers.DateTimeField(default=None, allow_null=True)

    def validate_expires_at(self, value: Any) -> Any:
        if value is not None and value <= timezone.now():
            raise serializers.ValidationError("This moment is past.")
        return value

    def wanted(self) -> NewKey:
        data = self.validated_data
        return NewKey(
            name=data["name"],
            is_test=data["is_test"],
            scopes=sorted(set(data["scopes"])),
            expires_at=data["expires_at"],
        )

"""The shape of privacy's part of the control plane."""

from typing import Any

from rest_framework import serializers

from apps.accounts.serializers import refuse_slips
from apps.privacy import exporting
from apps.privacy.models import (
    LEAST_DAYS,
    MOST_DAYS,
    Deletion,
    Export,
    PrivacySettings,
)
from apps.privacy.redaction import KINDS
from apps.privacy.services import Wanted


class PrivacySerializer(serializers.ModelSerializer[PrivacySettings]):
    """What is kept of prompts."""

    redacts = serializers.ListField(
        child=serializers.ChoiceField(choices=KINDS), max_length=len(KINDS)
    )
    retention_days = serializers.IntegerField(
        min_value=LEAST_DAYS, max_value=MOST_DAYS, help_text="Days that it is kept."
    )
    deletes_stored = serializers.BooleanField(
        write_only=True, default=False, help_text="Delete what is stored, at once."
    )

    class Meta:
        model = PrivacySettings
        fields = ("stores_prompts", "retention_days", "redacts", "deletes_stored")

    def to_internal_value(self, data: Any) -> Any:
        refuse_slips(data, self.fields)
        return super().to_internal_value(data)

    def wanted(self, current: PrivacySettings) -> Wanted:
        """The settings as asked for; what was left out stays as it is."""
        asked = {**self.validated_data}
        asked.pop("deletes_stored", None)
        return Wanted(
            asked.get("stores_prompts", current.stores_prompts),
            asked.get("retention_days", current.retention_days),
            tuple(asked.get("redacts", current.redacts)),
        )


class ExportSerializer(serializers.ModelSerializer[Export]):
    """An archive; `download_url` wants a signed-in owner or admin."""

    download_url = serializers.SerializerMethodField()

    class Meta:
        model = Export
        fields = (
            "id",
            "state",
            "created_at",
            "finished_at",
            "expires_at",
            "rows_done",
            "rows_total",
            "size_bytes",
            "sha256",
            "download_url",
        )
        read_only_fields = fields

    def get_download_url(self, export: Export) -> str:
        if export.state != Export.State.READY:
            return ""
        return exporting.link_to(export.org_id, export.id)


class ExportListSerializer(serializers.Serializer[Any]):
    """The latest archives."""

    data = ExportSerializer(many=True)  # type: ignore[assignment]  # a field named as DRF's own property


class NewDeletionSerializer(serializers.Serializer[Any]):
    """The organization's name, typed again."""

    name = serializers.CharField(max_length=100)


class DeletionSerializer(serializers.ModelSerializer[Deletion]):
    """A deletion that can still be undone."""

    class Meta:
        model = Deletion
        fields = ("asked_at", "due_at", "state")
        read_only_fields = fields

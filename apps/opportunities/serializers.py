"""Opportunities as the API shows them, and the decisions it takes."""

from rest_framework import serializers

from apps.opportunities.models import KINDS, Opportunity


class OpportunitySerializer(serializers.ModelSerializer[Opportunity]):
    """One opportunity; `details` holds everything that it rests on."""

    use_case_name = serializers.CharField(source="use_case.name", read_only=True)
    current_model = serializers.CharField(source="current_model.slug", read_only=True)
    candidate_model = serializers.CharField(
        source="candidate_model.slug", read_only=True
    )
    candidate_provider = serializers.SerializerMethodField()

    class Meta:
        model = Opportunity
        fields = (
            "id",
            "use_case",
            "use_case_name",
            "current_model",
            "candidate_model",
            "candidate_provider",
            "kind",
            "band",
            "fit_gain",
            "confidence",
            "risk",
            "effort",
            "savings_month_usd",
            "savings_low_usd",
            "savings_high_usd",
            "is_estimate",
            "state",
            "state_reason",
            "dismiss_reason",
            "dismiss_note",
            "dismissed_until",
            "snoozed_until",
            "found_at",
            "validated_at",
            "details",
        )

    def get_candidate_provider(self, row: Opportunity) -> str | None:
        provider = row.candidate_provider
        return provider.slug if provider else None


class OpenValueSerializer(serializers.Serializer[object]):
    """Of each use case its best saving; two options are never added up."""

    use_cases = serializers.IntegerField()
    opportunities = serializers.IntegerField()
    usd = serializers.DecimalField(20, 6)
    estimated_usd = serializers.DecimalField(20, 6)


class OpportunityListSerializer(serializers.Serializer[object]):
    data = OpportunitySerializer(many=True)  # type: ignore[assignment]  # a field of ours, as the answer calls it
    open_value = OpenValueSerializer()


class OpportunityFilterSerializer(serializers.Serializer[object]):
    state = serializers.ChoiceField(
        ("", "snoozed", "dismissed", "accepted", "closed"), default=""
    )
    kind = serializers.ChoiceField((("", "Any"), *KINDS), default="", allow_blank=True)
    band = serializers.ChoiceField(
        (("", "Any"), *Opportunity.Band.choices), default="", allow_blank=True
    )
    risk = serializers.IntegerField(min_value=0, max_value=4, default=None)
    product = serializers.UUIDField(default=None)
    use_case = serializers.UUIDField(default=None)


class DismissSerializer(serializers.Serializer[object]):
    reason = serializers.ChoiceField(Opportunity.Reason.choices)
    note = serializers.CharField(
        max_length=500, default="", allow_blank=True, trim_whitespace=True
    )


class SnoozeSerializer(serializers.Serializer[object]):
    until = serializers.DateTimeField()

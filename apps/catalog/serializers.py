"""The catalog's public answers: prices are decimal text in USD per 1,000,000 tokens."""

from typing import Any

from rest_framework import serializers

from apps.catalog.models import AIModel, ModelChange, Offer, Price


class PriceSerializer(serializers.ModelSerializer[Price]):
    """One dated price with the condition under which it applies."""

    usd = serializers.DecimalField(
        max_digits=18,
        decimal_places=9,
        help_text="Per 1,000,000 tokens; per piece for request, search and picture.",
    )

    class Meta:
        model = Price
        fields = (
            *("component", "usd", "service_tier", "above_prompt_tokens", "utc_from"),
            *("utc_until", "utc_weekdays", "is_discount", "valid_from", "valid_until"),
            *("source", "sourced_on"),
        )
        read_only_fields = fields


class CatalogOfferSerializer(serializers.ModelSerializer[Offer]):
    """One model at one provider, with every price in force or to come."""

    model = serializers.CharField(source="ai_model.slug", read_only=True)
    provider = serializers.CharField(source="provider.slug", read_only=True)
    served_by = serializers.CharField(
        source="served_by.slug", default=None, read_only=True, allow_null=True
    )
    parameters = serializers.SerializerMethodField(
        help_text="Parameter to whether it is taken; null: no source lists them."
    )
    prices = PriceSerializer(many=True, read_only=True)

    class Meta:
        model = Offer
        fields = (
            *("id", "model", "provider", "served_by", "upstream_id", "endpoint_tag"),
            *("region", "variant", "quantization", "service_tier", "is_headline"),
            *("is_price_variable", "context_tokens", "max_input_tokens"),
            *("max_output_tokens", "is_available", "deprecated_on", "sunset_on"),
            *("parameters", "prices", "source", "sourced_on"),
        )
        read_only_fields = fields

    def get_parameters(self, offer: Offer) -> dict[str, bool] | None:
        known = {p.name: p.is_supported for p in offer.parameters.all()}
        return known or (None if not offer.has_parameter_list else {})


class CatalogModelSerializer(serializers.ModelSerializer[AIModel]):
    """One model with its headline; null is "not assessed", never zero or no."""

    input_usd_from = serializers.DecimalField(
        max_digits=18,
        decimal_places=9,
        source="headline.input_usd",
        allow_null=True,
        read_only=True,
        help_text="Lowest plain list price; never a price to compute with.",
    )
    output_usd_from = serializers.DecimalField(
        max_digits=18,
        decimal_places=9,
        source="headline.output_usd",
        allow_null=True,
        read_only=True,
    )
    offer_count = serializers.IntegerField(
        source="headline.offer_count", read_only=True
    )
    providers = serializers.ListField(
        child=serializers.CharField(), source="headline.providers", read_only=True
    )
    successor = serializers.CharField(
        source="successor.slug", default=None, read_only=True, allow_null=True
    )

    class Meta:
        model = AIModel
        fields = (
            *("slug", "name", "author", "vendor", "family", "kind", "description"),
            *("context_tokens", "max_output_tokens", "input_modalities"),
            *("output_modalities", "has_vision", "has_tools", "has_json_schema"),
            *("has_reasoning", "is_open_weights", "licence", "tokenizer"),
            *("knowledge_cutoff", "released_on", "deprecated_on", "sunset_on"),
            *("successor", "status", "input_usd_from", "output_usd_from"),
            *("offer_count", "providers", "source", "sourced_on"),
        )
        read_only_fields = fields


class ChangeSerializer(serializers.ModelSerializer[ModelChange]):
    """One change; prices are decimal text, dates ISO 8601, null is "not assessed"."""

    model = serializers.CharField(
        source="ai_model.slug", default=None, read_only=True, allow_null=True
    )
    provider = serializers.SerializerMethodField()
    offer = serializers.UUIDField(source="offer_id", read_only=True, allow_null=True)
    old = serializers.JSONField(read_only=True, allow_null=True)
    new = serializers.JSONField(read_only=True, allow_null=True)

    class Meta:
        model = ModelChange
        fields = (
            *("id", "at", "what", "model", "offer", "provider", "field", "condition"),
            *("old", "new", "change_share", "source"),
        )
        read_only_fields = fields

    def get_provider(self, change: ModelChange) -> str | None:
        seller = change.offer.provider if change.offer else change.provider
        return seller.slug if seller else None


def _page(name: str, item: type[serializers.BaseSerializer[Any]]) -> Any:
    """The envelope of a list: its rows, how many there are, and where it goes on."""
    fields = {
        "data": item(many=True),
        "total_count": serializers.IntegerField(),
        "next": serializers.URLField(allow_null=True),
    }
    return type(name, (serializers.Serializer,), fields)


ModelPage = _page("ModelPage", CatalogModelSerializer)
OfferPage = _page("OfferPage", CatalogOfferSerializer)
ChangePage = _page("ChangePage", ChangeSerializer)

"""The contract of `/v1/embeddings`; what is not named here passes through."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.kit.errors import ValidationError
from apps.router.embedding_bodies import (
    LARGEST_TOKEN,
    MOST_DIMENSIONS,
    MOST_INPUTS,
    check_inputs,
)
from apps.router.openrouter_serializers import PreferencesSerializer
from apps.router.serializers import MOST_DOLLARS, Contract

_TOKENS = {
    "type": "array",
    "minItems": 1,
    "items": {"type": "integer", "minimum": 0, "maximum": LARGEST_TOKEN},
}
_TEXT = {"type": "string", "minLength": 1}


@extend_schema_field(
    {
        "oneOf": [
            _TEXT,
            {"type": "array", "minItems": 1, "maxItems": MOST_INPUTS, "items": _TEXT},
            _TOKENS,
            {
                "type": "array",
                "minItems": 1,
                "maxItems": MOST_INPUTS,
                "items": _TOKENS,
            },
        ]
    }
)
class InputField(serializers.Field[Any, Any, Any, Any]):
    """A text, texts, the tokens of a text, or those of several."""

    default_error_messages = {"kind": "Give a text, texts, or lists of tokens."}

    def to_internal_value(self, data: Any) -> Any:
        if not (isinstance(data, str | list) and data):
            self.fail("kind")
        try:
            check_inputs(data)
        except ValidationError as problem:
            raise serializers.ValidationError(problem.message) from problem
        return data

    def to_representation(self, value: Any) -> Any:
        return value


class EmbeddingRequestSerializer(Contract):
    """The body of `POST /v1/embeddings`."""

    input = InputField()
    model = serializers.CharField(
        max_length=200, help_text="The model, or an alias that names one."
    )
    encoding_format = serializers.ChoiceField(
        choices=["float", "base64"], required=False, allow_null=True
    )
    dimensions = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=MOST_DIMENSIONS
    )
    max_cost = serializers.FloatField(
        required=False, allow_null=True, min_value=0, max_value=MOST_DOLLARS
    )
    provider = PreferencesSerializer(required=False, allow_null=True)


@extend_schema_field(
    {
        "oneOf": [
            {"type": "array", "items": {"type": "number"}},
            {"type": "string", "format": "byte"},
        ]
    }
)
class VectorField(serializers.Field[Any, Any, Any, Any]):
    """Numbers, or base64 of 32-bit floats, least byte first."""


class EmbeddingSerializer(Contract):
    object = serializers.CharField()
    index = serializers.IntegerField()
    embedding = VectorField()


class EmbeddingUsageSerializer(Contract):
    prompt_tokens = serializers.IntegerField()
    total_tokens = serializers.IntegerField()
    cost = serializers.FloatField(allow_null=True, help_text="US dollars.")


class EmbeddingAnswerSerializer(Contract):
    """One vector for each input, in its order."""

    object = serializers.CharField()
    data = EmbeddingSerializer(many=True)  # type: ignore[assignment]  # a field of ours, as OpenAI calls it
    model = serializers.CharField()
    usage = EmbeddingUsageSerializer()

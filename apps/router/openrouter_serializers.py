"""OpenRouter's fields in the contract; `openrouter.py` reads and refuses them."""

from typing import Any

from django.core.validators import ProhibitNullCharactersValidator
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.validators import ProhibitSurrogateCharactersValidator

from apps.router.openrouter import MOST_NAMES

_FIGURE = {"type": "number", "minimum": 0}
_DOLLARS = {
    "oneOf": [_FIGURE, {"type": "string", "pattern": r"^[0-9]{1,9}(\.[0-9]{1,18})?$"}],
    "nullable": True,
}


class VerbatimField(serializers.CharField):
    """A text as the gateway takes it: a blank or an odd one simply names nothing."""

    def __init__(self, **options: Any) -> None:
        super().__init__(trim_whitespace=False, allow_blank=True, **options)
        odd = (ProhibitNullCharactersValidator, ProhibitSurrogateCharactersValidator)
        self.validators = [v for v in self.validators if not isinstance(v, odd)]


class AnyField(serializers.Field[Any, Any, Any, Any]):
    """A value whose shape the schema tells and the gateway checks."""

    def to_internal_value(self, data: Any) -> Any:
        return data

    def to_representation(self, value: Any) -> Any:
        return value


@extend_schema_field(
    {
        "type": "object",
        "properties": {"prompt": _DOLLARS, "completion": _DOLLARS},
        "additionalProperties": False,
        "nullable": True,
    }
)
class MaxPriceField(AnyField):
    """The most that a million tokens may cost, in US dollars."""


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "enum": ["price", "throughput", "latency"]},
            {
                "type": "object",
                "properties": {
                    "by": {
                        "type": "string",
                        "enum": ["price", "throughput", "latency"],
                    },
                    "partition": {"type": "string", "enum": ["model", "none"]},
                },
                "required": ["by"],
                "additionalProperties": False,
            },
        ],
        "nullable": True,
    }
)
class SortField(AnyField):
    """What comes first, in place of the score."""


@extend_schema_field(
    {
        "oneOf": [
            _FIGURE,
            {
                "type": "object",
                "properties": dict.fromkeys(("p50", "p75", "p90", "p99"), _FIGURE),
                "additionalProperties": False,
            },
        ],
        "nullable": True,
    }
)
class FigureField(AnyField):
    """A figure, or one by percentile; the one nearest to the middle counts."""


def names(help_text: str) -> serializers.ListField:
    return serializers.ListField(
        child=VerbatimField(max_length=200),
        max_length=MOST_NAMES,
        required=False,
        allow_null=True,
        help_text=help_text,
    )


def switch(help_text: str) -> serializers.BooleanField:
    return serializers.BooleanField(
        required=False, allow_null=True, help_text=help_text
    )


class PreferencesSerializer(serializers.Serializer[Any]):
    """Who may serve a request, and whom it prefers. Other fields are refused."""

    order = names("Providers to ask first, in this order.")
    only = names("Only these providers.")
    ignore = names("Never these providers.")
    allow_fallbacks = switch("False: the first choice or nobody.")
    require_parameters = switch("Only who is known to take every parameter sent.")
    data_collection = serializers.ChoiceField(
        choices=["allow", "deny"],
        required=False,
        allow_null=True,
        help_text="deny: only who is known not to train on prompts.",
    )
    zdr = switch("Only who is known not to retain prompts.")
    enforce_distillable_text = serializers.ChoiceField(
        choices=[False], required=False, allow_null=True, help_text="Not offered."
    )
    quantizations = names("Only these, such as fp8; `unknown` is one too.")
    sort = SortField(required=False, allow_null=True)
    max_price = MaxPriceField(required=False, allow_null=True)
    preferred_max_latency = FigureField(
        required=False, allow_null=True, help_text="Seconds; who is slower comes last."
    )
    preferred_min_throughput = FigureField(
        required=False,
        allow_null=True,
        help_text="Tokens a second; who is slower comes last.",
    )


class UsageWishSerializer(serializers.Serializer[Any]):
    include = serializers.BooleanField(required=False, allow_null=True)


class OpenRouterFields(serializers.Serializer[Any]):
    """The dialect's fields beside OpenAI's."""

    models = names("Models to ask in this order, the next one when one cannot answer.")
    provider = PreferencesSerializer(required=False, allow_null=True)
    route = serializers.ChoiceField(
        choices=["fallback"], required=False, allow_null=True
    )
    transforms = names("Not offered: left out, and named in X-ModelOptix-Adjusted.")
    usage = UsageWishSerializer(
        required=False,
        allow_null=True,
        help_text="include: a stream ends with its usage and cost.",
    )

"""What may be sent to the endpoints of other protocols: their documented contract.

Only what the router reads is named; all else passes through.
"""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.router.serializers import MOST_TOKENS, ContentField, Contract


class TurnSerializer(Contract):
    """One turn of the conversation, in Anthropic's shape."""

    role = serializers.ChoiceField(choices=("user", "assistant", "system"))
    content = ContentField()


class CountRequestSerializer(Contract):
    """The body of `POST /v1/messages/count_tokens`."""

    messages = serializers.ListField(child=TurnSerializer(), allow_empty=False)
    model = serializers.CharField(
        default="auto",
        max_length=200,
        help_text="A model's id, `auto`, `auto:cheap`, `auto:best` or an alias.",
    )
    system = ContentField(required=False, allow_null=True)
    tools = serializers.ListField(
        child=serializers.DictField(), required=False, allow_null=True
    )
    tool_choice = serializers.DictField(required=False, allow_null=True)
    thinking = serializers.DictField(required=False, allow_null=True)


class MessagesRequestSerializer(CountRequestSerializer):
    """The body of `POST /v1/messages`; Anthropic's other fields pass through."""

    max_tokens = serializers.IntegerField(min_value=0, max_value=MOST_TOKENS)
    stream = serializers.BooleanField(required=False, allow_null=True)
    stop_sequences = serializers.ListField(
        child=serializers.CharField(allow_blank=True, trim_whitespace=False),
        required=False,
        allow_null=True,
    )
    temperature = serializers.FloatField(
        required=False, allow_null=True, min_value=0, max_value=1
    )
    top_p = serializers.FloatField(
        required=False, allow_null=True, min_value=0, max_value=1
    )
    top_k = serializers.IntegerField(required=False, allow_null=True)
    metadata = serializers.DictField(required=False, allow_null=True)
    output_config = serializers.DictField(required=False, allow_null=True)


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string"},
            {"type": "array", "items": {"type": "object"}},
        ]
    }
)
class InputField(serializers.Field[Any, Any, Any, Any]):
    """Text, or a list of items such as messages and results of tools."""

    default_error_messages = {"kind": "Input must be a string or a list of items."}

    def to_internal_value(self, data: Any) -> Any:
        is_list = isinstance(data, list) and all(isinstance(i, dict) for i in data)
        if not (is_list or isinstance(data, str)):
            self.fail("kind")
        return data

    def to_representation(self, value: Any) -> Any:
        return value


class ResponsesRequestSerializer(Contract):
    """The body of `POST /v1/responses`; OpenAI's other fields pass through."""

    input = InputField(help_text="Text, or a list of items.")
    model = serializers.CharField(
        default="auto",
        max_length=200,
        help_text="A model's id, `auto`, `auto:cheap`, `auto:best` or an alias.",
    )
    instructions = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, trim_whitespace=False
    )
    previous_response_id = serializers.CharField(
        required=False,
        allow_null=True,
        max_length=200,
        help_text="A stored response to go on from.",
    )
    store = serializers.BooleanField(
        required=False,
        allow_null=True,
        help_text=(
            "Whether the response is stored for 30 days; by default as the "
            "organization stores its prompts. True is refused where it does not."
        ),
    )
    stream = serializers.BooleanField(required=False, allow_null=True)
    max_output_tokens = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=MOST_TOKENS
    )
    temperature = serializers.FloatField(
        required=False, allow_null=True, min_value=0, max_value=2
    )
    top_p = serializers.FloatField(
        required=False, allow_null=True, min_value=0, max_value=1
    )
    tools = serializers.ListField(
        child=serializers.DictField(), required=False, allow_null=True
    )
    text = serializers.DictField(required=False, allow_null=True)
    reasoning = serializers.DictField(required=False, allow_null=True)
    metadata = serializers.DictField(required=False, allow_null=True)


class DeletedResponseSerializer(Contract):
    """What is left of a stored response: that it is gone."""

    id = serializers.CharField()
    object = serializers.CharField()
    deleted = serializers.BooleanField()


class TokenCountSerializer(Contract):
    """How many tokens a prompt has; `estimated` tells that no provider counted."""

    input_tokens = serializers.IntegerField()
    estimated = serializers.BooleanField()


class MessageErrorDetailSerializer(Contract):
    type = serializers.CharField()
    message = serializers.CharField()
    code = serializers.CharField()
    param = serializers.CharField(allow_null=True)


class MessageErrorSerializer(Contract):
    """Every error of an endpoint of Anthropic's protocol."""

    type = serializers.CharField()
    error = MessageErrorDetailSerializer()
    request_id = serializers.UUIDField()

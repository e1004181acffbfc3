"""What `/v1/chat/completions` answers: OpenAI's shape, with the cost."""

from typing import Any

from rest_framework import serializers


class CompletionUsageSerializer(serializers.Serializer[Any]):
    """Token counts; `cost` is in US dollars, null where no price is known."""

    prompt_tokens = serializers.IntegerField()
    completion_tokens = serializers.IntegerField()
    total_tokens = serializers.IntegerField()
    cost = serializers.FloatField(allow_null=True)


class CompletionMessageSerializer(serializers.Serializer[Any]):
    role = serializers.CharField()
    content = serializers.CharField(allow_null=True)
    reasoning_content = serializers.CharField(required=False)
    tool_calls = serializers.ListField(child=serializers.DictField(), required=False)


class CompletionChoiceSerializer(serializers.Serializer[Any]):
    index = serializers.IntegerField()
    message = CompletionMessageSerializer()
    finish_reason = serializers.CharField(allow_null=True)


class CompletionAnswerSerializer(serializers.Serializer[Any]):
    """The provider's own answer as it came; its other fields are there too."""

    id = serializers.CharField()
    object = serializers.CharField()
    created = serializers.IntegerField()
    model = serializers.CharField()
    choices = CompletionChoiceSerializer(many=True)
    usage = CompletionUsageSerializer()

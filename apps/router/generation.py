"""A request in the words of OpenRouter's `GET /api/v1/generation`.

Fields: https://openrouter.ai/docs/api-reference/get-a-generation. What it names and
nobody here knows is null, never zero.
"""

from typing import Any

from rest_framework import serializers

from apps.router.models import Attempt
from apps.router.queries import RequestDetail
from apps.router.serializers import Contract


class GenerationDataSerializer(Contract):
    """What became of one request; money in US dollars, times in milliseconds."""

    id = serializers.UUIDField()
    total_cost = serializers.FloatField(allow_null=True)
    usage = serializers.FloatField(allow_null=True)
    upstream_inference_cost = serializers.FloatField(allow_null=True)
    cache_discount = serializers.FloatField(allow_null=True)
    created_at = serializers.DateTimeField()
    model = serializers.CharField()
    provider_name = serializers.CharField()
    streamed = serializers.BooleanField()
    cancelled = serializers.BooleanField()
    is_byok = serializers.BooleanField()
    latency = serializers.IntegerField(allow_null=True)
    generation_time = serializers.IntegerField(allow_null=True)
    finish_reason = serializers.CharField(allow_null=True)
    native_finish_reason = serializers.CharField(allow_null=True)
    tokens_prompt = serializers.IntegerField()
    tokens_completion = serializers.IntegerField()
    native_tokens_prompt = serializers.IntegerField()
    native_tokens_completion = serializers.IntegerField()
    native_tokens_reasoning = serializers.IntegerField()
    native_tokens_cached = serializers.IntegerField()
    request_id = serializers.UUIDField()
    session_id = serializers.CharField(allow_null=True)
    provider_responses = serializers.ListField(child=serializers.DictField())


class GenerationSerializer(Contract):
    data = GenerationDataSerializer()  # type: ignore[assignment]  # a field, as OpenRouter calls it


def generation_of(detail: RequestDetail) -> dict[str, Any]:
    """The body of the answer, below `data`."""
    row = detail.request
    is_own = row.key_kind == "own"
    cost = None if row.cost_usd is None else float(row.cost_usd)
    first = row.latency_ms if row.first_token_ms is None else row.first_token_ms
    return {
        "id": row.id,
        "total_cost": cost,
        "usage": cost,
        "upstream_inference_cost": cost if is_own else None,
        "cache_discount": None,
        "created_at": row.created_at,
        "model": row.model,
        "provider_name": row.provider,
        "streamed": row.is_stream,
        "cancelled": row.status == row.Status.CANCELLED,
        "is_byok": is_own,
        "latency": first,
        "generation_time": row.latency_ms,
        "finish_reason": row.finish_reason or None,
        "native_finish_reason": row.finish_reason or None,
        "tokens_prompt": row.input_tokens,
        "tokens_completion": row.output_tokens,
        "native_tokens_prompt": row.input_tokens,
        "native_tokens_completion": row.output_tokens,
        "native_tokens_reasoning": row.reasoning_tokens,
        "native_tokens_cached": row.cached_tokens,
        "request_id": row.id,
        "session_id": row.session or None,
        "provider_responses": [_response(attempt) for attempt in detail.attempts],
    }


def _response(attempt: Attempt) -> dict[str, Any]:
    return {
        "provider_name": attempt.provider,
        "model_permaslug": attempt.model,
        "status": attempt.http_status,
        "latency": attempt.duration_ms,
        "is_byok": attempt.key_kind == "own",
    }

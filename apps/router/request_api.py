"""`/v1/requests`, `/v1/generation` and `/v1/agent-runs`: what became of requests."""

import time
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.kit.clock import utc_now
from apps.kit.errors import NotFoundError, ValidationError
from apps.router import queries, run_queries
from apps.router.api import ERRORS, CountedView
from apps.router.generation import GenerationSerializer, generation_of
from apps.router.models import RoutedRequest
from apps.router.request_answers import (
    RequestDetailSerializer,
    RequestListSerializer,
    RunListSerializer,
    RunSerializer,
)
from apps.router.serializers import Contract, MomentField
from apps.router.usage import MODES

USUAL_SIZE: Final = 50
MOST_ROWS: Final = 200
# A row is in the database within a second of its answer.
SHIPPED_WITHIN_S: Final = 1.5
LOOK_EVERY_S: Final = 0.1


class RequestQuerySerializer(Contract):
    """The filters of `GET /v1/requests`; what is not given does not filter."""

    status = serializers.ChoiceField(
        choices=RoutedRequest.Status.values, required=False
    )
    model = serializers.CharField(max_length=200, required=False)
    provider = serializers.CharField(max_length=100, required=False)
    task = serializers.CharField(max_length=50, required=False)
    key_id = serializers.UUIDField(required=False)
    alias = serializers.CharField(max_length=100, required=False)
    tag = serializers.CharField(max_length=100, required=False)
    cache = serializers.ChoiceField(
        choices=["hit", "exact", "semantic", "none"], required=False
    )
    purpose = serializers.ChoiceField(
        choices=RoutedRequest.Purpose.values, required=False
    )
    experiment_id = serializers.UUIDField(required=False)
    run_id = serializers.CharField(max_length=128, required=False)
    cost_from = serializers.DecimalField(
        max_digits=20, decimal_places=9, min_value=0, required=False
    )
    latency_from_ms = serializers.IntegerField(
        min_value=0, max_value=2_147_483_647, required=False
    )
    mode = serializers.ChoiceField(choices=list(MODES), default="all")
    to = MomentField(is_end=True, required=False)
    cursor = serializers.CharField(max_length=100, default="", allow_blank=True)
    limit = serializers.IntegerField(
        min_value=1, max_value=MOST_ROWS, default=USUAL_SIZE
    )

    def get_fields(self) -> dict[str, Any]:
        # `from` is a word of Python's own, so it cannot be declared above.
        return {"from": MomentField(required=False), **super().get_fields()}

    def wanted(self) -> queries.RequestFilter:
        data = dict(self.validated_data)
        since, until = data.pop("from", None), data.pop("to", None)
        del data["cursor"], data["limit"]
        return queries.RequestFilter(since=since, until=until, **data)


class RequestsView(CountedView):
    """`GET /v1/requests`."""

    key_scope = "usage:read"

    @extend_schema(
        operation_id="list_requests",
        parameters=[RequestQuerySerializer],
        responses={(200, "application/json"): RequestListSerializer, **ERRORS},
    )
    def get(self, request: Request) -> Response:
        """The routed requests, newest first; prompts and answers are no part of it."""
        asked = RequestQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        try:
            page = queries.recent_requests(
                asked.wanted(),
                cursor=asked.validated_data["cursor"],
                size=asked.validated_data["limit"],
            )
        except ValueError as problem:
            raise ValidationError("No such cursor.", param="cursor") from problem
        return Response(RequestListSerializer(page).data)


class RequestView(CountedView):
    """`GET /v1/requests/{id}`."""

    key_scope = "usage:read"

    @extend_schema(
        operation_id="read_request",
        responses={(200, "application/json"): RequestDetailSerializer, **ERRORS},
    )
    def get(self, request: Request, request_id: UUID) -> Response:
        """One request: the decision behind it, its attempts, and what it cost."""
        return Response(RequestDetailSerializer(_detail(request_id)).data)


class GenerationView(CountedView):
    """`GET /v1/generation?id=`, as OpenRouter's clients ask for it."""

    key_scope = "usage:read"

    @extend_schema(
        operation_id="read_generation",
        parameters=[OpenApiParameter("id", str, required=True)],
        responses={(200, "application/json"): GenerationSerializer, **ERRORS},
    )
    def get(self, request: Request) -> Response:
        """The same request in OpenRouter's words."""
        try:
            request_id = UUID(request.query_params.get("id", "").removeprefix("gen-"))
        except ValueError as problem:
            raise ValidationError("Give a request's id.", param="id") from problem
        return Response({"data": generation_of(_detail(request_id))})


class AgentRunsView(CountedView):
    """`GET /v1/agent-runs`."""

    key_scope = "usage:read"

    @extend_schema(
        operation_id="list_agent_runs",
        parameters=[OpenApiParameter("before", str, description="A moment, ISO 8601.")],
        responses={(200, "application/json"): RunListSerializer, **ERRORS},
    )
    def get(self, request: Request) -> Response:
        """The agent runs that were begun last, with their sums."""
        text, before = request.query_params.get("before"), None
        if text is not None:
            try:
                before = MomentField().run_validation(text)
            except serializers.ValidationError as problem:
                message = "Give a moment in ISO 8601."
                raise ValidationError(message, param="before") from problem
        runs = run_queries.latest_runs(before=before)
        is_full = len(runs) == run_queries.MOST_RUNS
        next_before = runs[-1].started_at if is_full else None
        return Response(
            RunListSerializer({"data": runs, "next_before": next_before}).data
        )


class AgentRunView(CountedView):
    """`GET /v1/agent-runs/{run_id}`."""

    key_scope = "usage:read"

    @extend_schema(
        operation_id="read_agent_run",
        responses={(200, "application/json"): RunSerializer, **ERRORS},
    )
    def get(self, request: Request, run_id: str) -> Response:
        """A run's steps in order, and what they come to."""
        run = run_queries.find_run(run_id)
        if run is None:
            raise NotFoundError("There is no such run.")
        return Response(RunSerializer(run).data)


def _detail(request_id: UUID) -> queries.RequestDetail:
    """The request, also when its row is still on its way to the database."""
    found = _patiently(lambda: queries.request_detail(request_id), request_id)
    if found is None:
        raise NotFoundError("There is no such request.")
    return found


def _patiently[T](find: Callable[[], T | None], request_id: UUID) -> T | None:
    """Look again for a moment where the id says that the request is so new.

    The id is the caller's own word, so a wait tells nobody whether a row exists.
    """
    found = find()
    while found is None and 0 <= _age_s(request_id) < SHIPPED_WITHIN_S:
        time.sleep(LOOK_EVERY_S)
        found = find()
    return found


def _age_s(request_id: UUID) -> float:
    """How long ago a UUIDv7 was made; negative for any other id."""
    if request_id.version != 7:
        return -1
    return utc_now().timestamp() - (request_id.int >> 80) / 1000

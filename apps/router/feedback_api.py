"""`POST /v1/feedback` and `GET /v1/router/learning`: grades, and what they teach."""

import time
from math import isfinite
from typing import Any, Final
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.kit.clock import utc_now
from apps.kit.errors import NotFoundError
from apps.router import learning
from apps.router.api import ERRORS, CountedView, caller_of
from apps.router.engine.guard import LEAST_OUTCOMES
from apps.router.outcome_models import Learner, Outcome
from apps.router.serializers import Contract

STARS: Final = 5
# A row is in the database within a second of its answer.
SHIPPED_WITHIN_S: Final = 1.5
LOOK_EVERY_S: Final = 0.1


class FeedbackSerializer(Contract):
    """One grade: a score, a rating or a label; the later one replaces the earlier."""

    request_id = serializers.UUIDField()
    score = serializers.FloatField(min_value=0, max_value=1, required=False)
    rating = serializers.ChoiceField(
        choices=["up", "down", "1", "2", "3", "4", "5"],
        required=False,
        help_text="Thumbs, or one to five stars.",
    )
    label = serializers.CharField(  # type: ignore[assignment]  # DRF collects fields
        max_length=100, required=False
    )
    comment = serializers.CharField(max_length=2000, required=False)

    def validate_score(self, value: float) -> float:
        if not isfinite(value):
            raise serializers.ValidationError("A number from 0 to 1.")
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not {"score", "rating", "label"} & attrs.keys():
            raise serializers.ValidationError("Give a score, a rating or a label.")
        if "score" in attrs and "rating" in attrs:
            raise serializers.ValidationError("Give a score or a rating, not both.")
        return attrs


class NotedSerializer(Contract):
    """What was noted; `teaches` says whether the router can learn from it."""

    request_id = serializers.UUIDField()
    quality = serializers.FloatField(allow_null=True)
    label = serializers.CharField()  # type: ignore[assignment]  # DRF collects fields
    model = serializers.CharField()
    teaches = serializers.BooleanField()


class LearningSerializer(Contract):
    """How far an organization's outcomes choose, and why not further."""

    is_on = serializers.BooleanField()
    why = serializers.CharField()
    grades = serializers.IntegerField()
    grades_needed = serializers.IntegerField()
    judged_at = serializers.DateTimeField(allow_null=True)
    targets = serializers.ListField(child=serializers.CharField())
    replay = serializers.DictField()


class FeedbackView(CountedView):
    """`POST /v1/feedback`."""

    @extend_schema(
        operation_id="feedback",
        request=FeedbackSerializer,
        responses={(200, "application/json"): NotedSerializer, **ERRORS},
    )
    def post(self, request: Request) -> Response:
        """Grade an answer; the same key's later grade replaces its earlier one."""
        given = FeedbackSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        wanted = given.validated_data
        caller = caller_of(request)
        verdict = learning.Verdict(
            _quality(wanted), wanted.get("label", ""), wanted.get("comment", "")
        )
        grader = str(caller.key_id) if caller.key_id else ""
        outcome = _note_when_shipped(wanted["request_id"], verdict, grader)
        return Response(
            NotedSerializer(
                {
                    "request_id": outcome.request_id,
                    "quality": outcome.quality,
                    "label": outcome.label,
                    "model": outcome.model,
                    "teaches": outcome.vector is not None
                    and outcome.quality is not None,
                }
            ).data
        )


class LearningView(CountedView):
    """`GET /v1/router/learning`."""

    key_scope = "usage:read"

    @extend_schema(
        operation_id="router_learning",
        responses={(200, "application/json"): LearningSerializer, **ERRORS},
    )
    def get(self, request: Request) -> Response:
        """Whether your graded answers choose models yet, and what a replay says."""
        learner = Learner.objects.first() or Learner(why=learning.NOT_JUDGED)
        grades = Outcome.objects.filter(quality__isnull=False, vector__isnull=False)
        return Response(
            LearningSerializer(
                {
                    "is_on": bool(learner.rates),
                    "why": learner.why if learner.judged_at else learning.NOT_JUDGED,
                    "grades": grades.count(),
                    "grades_needed": LEAST_OUTCOMES,
                    "judged_at": learner.judged_at,
                    "targets": sorted(learner.rates),
                    "replay": learner.report,
                }
            ).data
        )


def _quality(wanted: dict[str, Any]) -> float | None:
    if (rating := wanted.get("rating")) is None:
        score: float | None = wanted.get("score")
        return score
    if rating in {"up", "down"}:
        return float(rating == "up")
    return (int(rating) - 1) / (STARS - 1)


def _note_when_shipped(
    request_id: UUID, verdict: learning.Verdict, grader: str
) -> Outcome:
    """Note it; a request of this very moment is given the time to reach the ledger."""
    give_up = time.monotonic() + (SHIPPED_WITHIN_S if _is_new(request_id) else 0)
    while True:
        outcome = learning.note(request_id, verdict, source="feedback", grader=grader)
        if outcome is not None:
            return outcome
        if time.monotonic() >= give_up:
            raise NotFoundError("There is no such request.", param="request_id")
        time.sleep(LOOK_EVERY_S)


def _is_new(request_id: UUID) -> bool:
    """Whether a UUIDv7 was made within the last seconds."""
    if request_id.version != 7:
        return False
    age_s = utc_now().timestamp() - (request_id.int >> 80) / 1000
    return -1 <= age_s < 2 * SHIPPED_WITHIN_S

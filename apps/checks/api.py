"""The API of sanity checks, below `/api/v1/`."""

from typing import Any, cast
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.authentication import (
    Allowed,
    APIKeyAuthentication,
    KeyHolder,
    MemberAuthentication,
)
from apps.accounts.roles import may
from apps.checks import services
from apps.checks.blinding import SIDES, choice_of, is_flipped
from apps.checks.criteria import Criterion
from apps.checks.models import Answer, Check, Vote
from apps.checks.page_queries import checks, get_check, progress_of, results_of
from apps.checks.serializers import (
    AnswerListSerializer,
    CheckDetailSerializer,
    CheckListSerializer,
    CheckSerializer,
    NewCheckSerializer,
    VoteSerializer,
)
from apps.checks.services import NewCheck
from apps.kit.errors import AppError, ValidationError

CONTROL_PLANE = (APIKeyAuthentication, MemberAuthentication)
SCOPE = "checks:run"
ANSWERS_A_PAGE = 100
BY_NAME = {"candidate": Vote.Choice.WIN, "baseline": Vote.Choice.LOSS}


class ChecksView(APIView):
    """`/api/v1/checks`: list and create."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {"GET": "checks.read", "POST": "checks.run"}

    @extend_schema(operation_id="list_checks", responses=CheckListSerializer)
    def get(self, request: Request) -> Response:
        return Response({"data": CheckSerializer(checks(), many=True).data})

    @extend_schema(
        operation_id="create_check",
        request=NewCheckSerializer,
        responses={201: CheckDetailSerializer},
    )
    def post(self, request: Request) -> Response:
        """Make a check: a draft with its quote, begun at once where `start` says so."""
        asked = NewCheckSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        data = asked.validated_data
        check = services.create_check(_wanted(data), by=_member(request))
        if data["start"]:
            services.start(check.id)
        return _answer(check.id, status=status.HTTP_201_CREATED)


class CheckView(APIView):
    """`/api/v1/checks/{id}`: read and delete."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {"GET": "checks.read", "DELETE": "checks.run"}

    @extend_schema(operation_id="read_check", responses=CheckDetailSerializer)
    def get(self, request: Request, check_id: UUID) -> Response:
        """How far it is and what it says; of a draft, who gets what at what cost."""
        return _answer(check_id)

    @extend_schema(operation_id="delete_check", responses={204: None})
    def delete(self, request: Request, check_id: UUID) -> Response:
        services.delete_check(check_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class CheckStartView(APIView):
    """`/api/v1/checks/{id}/start`."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {"POST": "checks.run"}

    @extend_schema(
        operation_id="start_check", request=None, responses=CheckDetailSerializer
    )
    def post(self, request: Request, check_id: UUID) -> Response:
        """Begin; 402 when the plan's checks of this month are used."""
        services.start(check_id)
        return _answer(check_id)


class CheckCancelView(APIView):
    """`/api/v1/checks/{id}/cancel`."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {"POST": "checks.run"}

    @extend_schema(
        operation_id="cancel_check", request=None, responses=CheckDetailSerializer
    )
    def post(self, request: Request, check_id: UUID) -> Response:
        """Stop; what was answered stays and is judged."""
        services.cancel(check_id)
        return _answer(check_id)


class CheckAnswersView(APIView):
    """`/api/v1/checks/{id}/answers`."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {"GET": "checks.read"}

    @extend_schema(
        operation_id="list_check_answers",
        parameters=[OpenApiParameter("after", int)],
        responses=AnswerListSerializer,
    )
    def get(self, request: Request, check_id: UUID) -> Response:
        """Answers in the order they came; texts only for who may read prompts."""
        check = get_check(check_id)
        after = _after(request)
        rows = Answer.objects.filter(check_run=check, seq__gt=after).order_by("seq")
        found = list(rows[: ANSWERS_A_PAGE + 1])
        shown = found[:ANSWERS_A_PAGE]
        is_more = len(found) > ANSWERS_A_PAGE
        may_read = _may_read(request)
        data = [_line(check, row, may_read=may_read) for row in shown]
        body = {"data": data, "next_after": shown[-1].seq if is_more else None}
        return Response(cast("Any", AnswerListSerializer(body).data))


class CheckVotesView(APIView):
    """`/api/v1/checks/{id}/votes`."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {"POST": "checks.run"}

    @extend_schema(
        operation_id="vote_on_check",
        request=VoteSerializer,
        responses=CheckDetailSerializer,
    )
    def post(self, request: Request, check_id: UUID) -> Response:
        """Say which answer is better, in place of what the same caller said before."""
        asked = VoteSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        data = asked.validated_data
        check = get_check(check_id)
        if data["model"] not in check.seats[1:]:
            raise ValidationError("This model is no candidate here.", param="model")
        seat, position = check.seats.index(data["model"]), data["position"]
        flipped = is_flipped(check.seed, seat, position)
        said = data["choice"]
        services.vote(
            check_id,
            seat=seat,
            position=position,
            choice=BY_NAME.get(said) or choice_of(said, flipped=flipped),
            voter=_voter(request),
            was_blind=said in SIDES and check.is_blind,
        )
        return _answer(check_id)


def _wanted(data: dict[str, Any]) -> NewCheck:
    same = ("name", "models", "system", "parameters", "judge_model", "is_blind")
    return NewCheck(
        **{name: data[name] for name in (*same, "margin", "ceiling_usd")},
        prompt_set_id=data["prompt_set"],
        use_case_id=data.get("use_case"),
        criteria=[Criterion(**one) for one in data["criteria"]],
    )


def _answer(check_id: UUID, *, status: int = status.HTTP_200_OK) -> Response:
    check = get_check(check_id)
    quote, problem = _quote(check)
    results = results_of(check)
    for row in results:
        row.model = check.seats[row.seat]  # type: ignore[attr-defined]  # for the shape
    body = {
        "check": check,
        "progress": progress_of(check),
        "results": results,
        "quote": quote,
        "quote_problem": problem,
    }
    return Response(cast("Any", CheckDetailSerializer(body).data), status=status)


def _quote(check: Check) -> tuple[Any, str]:
    if check.state != Check.State.DRAFT:
        return [], ""
    try:
        return services.quote_of(check).parts, ""
    except AppError as problem:
        return [], problem.message


def _line(check: Check, row: Answer, *, may_read: bool) -> dict[str, Any]:
    names = ("position", "error", "finish_reason", "provider", "input_tokens")
    more = ("output_tokens", "cost_usd", "latency_ms", "passes", "request_id")
    return {
        **{name: getattr(row, name) for name in (*names, *more)},
        "model": check.seats[row.seat],
        "text": row.text if may_read else None,
    }


def _after(request: Request) -> int:
    text = request.query_params.get("after", "0")
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise ValidationError("after is a number.", param="after")
    return int(text)


def _may_read(request: Request) -> bool:
    """A key that may run checks may read what they ask; a viewer may not."""
    if isinstance(request.user, KeyHolder):
        return True
    membership = getattr(request._request, "membership", None)
    return membership is not None and may(membership.role, "prompts.read")


def _member(request: Request) -> UUID | None:
    return None if isinstance(request.user, KeyHolder) else request.user.pk


def _voter(request: Request) -> UUID:
    if isinstance(request.user, KeyHolder):
        return cast("UUID", request.user.caller.key_id)
    return cast("UUID", request.user.pk)

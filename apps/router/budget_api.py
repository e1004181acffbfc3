"""The control plane of budgets and limits, below `/api/v1/`."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.authentication import (
    Allowed,
    APIKeyAuthentication,
    MemberAuthentication,
)
from apps.kit.errors import NotFoundError
from apps.router import budget_services
from apps.router.budget_queries import budget_state, budget_states
from apps.router.budget_serializers import (
    BudgetChangeSerializer,
    BudgetListSerializer,
    BudgetSerializer,
    LimitsSerializer,
    NewBudgetSerializer,
)
from apps.router.models import Policy

CONTROL_PLANE = (APIKeyAuthentication, MemberAuthentication)


class BudgetsView(APIView):
    """`/api/v1/budgets`: list and create."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = "budgets:manage"
    actions = {"GET": "budgets.read", "POST": "budgets.manage"}

    @extend_schema(operation_id="list_budgets", responses=BudgetListSerializer)
    def get(self, request: Request) -> Response:
        return Response({"data": BudgetSerializer(budget_states(), many=True).data})

    @extend_schema(
        operation_id="create_budget",
        request=NewBudgetSerializer,
        responses={201: BudgetSerializer},
    )
    def post(self, request: Request) -> Response:
        """Make a budget; what was spent in its period before counts."""
        asked = NewBudgetSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        budget = budget_services.create_budget(**asked.validated_data)
        return _answer(budget.id, status=status.HTTP_201_CREATED)


class BudgetView(APIView):
    """`/api/v1/budgets/{id}`: read, change, delete."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = "budgets:manage"
    actions = {
        "GET": "budgets.read",
        "PATCH": "budgets.manage",
        "DELETE": "budgets.manage",
    }

    @extend_schema(operation_id="read_budget", responses=BudgetSerializer)
    def get(self, request: Request, budget_id: UUID) -> Response:
        return _answer(budget_id)

    @extend_schema(
        operation_id="change_budget",
        request=BudgetChangeSerializer,
        responses=BudgetSerializer,
    )
    def patch(self, request: Request, budget_id: UUID) -> Response:
        """Set another limit, which holds from the next request on."""
        asked = BudgetChangeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        budget_services.change_budget(budget_id, **asked.validated_data)
        return _answer(budget_id)

    @extend_schema(operation_id="delete_budget", responses={204: None})
    def delete(self, request: Request, budget_id: UUID) -> Response:
        budget_services.delete_budget(budget_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class LimitsView(APIView):
    """`/api/v1/limits`: the organization's requests and tokens a minute."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = "budgets:manage"
    actions = {"GET": "budgets.read", "PATCH": "budgets.manage"}

    @extend_schema(operation_id="read_limits", responses=LimitsSerializer)
    def get(self, request: Request) -> Response:
        return Response(LimitsSerializer(Policy.objects.first() or Policy()).data)

    @extend_schema(
        operation_id="change_limits",
        request=LimitsSerializer,
        responses=LimitsSerializer,
    )
    def patch(self, request: Request) -> Response:
        """Set what is given; null takes a limit away."""
        asked = LimitsSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        policy = budget_services.set_rates(asked.validated_data)
        return Response(LimitsSerializer(policy).data)


def _answer(budget_id: UUID, *, status: int = status.HTTP_200_OK) -> Response:
    state = budget_state(budget_id)
    if state is None:
        raise NotFoundError("There is no such budget.")
    return Response(BudgetSerializer(state).data, status=status)

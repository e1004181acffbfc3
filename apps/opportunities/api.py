"""The control plane of opportunities, below `/api/v1/opportunities`."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.authentication import (
    Allowed,
    APIKeyAuthentication,
    MemberAuthentication,
)
from apps.opportunities import services
from apps.opportunities.models import Opportunity
from apps.opportunities.queries import Wanted, get_opportunity, listed, open_value
from apps.opportunities.serializers import (
    DismissSerializer,
    OpenValueSerializer,
    OpportunityFilterSerializer,
    OpportunityListSerializer,
    OpportunitySerializer,
    SnoozeSerializer,
)

CONTROL_PLANE = (APIKeyAuthentication, MemberAuthentication)
SCOPE = "portfolio:manage"


class OpportunitiesView(APIView):
    """`/api/v1/opportunities`: what could be better, by what it saves."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {"GET": "opportunities.read"}

    @extend_schema(
        operation_id="list_opportunities",
        parameters=[OpportunityFilterSerializer],
        responses=OpportunityListSerializer,
    )
    def get(self, request: Request) -> Response:
        """The open ones, or those of another state."""
        asked = OpportunityFilterSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        found = listed(Wanted(**asked.validated_data))
        return Response(
            {
                "data": OpportunitySerializer(found, many=True).data,
                "open_value": OpenValueSerializer(open_value()).data,
            }
        )


class OpportunityView(APIView):
    """`/api/v1/opportunities/{id}`."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {"GET": "opportunities.read"}

    @extend_schema(operation_id="read_opportunity", responses=OpportunitySerializer)
    def get(self, request: Request, opportunity_id: UUID) -> Response:
        return _shown(get_opportunity(opportunity_id))


class _DecisionView(APIView):
    """A decision on one opportunity; 409 when somebody else decided meanwhile."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {"POST": "opportunities.manage"}


class DismissView(_DecisionView):
    """`/api/v1/opportunities/{id}/dismiss`."""

    @extend_schema(
        operation_id="dismiss_opportunity",
        request=DismissSerializer,
        responses=OpportunitySerializer,
    )
    def post(self, request: Request, opportunity_id: UUID) -> Response:
        """Put it away for 30 days, or until price or quality moves by a tenth."""
        asked = DismissSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        return _shown(services.dismiss(opportunity_id, **asked.validated_data))


class SnoozeView(_DecisionView):
    """`/api/v1/opportunities/{id}/snooze`."""

    @extend_schema(
        operation_id="snooze_opportunity",
        request=SnoozeSerializer,
        responses=OpportunitySerializer,
    )
    def post(self, request: Request, opportunity_id: UUID) -> Response:
        """Keep it out of the open ones until a moment."""
        asked = SnoozeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        return _shown(services.snooze(opportunity_id, asked.validated_data["until"]))


class RestoreView(_DecisionView):
    """`/api/v1/opportunities/{id}/restore`."""

    @extend_schema(
        operation_id="restore_opportunity",
        request=None,
        responses=OpportunitySerializer,
    )
    def post(self, request: Request, opportunity_id: UUID) -> Response:
        """Open it again."""
        return _shown(services.restore(opportunity_id))


def _shown(opportunity: Opportunity) -> Response:
    return Response(OpportunitySerializer(opportunity).data)

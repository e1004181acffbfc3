"""The control plane of switches and savings, below `/api/v1/`."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final
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
from apps.accounts.models import User
from apps.kit.clock import utc_now
from apps.kit.errors import NotFoundError, ValidationError
from apps.savings import queries, services
from apps.savings.models import Switch
from apps.savings.progress import progress_of
from apps.savings.serializers import (
    NewSwitchSerializer,
    SavingsQuerySerializer,
    SavingsSerializer,
    SwitchDetailSerializer,
    SwitchListSerializer,
)

CONTROL_PLANE = (APIKeyAuthentication, MemberAuthentication)
SCOPE: Final = "switches:manage"
USUAL_DAYS: Final = 30
MOST_DAYS: Final = 3660
ACTS: Final[dict[str, Callable[[UUID], Switch]]] = {
    "promote": services.promote,
    "roll-back": services.roll_back,
    "undo": services.undo,
}


class SavingsView(APIView):
    """`/api/v1/savings`: sums of the ledger."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {"GET": "savings.read"}

    @extend_schema(
        operation_id="read_savings",
        parameters=[SavingsQuerySerializer],
        responses=SavingsSerializer,
    )
    def get(self, request: Request) -> Response:
        """What was saved, measured and estimated apart; losses are negative."""
        asked = SavingsQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        first, last = _range(**asked.validated_data)
        found = {
            "first": first,
            "last": last,
            "totals": queries.totals(first, last),
            "lifetime": queries.lifetime(),
            "by_day": queries.by_day(first, last),
            "by_product": queries.by_product(first, last),
            "by_use_case": queries.by_use_case(first, last),
        }
        return Response(SavingsSerializer(found).data)


class SwitchesView(APIView):
    """`/api/v1/switches`: list and make."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {"GET": "savings.read", "POST": "switches.manage"}

    @extend_schema(operation_id="list_switches", responses=SwitchListSerializer)
    def get(self, request: Request) -> Response:
        return Response(SwitchListSerializer({"data": queries.switches()}).data)

    @extend_schema(
        operation_id="make_switch",
        request=NewSwitchSerializer,
        responses={201: SwitchDetailSerializer},
    )
    def post(self, request: Request) -> Response:
        """Switch; 409 when something has changed since it was decided."""
        asked = NewSwitchSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        by = request.user if isinstance(request.user, User) else None
        made = services.switch(asked.wanted(), by=by)
        return _answer(made.id, status=status.HTTP_201_CREATED)


class SwitchView(APIView):
    """`/api/v1/switches/{id}`: one switch, and how its canary stands."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {"GET": "savings.read"}

    @extend_schema(operation_id="read_switch", responses=SwitchDetailSerializer)
    def get(self, request: Request, switch_id: UUID) -> Response:
        return _answer(switch_id)


class SwitchActView(APIView):
    """`/api/v1/switches/{id}/{promote|roll-back|undo}`."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {"POST": "switches.manage"}

    @extend_schema(
        operation_id="change_switch", request=None, responses=SwitchDetailSerializer
    )
    def post(self, request: Request, switch_id: UUID, act: str) -> Response:
        """Promote a canary, roll it back, or undo a switch in force."""
        if act not in ACTS:
            raise NotFoundError("There is no such act.")
        ACTS[act](switch_id)
        return _answer(switch_id)


def _range(since: date | None = None, until: date | None = None) -> tuple[date, date]:
    last = until or utc_now().date()
    first = since or last - timedelta(days=USUAL_DAYS - 1)
    if first > last:
        raise ValidationError("The range ends before it begins.", param="since")
    if (last - first).days >= MOST_DAYS:
        raise ValidationError("A range has at most ten years.", param="since")
    return first, last


def _answer(switch_id: UUID, *, status: int = status.HTTP_200_OK) -> Response:
    found = queries.get_switch(switch_id)
    shown = SwitchDetailSerializer(_Detailed(found))
    return Response(shown.data, status=status)


class _Detailed:
    """A switch with how it stands, as the serializer reads it."""

    def __init__(self, switch: Switch) -> None:
        self._switch = switch
        progress = progress_of(switch, utc_now())
        self.saved = progress.totals
        self.arms: list[Any] = progress.results.arms if progress.results else []
        self.next = progress.decision

    def __getattr__(self, name: str) -> object:
        return getattr(self._switch, name)

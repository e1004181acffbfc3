"""The control plane of API keys, for members and for keys that may manage keys."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts import services
from apps.accounts.authentication import (
    Allowed,
    APIKeyAuthentication,
    KeyHolder,
    MemberAuthentication,
)
from apps.accounts.keys import Caller
from apps.accounts.models import User
from apps.accounts.queries import list_keys
from apps.accounts.serializers import (
    APIKeyListSerializer,
    APIKeySerializer,
    CreatedAPIKeySerializer,
    NewAPIKeySerializer,
)
from apps.accounts.services import NewKey
from apps.kit.errors import PermissionDeniedError

CONTROL_PLANE = (APIKeyAuthentication, MemberAuthentication)


class KeysView(APIView):
    """`/api/v1/keys`: list and create."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = "keys:manage"
    actions = {"GET": "keys.read", "POST": "keys.manage"}

    @extend_schema(operation_id="list_keys", responses=APIKeyListSerializer)
    def get(self, request: Request) -> Response:
        return Response({"data": APIKeySerializer(list_keys(), many=True).data})

    @extend_schema(
        operation_id="create_key",
        request=NewAPIKeySerializer,
        responses={201: CreatedAPIKeySerializer},
    )
    def post(self, request: Request) -> Response:
        """Make a key. Its secret is in this answer and nowhere else."""
        asked = NewAPIKeySerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted = asked.wanted()
        if isinstance(request.user, KeyHolder):
            _refuse_escalation(request.user.caller, wanted)
        by = request.user if isinstance(request.user, User) else None
        key, token = services.create_key(wanted, by=by)
        body = {**APIKeySerializer(key).data, "key": token}
        return Response(body, status=status.HTTP_201_CREATED)


class KeyView(APIView):
    """`/api/v1/keys/{id}`: revoke."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = "keys:manage"
    actions = {"DELETE": "keys.manage"}

    @extend_schema(operation_id="revoke_key", responses={204: None})
    def delete(self, request: Request, key_id: UUID) -> Response:
        """Revoke a key; it is refused everywhere within a second."""
        services.revoke_key(key_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _refuse_escalation(caller: Caller, wanted: NewKey) -> None:
    """A key gives away no more than it has: neither scopes nor real money."""
    missing = sorted(set(wanted.scopes) - caller.scopes)
    if missing:
        raise PermissionDeniedError(f"This key lacks {missing[0]} itself.")
    if caller.is_test and not wanted.is_test:
        raise PermissionDeniedError("A test key can only make test keys.")

"""The control plane of API keys, for members and for keys that may manage keys."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts import key_services
from apps.accounts.authentication import (
    Allowed,
    APIKeyAuthentication,
    KeyHolder,
    MemberAuthentication,
)
from apps.accounts.key_rules import exceeds
from apps.accounts.key_views import refuse_beyond_role
from apps.accounts.models import APIKey, User
from apps.accounts.queries import get_key, list_keys
from apps.accounts.serializers import (
    APIKeyListSerializer,
    APIKeySerializer,
    CreatedAPIKeySerializer,
    KeySettingsSerializer,
    NewAPIKeySerializer,
    RotationSerializer,
)
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
        _refuse_escalation(request, asked.validated_data)
        by = request.user if isinstance(request.user, User) else None
        key, token = key_services.create_key(asked.wanted(), by=by)
        return _with_secret(key, token, status=status.HTTP_201_CREATED)


class KeyView(APIView):
    """`/api/v1/keys/{id}`: read, change, revoke."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = "keys:manage"
    actions = {"GET": "keys.read", "PATCH": "keys.manage", "DELETE": "keys.manage"}

    @extend_schema(operation_id="read_key", responses=APIKeySerializer)
    def get(self, request: Request, key_id: UUID) -> Response:
        return Response(APIKeySerializer(get_key(key_id)).data)

    @extend_schema(
        operation_id="change_key",
        request=KeySettingsSerializer,
        responses=APIKeySerializer,
    )
    def patch(self, request: Request, key_id: UUID) -> Response:
        """Change what is given; every process follows within a second."""
        asked = KeySettingsSerializer(data=request.data, partial=True)
        asked.is_valid(raise_exception=True)
        key = get_key(key_id)
        _refuse_escalation(request, {**_settings_of(key), **asked.validated_data})
        changed = key_services.change_key(key_id, asked.validated_data)
        return Response(APIKeySerializer(changed).data)

    @extend_schema(operation_id="revoke_key", responses={204: None})
    def delete(self, request: Request, key_id: UUID) -> Response:
        """Revoke a key; it is refused everywhere within a second."""
        key_services.revoke_key(key_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class KeyRotationView(APIView):
    """`/api/v1/keys/{id}/rotate`: a new secret for the same key."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = "keys:manage"
    actions = {"POST": "keys.manage"}

    @extend_schema(
        operation_id="rotate_key",
        request=RotationSerializer,
        responses=CreatedAPIKeySerializer,
    )
    def post(self, request: Request, key_id: UUID) -> Response:
        """Answer the new secret; the one before works until the overlap ends."""
        asked = RotationSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        _refuse_escalation(request, _settings_of(get_key(key_id)))
        key, token = key_services.rotate_key(key_id, overlap=asked.overlap())
        return _with_secret(key, token)


def _with_secret(
    key: APIKey, token: str, *, status: int = status.HTTP_200_OK
) -> Response:
    return Response({**APIKeySerializer(key).data, "key": token}, status=status)


def _settings_of(key: APIKey) -> dict[str, Any]:
    names = (*key_services.CHANGEABLE, "is_test")
    return {name: getattr(key, name) for name in names}


def _refuse_escalation(request: Request, wanted: dict[str, Any]) -> None:
    """What somebody makes, changes or rotates must not exceed their key or role."""
    if not isinstance(request.user, KeyHolder):
        refuse_beyond_role(request._request, wanted["scopes"])
        return
    excess = exceeds(
        request.user.caller,
        is_test=wanted["is_test"],
        scopes=wanted["scopes"],
        allowed_models=wanted["allowed_models"],
        allowed_ips=wanted["allowed_ips"],
        limits=(wanted["requests_per_minute"], wanted["tokens_per_minute"]),
    )
    if excess:
        raise PermissionDeniedError(excess)

"""The control plane of provider keys, for members and for keys that may manage them."""

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
from apps.kit.errors import NotFoundError
from apps.vault import queries, services
from apps.vault.models import ProviderPreference
from apps.vault.serializers import (
    ChangedProviderKeySerializer,
    NewProviderKeySerializer,
    PreferenceSerializer,
    ProviderKeyListSerializer,
    ProviderKeySerializer,
)

READ, MANAGE = "provider_keys.read", "provider_keys.manage"


class VaultView(APIView):
    """What every address of the vault has in common."""

    authentication_classes = (APIKeyAuthentication, MemberAuthentication)
    permission_classes = (Allowed,)
    key_scope = "provider_keys:manage"


class ProviderKeysView(VaultView):
    """`/api/v1/provider-keys`: list and add."""

    actions = {"GET": READ, "POST": MANAGE}

    @extend_schema(
        operation_id="list_provider_keys", responses=ProviderKeyListSerializer
    )
    def get(self, request: Request) -> Response:
        """Every key with its last four, in the order they are tried."""
        groups = queries.groups(queries.key_providers())
        keys = [key for group in groups for key in group.keys]
        answer = {"data": keys, "preferences": groups}
        return Response(ProviderKeyListSerializer(answer).data)

    @extend_schema(
        operation_id="add_provider_key",
        request=NewProviderKeySerializer,
        responses={201: ProviderKeySerializer},
    )
    def post(self, request: Request) -> Response:
        """Bring a key. It is sealed at once and never shown again."""
        asked = NewProviderKeySerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        by = request.user if isinstance(request.user, User) else None
        key = services.add_key(asked.wanted(), by=by)
        return _shown(key.id, status=status.HTTP_201_CREATED)


class ProviderKeyView(VaultView):
    """`/api/v1/provider-keys/{id}`: change, replace, move and delete."""

    actions = {"PATCH": MANAGE, "DELETE": MANAGE}

    @extend_schema(
        operation_id="change_provider_key",
        request=ChangedProviderKeySerializer,
        responses=ProviderKeySerializer,
    )
    def patch(self, request: Request, key_id: UUID) -> Response:
        """Change a key; `key` puts another secret in its place."""
        asked = ChangedProviderKeySerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        services.edit_key(key_id, **asked.validated_data)
        return _shown(key_id)

    @extend_schema(operation_id="delete_provider_key", responses={204: None})
    def delete(self, request: Request, key_id: UUID) -> Response:
        """Forget a key for good."""
        services.delete_key(key_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ProviderKeyTestView(VaultView):
    """`/api/v1/provider-keys/{id}/test`."""

    actions = {"POST": MANAGE}

    @extend_schema(
        operation_id="test_provider_key", request=None, responses=ProviderKeySerializer
    )
    def post(self, request: Request, key_id: UUID) -> Response:
        """Ask the provider, by a call that costs nothing, whether it takes the key."""
        services.test_key(key_id)
        return _shown(key_id)


class ProviderPreferenceView(VaultView):
    """`/api/v1/provider-preferences/{provider}`."""

    actions = {"PUT": MANAGE}

    @extend_schema(
        operation_id="set_provider_preference",
        request=PreferenceSerializer,
        responses=PreferenceSerializer,
    )
    def put(self, request: Request, provider: str) -> Response:
        """Say whose keys go first at a provider."""
        asked = PreferenceSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        order = ProviderPreference.Order(asked.validated_data["order"])
        services.prefer(provider, order)
        groups = queries.groups(queries.key_providers())
        group = next(group for group in groups if group.slug == provider)
        return Response(PreferenceSerializer(group).data)


def _shown(key_id: UUID, *, status: int = status.HTTP_200_OK) -> Response:
    key = queries.shown_key(key_id)
    if key is None:
        raise NotFoundError("There is no such provider key.")
    return Response(ProviderKeySerializer(key).data, status=status)

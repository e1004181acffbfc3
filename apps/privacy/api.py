"""The control plane of privacy: what is kept, exports, and deletion.

A key with the scope `privacy:manage` may read and change what is kept and ask for an
export. Downloading one, and deletion, take a signed-in member.
"""

from typing import Any
from uuid import UUID

from allauth.account.internal.flows.reauthentication import (
    did_recently_reauthenticate,
)
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.api import CONTROL_PLANE
from apps.accounts.authentication import Allowed
from apps.accounts.models import User
from apps.kit.errors import NotFoundError
from apps.privacy import queries, services
from apps.privacy.errors import ConfirmFirstError
from apps.privacy.serializers import (
    DeletionSerializer,
    ExportListSerializer,
    ExportSerializer,
    NewDeletionSerializer,
    PrivacySerializer,
)


class PrivacyView(APIView):
    """`/api/v1/privacy`: what is kept of prompts."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = "privacy:manage"
    actions = {"GET": "privacy.read", "PATCH": "privacy.manage"}

    @extend_schema(operation_id="read_privacy", responses=PrivacySerializer)
    def get(self, request: Request) -> Response:
        return Response(PrivacySerializer(queries.settings_of_scope()).data)

    @extend_schema(
        operation_id="change_privacy",
        request=PrivacySerializer(partial=True),
        responses=PrivacySerializer,
    )
    def patch(self, request: Request) -> Response:
        """Keep prompts or not, how long, and what is taken out before."""
        asked = PrivacySerializer(data=request.data, partial=True)
        asked.is_valid(raise_exception=True)
        row = services.change_settings(
            asked.wanted(queries.settings_of_scope()),
            deletes_stored=asked.validated_data.get("deletes_stored", False),
        )
        return Response(PrivacySerializer(row).data)


class ExportsView(APIView):
    """`/api/v1/privacy/exports`: list and ask for one."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = "privacy:manage"
    actions = {"GET": "exports.manage", "POST": "exports.manage"}

    @extend_schema(operation_id="list_exports", responses=ExportListSerializer)
    def get(self, request: Request) -> Response:
        rows = queries.recent_exports()
        return Response({"data": ExportSerializer(rows, many=True).data})

    @extend_schema(
        operation_id="ask_export", request=None, responses={202: ExportSerializer}
    )
    def post(self, request: Request) -> Response:
        """Have an archive of everything built; one at a time."""
        by = request.user if isinstance(request.user, User) else None
        export = services.ask_export(by=by)
        body = ExportSerializer(export).data
        return Response(body, status=status.HTTP_202_ACCEPTED)


class ExportView(APIView):
    """`/api/v1/privacy/exports/{id}`: how far an archive is."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = "privacy:manage"
    actions = {"GET": "exports.manage"}

    @extend_schema(operation_id="read_export", responses=ExportSerializer)
    def get(self, request: Request, export_id: UUID) -> Response:
        export = queries.find_export(export_id)
        if export is None:
            raise NotFoundError("There is no such export.")
        return Response(ExportSerializer(export).data)


class DeletionView(APIView):
    """`/api/v1/privacy/deletion`: plan the organization's deletion, or undo it."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    # No key may do this, whatever it may do else.
    key_scope = ""
    actions = {
        "GET": "privacy.read",
        "POST": "organization.delete",
        "DELETE": "organization.delete",
    }

    @extend_schema(operation_id="read_deletion", responses=DeletionSerializer)
    def get(self, request: Request) -> Response:
        deletion = queries.planned_deletion()
        if deletion is None:
            raise NotFoundError("No deletion is planned.")
        return Response(DeletionSerializer(deletion).data)

    @extend_schema(
        operation_id="plan_deletion",
        request=NewDeletionSerializer,
        responses={201: DeletionSerializer},
    )
    def post(self, request: Request) -> Response:
        """Delete the organization in 14 days; wants a fresh sign-in."""
        if not did_recently_reauthenticate(request._request):
            raise ConfirmFirstError("Confirm that it is you, then ask again.")
        asked = NewDeletionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        http: Any = request._request
        typed = asked.validated_data["name"]
        plan = services.plan_deletion(http.org, typed_name=typed, by=http.user)
        return Response(DeletionSerializer(plan).data, status=status.HTTP_201_CREATED)

    @extend_schema(operation_id="undo_deletion", responses={204: None})
    def delete(self, request: Request) -> Response:
        http: Any = request._request
        services.undo_deletion(http.org, by=http.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

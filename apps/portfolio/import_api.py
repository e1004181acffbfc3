"""The control plane of imports, below `/api/v1/portfolio/`."""

from typing import Any, cast
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.authentication import Allowed
from apps.accounts.models import User
from apps.portfolio import import_services
from apps.portfolio.api import CONTROL_PLANE, MANAGE, READ, SCOPE
from apps.portfolio.import_queries import get_import, imports
from apps.portfolio.models import Import
from apps.portfolio.serializers import (
    ConfirmSerializer,
    ImportListSerializer,
    ImportSerializer,
    NewImportSerializer,
)


class ImportsView(APIView):
    """`/api/v1/portfolio/imports`: list, and upload an export."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {"GET": READ, "POST": MANAGE}

    @extend_schema(operation_id="list_imports", responses=ImportListSerializer)
    def get(self, request: Request) -> Response:
        """Drafts and confirmed imports, the newest first."""
        shown = [_body(one) for one in imports()]
        return Response({"data": ImportSerializer(shown, many=True).data})

    @extend_schema(
        operation_id="propose_import",
        request=NewImportSerializer,
        responses={201: ImportSerializer},
    )
    def post(self, request: Request) -> Response:
        """Read an export into a draft; rows that cannot be read are named, and then
        nothing is stored.
        """
        asked = NewImportSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        data, person = asked.validated_data, _person(request)
        if data["traffic"]:
            draft = import_services.propose_traffic(by=person)
        else:
            upload = import_services.Upload(
                data["content"].encode(), data["file_name"], data["leave_out_bad"]
            )
            draft = import_services.upload_export(upload, by=person)
        return _answer(draft, status=status.HTTP_201_CREATED)


class ImportView(APIView):
    """`/api/v1/portfolio/imports/{id}`: read, throw away."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {"GET": READ, "DELETE": MANAGE}

    @extend_schema(operation_id="read_import", responses=ImportSerializer)
    def get(self, request: Request, import_id: UUID) -> Response:
        return _answer(get_import(import_id))

    @extend_schema(operation_id="discard_import", responses={204: None})
    def delete(self, request: Request, import_id: UUID) -> Response:
        """Throw it away; use cases that were made of it stay."""
        import_services.discard_import(import_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ImportConfirmView(APIView):
    """`/api/v1/portfolio/imports/{id}/confirm`: make what was chosen."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {"POST": MANAGE}

    @extend_schema(
        operation_id="confirm_import",
        request=ConfirmSerializer,
        responses=ImportSerializer,
    )
    def post(self, request: Request, import_id: UUID) -> Response:
        """All of it or nothing; a second time it is done already."""
        asked = ConfirmSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        data = dict(asked.validated_data)
        choices = {
            one["number"]: import_services.Choice(
                **{name: value for name, value in one.items() if name != "number"}
            )
            for one in data.pop("choices")
        }
        target = import_services.Target(**data)
        return _answer(import_services.confirm_import(import_id, target, choices))


def _person(request: Request) -> User | None:
    return request.user if isinstance(request.user, User) else None


def _body(stored: Import) -> dict[str, Any]:
    names = ("id", "format", "file_name", "first", "last", "row_count", "left_out")
    moments = ("notes", "created_at", "confirmed_at")
    return {
        **{name: getattr(stored, name) for name in (*names, *moments)},
        "proposals": [
            {"number": number, **proposal}
            for number, proposal in enumerate(stored.proposals)
        ],
    }


def _answer(stored: Import, *, status: int = status.HTTP_200_OK) -> Response:
    body = cast("Any", ImportSerializer(_body(stored)).data)
    return Response(body, status=status)

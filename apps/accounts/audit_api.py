"""The audit log in the control plane: pages of entries, and the whole as a file."""

from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.api import CONTROL_PLANE
from apps.accounts.audit_views import audit_file
from apps.accounts.authentication import Allowed
from apps.accounts.organization_serializers import (
    AuditEntrySerializer,
    AuditFilterSerializer,
    AuditPageSerializer,
    AuditQuerySerializer,
)
from apps.audit import queries
from apps.kit.errors import ValidationError
from apps.tenancy.scope import require_org_id


class AuditView(APIView):
    """`/api/v1/audit`: who did what to what."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = "audit:read"
    actions = {"GET": "audit.read"}

    @extend_schema(
        operation_id="read_audit_log",
        parameters=[AuditQuerySerializer],
        responses=AuditPageSerializer,
    )
    def get(self, request: Request) -> Response:
        asked = AuditQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        data = asked.validated_data
        page = _page(asked.filters(), data["after"], data["limit"])
        body = AuditEntrySerializer(page.entries, many=True).data
        return Response({"data": body, "next": page.next_cursor or None})


class _AuditFileView(APIView):
    """The filtered log as a download, streamed."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = "audit:read"
    actions = {"GET": "audit.read"}
    form = ""

    def answer(self, request: Request) -> HttpResponseBase:
        asked = AuditFilterSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        return audit_file(
            request._request, asked.filters(), self.form, org_id=require_org_id()
        )


class AuditCSVView(_AuditFileView):
    """`/api/v1/audit.csv`."""

    form = "csv"

    @extend_schema(
        operation_id="export_audit_csv",
        parameters=[AuditFilterSerializer],
        responses={(200, "text/csv"): OpenApiTypes.STR},
    )
    def get(self, request: Request) -> Any:
        """The log as CSV, safe to open in a spreadsheet."""
        return self.answer(request)


class AuditJSONLView(_AuditFileView):
    """`/api/v1/audit.jsonl`."""

    form = "jsonl"

    @extend_schema(
        operation_id="export_audit_jsonl",
        parameters=[AuditFilterSerializer],
        responses={(200, "application/jsonl"): OpenApiTypes.STR},
    )
    def get(self, request: Request) -> Any:
        """The log as JSON Lines: one entry a line."""
        return self.answer(request)


def _page(filters: queries.Filters, after: UUID | None, limit: int) -> queries.Page:
    try:
        return queries.page_of(filters, after=after, size=limit)
    except LookupError as problem:
        raise ValidationError(str(problem), param="after") from problem

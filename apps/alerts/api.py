"""Alerts in the control plane, below `/api/v1/`.

A key sees what the organization was told of; who signed in sees their own inbox.
"""

from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.authentication import (
    Allowed,
    APIKeyAuthentication,
    MemberAuthentication,
)
from apps.accounts.models import Membership
from apps.alerts import queries, reading
from apps.alerts.kinds import Kind, Severity
from apps.alerts.models import Alert
from apps.alerts.queries import InboxFilter
from apps.alerts.serializers import (
    AlertListSerializer,
    AlertQuerySerializer,
    AlertSerializer,
    MarkedSerializer,
    ReadSerializer,
)

CONTROL_PLANE = (APIKeyAuthentication, MemberAuthentication)
SCOPE = "alerts:manage"


class AlertsView(APIView):
    """`/api/v1/alerts`: the newest first."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {"GET": "alerts.read"}

    @extend_schema(
        operation_id="list_alerts",
        parameters=[AlertQuerySerializer],
        responses=AlertListSerializer,
    )
    def get(self, request: Request) -> Response:
        """The newest alerts; `before` (the last one's `created_at`) goes on."""
        asked = AlertQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        member = _member(request)
        if member is None:
            return Response(_of_organization(asked.validated_data))
        return Response(_of_inbox(member, asked.validated_data))


class AlertsReadView(APIView):
    """`/api/v1/alerts/read`: mark in one's own inbox."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = ""
    actions = {"POST": "alerts.read"}

    @extend_schema(
        operation_id="mark_alerts_read",
        request=ReadSerializer,
        responses=MarkedSerializer,
    )
    def post(self, request: Request) -> Response:
        """Mark alerts read or unread; without `ids` all of them read."""
        asked = ReadSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        member: Membership = request._request.membership  # type: ignore[attr-defined]  # a member's alone
        data = asked.validated_data
        if "ids" in data:
            marked = reading.mark(member, data["ids"], is_read=data["read"])
        else:
            marked = reading.mark_all_read(member)
        return Response({"marked": marked, "unread": queries.count_unread(member)})


def _member(request: Request) -> Membership | None:
    return getattr(request._request, "membership", None)


def _filter(data: dict[str, Any]) -> InboxFilter:
    kind, severity = data.get("kind"), data.get("min_severity")
    return InboxFilter(
        Kind(kind) if kind else None,
        Severity.named(severity) if severity else None,
        data["unread"],
    )


def _of_organization(data: dict[str, Any]) -> dict[str, Any]:
    found = queries.alerts(
        _filter(data), before=data.get("before"), limit=data["limit"]
    )
    return {"data": [_shown(alert, read=None) for alert in found], "unread": None}


def _of_inbox(member: Membership, data: dict[str, Any]) -> dict[str, Any]:
    rows = queries.inbox(member, _filter(data))
    if before := data.get("before"):
        rows = rows.filter(created_at__lt=before)
    found = rows[: data["limit"]]
    lines = [_shown(row.alert, read=row.read_at is not None) for row in found]
    return {"data": lines, "unread": queries.count_unread(member)}


def _shown(alert: Alert, *, read: bool | None) -> dict[str, Any]:
    names = ("id", "kind", "title", "body", "url", "subject", "created_at", "data")
    facts = {name: getattr(alert, name) for name in names}
    shown = AlertSerializer({**facts, "severity": alert.grade.code, "read": read})
    return dict(cast("Any", shown.data))

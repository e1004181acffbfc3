"""The control plane of the organization's channels, below `/api/v1/webhooks`."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.authentication import Allowed
from apps.alerts import channel_services, queries, sending
from apps.alerts.api import CONTROL_PLANE, SCOPE
from apps.alerts.channel_services import NewChannel
from apps.alerts.kinds import Kind, Severity, Via
from apps.alerts.models import Channel
from apps.alerts.serializers import (
    CreatedWebhookSerializer,
    DeliveryListSerializer,
    DeliverySerializer,
    NewWebhookSerializer,
    WebhookChangeSerializer,
    WebhookListSerializer,
    WebhookSerializer,
)
from apps.kit.errors import NotFoundError


class WebhooksView(APIView):
    """`/api/v1/webhooks`: list and create."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {"GET": "alerts.read", "POST": "alerts.manage"}

    @extend_schema(operation_id="list_webhooks", responses=WebhookListSerializer)
    def get(self, request: Request) -> Response:
        """The organization's channels, chats among them; nobody's own."""
        found = [_facts(channel) for channel in queries.channels()]
        return Response({"data": WebhookSerializer(found, many=True).data})

    @extend_schema(
        operation_id="create_webhook",
        request=NewWebhookSerializer,
        responses={201: CreatedWebhookSerializer},
    )
    def post(self, request: Request) -> Response:
        """Add a channel; `secret` signs what is sent and is given this once."""
        asked = NewWebhookSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        data = asked.validated_data
        wanted = NewChannel(
            via=Via(data["via"]),
            name=data["name"],
            url=data["url"],
            kinds=tuple(Kind(kind) for kind in data["kinds"]),
            min_severity=Severity.named(data["min_severity"]),
        )
        channel, secret = channel_services.create_channel(wanted, by="API")
        return _created(channel, secret, status.HTTP_201_CREATED)


class WebhookView(APIView):
    """`/api/v1/webhooks/{id}`: read, change, delete."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {
        "GET": "alerts.read",
        "PATCH": "alerts.manage",
        "DELETE": "alerts.manage",
    }

    @extend_schema(operation_id="read_webhook", responses=WebhookSerializer)
    def get(self, request: Request, channel_id: UUID) -> Response:
        return _answer(_shared(channel_id))

    @extend_schema(
        operation_id="change_webhook",
        request=WebhookChangeSerializer,
        responses=WebhookSerializer,
    )
    def patch(self, request: Request, channel_id: UUID) -> Response:
        """Change what is given."""
        asked = WebhookChangeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        changes = dict(asked.validated_data)
        if "min_severity" in changes:
            changes["min_severity"] = Severity.named(changes["min_severity"])
        return _answer(channel_services.change_channel(_shared(channel_id).id, changes))

    @extend_schema(operation_id="delete_webhook", responses={204: None})
    def delete(self, request: Request, channel_id: UUID) -> Response:
        """Forget a channel with its delivery log."""
        channel_services.delete_channel(_shared(channel_id).id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class WebhookSecretView(APIView):
    """`/api/v1/webhooks/{id}/secret`: replace it."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {"POST": "alerts.manage"}

    @extend_schema(
        operation_id="rotate_webhook_secret",
        request=None,
        responses=CreatedWebhookSerializer,
    )
    def post(self, request: Request, channel_id: UUID) -> Response:
        """Make another secret; the old one signs along for 24 hours."""
        secret = channel_services.rotate_secret(_shared(channel_id).id)
        return _created(_shared(channel_id), secret, status.HTTP_200_OK)


class WebhookTestView(APIView):
    """`/api/v1/webhooks/{id}/test`: send a test."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {"POST": "alerts.manage"}

    @extend_schema(
        operation_id="test_webhook", request=None, responses=DeliverySerializer
    )
    def post(self, request: Request, channel_id: UUID) -> Response:
        """Send a test now, and say how it went."""
        delivery = channel_services.send_test(_shared(channel_id).id)
        return Response(DeliverySerializer(delivery).data)


class DeliveriesView(APIView):
    """`/api/v1/webhooks/{id}/deliveries`: the delivery log."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {"GET": "alerts.read"}

    @extend_schema(
        operation_id="list_webhook_deliveries", responses=DeliveryListSerializer
    )
    def get(self, request: Request, channel_id: UUID) -> Response:
        """The newest 50 messages with their tries."""
        found = queries.deliveries(_shared(channel_id))
        return Response({"data": DeliverySerializer(found, many=True).data})


class ResendView(APIView):
    """`/api/v1/webhooks/deliveries/{id}/resend`."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {"POST": "alerts.manage"}

    @extend_schema(
        operation_id="resend_webhook_delivery",
        request=None,
        responses={202: DeliverySerializer},
    )
    def post(self, request: Request, delivery_id: UUID) -> Response:
        """Send a finished message once more: the same id and body, signed anew."""
        delivery = queries.get_delivery(delivery_id)
        _shared(delivery.channel_id)
        sending.resend(delivery)
        shown = DeliverySerializer(queries.get_delivery(delivery_id))
        return Response(shown.data, status=status.HTTP_202_ACCEPTED)


def _shared(channel_id: UUID | None) -> Channel:
    channel = channel_services.get_channel(channel_id)
    if channel.member_id is not None:
        raise NotFoundError("There is no such channel.")
    return channel


def _facts(channel: Channel) -> dict[str, Any]:
    names = (
        *("id", "via", "name", "kinds", "is_enabled", "failures", "disabled_because"),
        *("last_delivered_at", "previous_until", "created_at"),
    )
    return {
        **{name: getattr(channel, name) for name in names},
        "url": channel.shown_url,
        "min_severity": Severity(channel.min_severity).code,
    }


def _answer(channel: Channel) -> Response:
    return Response(dict(WebhookSerializer(_facts(channel)).data))


def _created(channel: Channel, secret: str, code: int) -> Response:
    shown = CreatedWebhookSerializer({**_facts(channel), "secret": secret})
    return Response(dict(shown.data), status=code)

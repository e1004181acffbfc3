"""The endpoints of other protocols as DRF views: contract, schema, refusals."""

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from apps.router import protocols
from apps.router.api import ERRORS, CountedView, GatewayView
from apps.router.arrivals import anthropic_options_of
from apps.router.conversation_queries import (
    delete_response,
    input_items,
    stored_response,
)
from apps.router.dialects import MESSAGES
from apps.router.protocol_serializers import (
    CountRequestSerializer,
    DeletedResponseSerializer,
    MessageErrorSerializer,
    MessagesRequestSerializer,
    ResponsesRequestSerializer,
    TokenCountSerializer,
)

MESSAGE_ERRORS = dict.fromkeys(ERRORS, MessageErrorSerializer)


class MessagesView(GatewayView):
    """`POST /v1/messages`."""

    gateway = staticmethod(protocols.messages)
    contract = MessagesRequestSerializer
    hear = staticmethod(anthropic_options_of)
    fail = staticmethod(MESSAGES.fail)

    @extend_schema(
        operation_id="messages",
        request=MessagesRequestSerializer,
        responses={
            (200, "application/json"): OpenApiTypes.OBJECT,
            (200, "text/event-stream"): OpenApiTypes.STR,
            **MESSAGE_ERRORS,
        },
    )
    def post(self, request: Request) -> HttpResponseBase:
        """Anthropic's endpoint, for its SDKs: change the base URL and the key."""
        return self.admit(request)


class CountTokensView(GatewayView):
    """`POST /v1/messages/count_tokens`."""

    gateway = staticmethod(protocols.count)
    contract = CountRequestSerializer
    hear = staticmethod(anthropic_options_of)
    fail = staticmethod(MESSAGES.fail)

    @extend_schema(
        operation_id="count_tokens",
        request=CountRequestSerializer,
        responses={(200, "application/json"): TokenCountSerializer, **MESSAGE_ERRORS},
    )
    def post(self, request: Request) -> HttpResponseBase:
        """How many tokens a prompt has; `estimated` where no provider counts."""
        return self.admit(request)


class ResponsesView(GatewayView):
    """`POST /v1/responses`."""

    gateway = staticmethod(protocols.respond)
    contract = ResponsesRequestSerializer

    @extend_schema(
        operation_id="responses",
        request=ResponsesRequestSerializer,
        responses={
            (200, "application/json"): OpenApiTypes.OBJECT,
            (200, "text/event-stream"): OpenApiTypes.STR,
            **ERRORS,
        },
    )
    def post(self, request: Request) -> HttpResponseBase:
        """OpenAI's newer endpoint, for its SDKs: change the base URL and the key."""
        return self.admit(request)


class ResponseView(CountedView):
    """`GET` and `DELETE /v1/responses/{response_id}`."""

    @extend_schema(
        operation_id="get_response",
        responses={(200, "application/json"): OpenApiTypes.OBJECT, **ERRORS},
    )
    def get(self, request: Request, response_id: str) -> Response:
        """A stored response as it was given."""
        return Response(stored_response(response_id))

    @extend_schema(
        operation_id="delete_response",
        responses={(200, "application/json"): DeletedResponseSerializer, **ERRORS},
    )
    def delete(self, request: Request, response_id: str) -> Response:
        """Remove a stored response; what goes on from it cannot any more."""
        delete_response(response_id)
        gone = {"id": response_id, "object": "response", "deleted": True}
        return Response(gone)


class InputItemsView(CountedView):
    """`GET /v1/responses/{response_id}/input_items`."""

    @extend_schema(
        operation_id="list_input_items",
        responses={(200, "application/json"): OpenApiTypes.OBJECT, **ERRORS},
    )
    def get(self, request: Request, response_id: str) -> Response:
        """What a stored response answered, newest first."""
        items = input_items(response_id)
        ends = {"first_id": items[0]["id"], "last_id": items[-1]["id"]}
        return Response({"object": "list", "data": items, **ends, "has_more": False})

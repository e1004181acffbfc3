"""The `/v1` addresses as DRF views: the contract, its schema, its errors.

The raw front answers usual chat calls before they get here and replays everything
else. Both call the same gateway, so an answer does not tell which way it took.
"""

from collections.abc import Awaitable
from typing import Any, ClassVar

from asgiref.sync import async_to_sync, sync_to_async
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.authentication import Allowed
from apps.accounts.http import as_app_error, request_id_of
from apps.accounts.keys import Caller
from apps.accounts.parsers import AnyAsJSONParser
from apps.kit.errors import AppError, NotFoundError
from apps.router import gateway, listing, queries
from apps.router.answers import (
    AgentStepAnswerSerializer,
    ChatAnswerSerializer,
    ErrorSerializer,
    ModelListSerializer,
    ModelSerializer,
    UsageSerializer,
)
from apps.router.arrivals import Options, options_of
from apps.router.completion_answers import CompletionAnswerSerializer
from apps.router.embedding_serializers import (
    EmbeddingAnswerSerializer,
    EmbeddingRequestSerializer,
)
from apps.router.replies import Reply, error_reply
from apps.router.responses import http_response
from apps.router.runtime import running
from apps.router.serializers import (
    AgentStepRequestSerializer,
    ChatRequestSerializer,
    CompletionRequestSerializer,
    Contract,
    UsageQuerySerializer,
)

type Gateway = staticmethod[..., Awaitable[Reply]]
type Hearing = staticmethod[..., Options]
type Failing = staticmethod[..., dict[str, Any]]

ERRORS = {
    (status, "application/json"): ErrorSerializer
    for status in (
        *(400, 401, 402, 403, 404, 409, 413, 422, 429),
        *(500, 502, 503, 504),
    )
}


class AnyAccept(BaseContentNegotiation):
    """Answer in the one form there is: a client of streams accepts events only."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        return renderers[0], renderers[0].media_type


def caller_of(request: Request) -> Caller:
    """The caller that APIKeyAuthentication has found."""
    caller: Any = request.auth
    assert isinstance(caller, Caller)  # noqa: S101  # `Allowed` has let it in
    return caller


@csrf_exempt
def nothing_here(request: HttpRequest) -> HttpResponseBase:
    """Every other address below `/v1/`."""
    problem = NotFoundError("There is nothing here.")
    return http_response(error_reply(problem, request_id_of(request)))


class RouterView(APIView):
    """What every `/v1` address has in common."""

    permission_classes = (Allowed,)
    # A key is the only way in here: `/v1` takes no cookies.
    actions: ClassVar[dict[str, str]] = {}
    key_scope = "chat"
    content_negotiation_class = AnyAccept
    # `curl -d` calls its JSON a form; the raw front doesn't look either.
    parser_classes = (AnyAsJSONParser,)


class CountedView(RouterView):
    """An address that reaches no model, but counts as a request all the same."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        # Without a router in this process there is nothing that counts.
        if (router := running()) is None:
            return
        # Back on the event loop, which the limits belong to.
        limits = async_to_sync(router.count_call)(caller_of(request))
        self.headers = {**self.headers, **dict(limits)}


class Admitted(HttpResponse):
    """Stands in for an answer of the gateway: this caller may have it."""

    def __init__(self, caller: Caller, body: dict[str, Any]) -> None:
        super().__init__()
        self.caller = caller
        self.body = body


class GatewayView(RouterView):
    """Admits a call, which the gateway then answers on the event loop.

    DRF is synchronous, so it runs in a thread; a call that waited for a provider
    there could not be cancelled cleanly when its caller leaves.
    """

    gateway: ClassVar[Gateway]
    contract: ClassVar[type[Contract]]
    # What is heard of the headers, and how a refusal is worded.
    hear: ClassVar[Hearing] = staticmethod(options_of)
    fail: ClassVar[Failing] = staticmethod(AppError.body)

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        admit = super().as_view(**initkwargs)

        @csrf_exempt
        async def view(request: HttpRequest) -> HttpResponseBase:
            response = await sync_to_async(admit)(request)
            if not isinstance(response, Admitted):
                return response
            request_id = request_id_of(request)
            try:
                reply = await cls.gateway(
                    response.caller,
                    response.body,
                    request_id,
                    cls.hear(lambda name: request.headers.get(name, "")),
                )
            except AppError as problem:
                reply = error_reply(problem, request_id, cls.fail)
            return http_response(reply)

        # What DRF's own view carries for whoever draws up the schema.
        view.cls, view.initkwargs = cls, initkwargs  # type: ignore[attr-defined]  # as DRF does
        return view

    def handle_exception(self, exc: Exception) -> Response:
        response = super().handle_exception(exc)
        if self.fail is not AppError.body:
            error = as_app_error(exc)
            response.data = self.fail(error, request_id_of(self.request))
        return response

    def admit(self, request: Request) -> Admitted:
        """Check the body against the contract; it goes on as it came."""
        body: Any = request.data
        self.contract(data=body).is_valid(raise_exception=True)
        return Admitted(caller_of(request), body)


class ChatView(GatewayView):
    """`POST /v1/chat`."""

    gateway = staticmethod(gateway.chat)
    contract = ChatRequestSerializer

    @extend_schema(
        operation_id="chat",
        request=ChatRequestSerializer,
        responses={
            (200, "application/json"): ChatAnswerSerializer,
            (200, "text/event-stream"): OpenApiTypes.STR,
            **ERRORS,
        },
    )
    def post(self, request: Request) -> HttpResponseBase:
        """Choose a model, answer, and say what it cost and saved."""
        return self.admit(request)


class AgentStepView(GatewayView):
    """`POST /v1/agent-step`."""

    gateway = staticmethod(gateway.agent_step)
    contract = AgentStepRequestSerializer

    @extend_schema(
        operation_id="agent_step",
        request=AgentStepRequestSerializer,
        responses={
            (200, "application/json"): AgentStepAnswerSerializer,
            (200, "text/event-stream"): OpenApiTypes.STR,
            **ERRORS,
        },
    )
    def post(self, request: Request) -> HttpResponseBase:
        """Answer one step of an agent's run; each is routed by itself."""
        return self.admit(request)


class ChatCompletionsView(GatewayView):
    """`POST /v1/chat/completions`."""

    gateway = staticmethod(gateway.complete)
    contract = CompletionRequestSerializer

    @extend_schema(
        operation_id="chat_completions",
        request=CompletionRequestSerializer,
        responses={
            (200, "application/json"): CompletionAnswerSerializer,
            (200, "text/event-stream"): OpenApiTypes.STR,
            **ERRORS,
        },
    )
    def post(self, request: Request) -> HttpResponseBase:
        """OpenAI's endpoint, for its SDKs: change the base URL and the key."""
        return self.admit(request)


class EmbeddingsView(GatewayView):
    """`POST /v1/embeddings`."""

    gateway = staticmethod(gateway.embed)
    contract = EmbeddingRequestSerializer

    @extend_schema(
        operation_id="embeddings",
        request=EmbeddingRequestSerializer,
        responses={(200, "application/json"): EmbeddingAnswerSerializer, **ERRORS},
    )
    def post(self, request: Request) -> HttpResponseBase:
        """Vectors of the model that is named, from any of its providers."""
        return self.admit(request)


class DebugView(GatewayView):
    """`POST /v1/router/debug`."""

    gateway = staticmethod(gateway.debug)
    contract = ChatRequestSerializer

    @extend_schema(
        operation_id="router_debug",
        request=ChatRequestSerializer,
        responses={(200, "application/json"): OpenApiTypes.OBJECT, **ERRORS},
    )
    def post(self, request: Request) -> HttpResponseBase:
        """Decide and explain, and call nobody."""
        return self.admit(request)


class ModelsView(CountedView):
    """`GET /v1/models`."""

    key_scope = "models:read"

    @extend_schema(
        operation_id="list_models",
        responses={(200, "application/json"): ModelListSerializer, **ERRORS},
    )
    def get(self, request: Request) -> Response:
        """The models this key can call, in OpenAI's shape and with their prices."""
        models = listing.callable_models(caller_of(request))
        answer = ModelListSerializer({"object": "list", "data": models})
        return Response(answer.data)


class ModelView(CountedView):
    """`GET /v1/models/{model}`."""

    key_scope = "models:read"

    @extend_schema(
        operation_id="get_model",
        responses={(200, "application/json"): ModelSerializer, **ERRORS},
    )
    def get(self, request: Request, model: str) -> Response:
        """One model that this key can call, by its id."""
        found = listing.callable_model(caller_of(request), model)
        return Response(ModelSerializer(found).data)


class UsageView(CountedView):
    """`GET /v1/usage`."""

    key_scope = "usage:read"

    @extend_schema(
        operation_id="usage",
        parameters=[UsageQuerySerializer],
        responses={(200, "application/json"): UsageSerializer, **ERRORS},
    )
    def get(self, request: Request) -> Response:
        """Requests, tokens, cost and savings of a range, in total and by group."""
        asked = UsageQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        report = queries.usage(
            wanted["from"],
            wanted["to"],
            wanted=asked.wanted(),
            by_hour="hour" in wanted["group_by"],
        )
        context = {"group_by": wanted["group_by"]}
        return Response(UsageSerializer(report, context=context).data)

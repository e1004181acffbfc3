"""The API of prompt sets, below `/api/v1/`."""

from typing import Any, cast
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.authentication import Allowed, KeyHolder
from apps.checks import set_services
from apps.checks.api import CONTROL_PLANE, SCOPE
from apps.checks.models import PromptSet
from apps.checks.page_queries import prompt_sets
from apps.checks.reading import UnreadableError, read_rows
from apps.checks.serializers import NewSetSerializer, SetListSerializer, SetSerializer
from apps.checks.set_services import NewSet
from apps.kit.errors import NotFoundError, ValidationError


class PromptSetsView(APIView):
    """`/api/v1/prompt-sets`: list and create."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {"GET": "checks.read", "POST": "checks.run"}

    @extend_schema(operation_id="list_prompt_sets", responses=SetListSerializer)
    def get(self, request: Request) -> Response:
        return Response({"data": SetSerializer(prompt_sets(), many=True).data})

    @extend_schema(
        operation_id="create_prompt_set",
        request=NewSetSerializer,
        responses={201: SetSerializer},
    )
    def post(self, request: Request) -> Response:
        """Store prompts, or sample them from what is kept of a use case's traffic."""
        asked = NewSetSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        is_key = isinstance(request.user, KeyHolder)
        made = _make(asked.validated_data, by=None if is_key else request.user.pk)
        return Response(
            cast("Any", SetSerializer(made).data), status=status.HTTP_201_CREATED
        )


class PromptSetView(APIView):
    """`/api/v1/prompt-sets/{id}`: read and delete."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {"GET": "checks.read", "DELETE": "checks.run"}

    @extend_schema(operation_id="read_prompt_set", responses=SetSerializer)
    def get(self, request: Request, set_id: UUID) -> Response:
        found = PromptSet.objects.filter(id=set_id).first()
        if found is None:
            raise NotFoundError("There is no such set of prompts.")
        return Response(cast("Any", SetSerializer(found).data))

    @extend_schema(operation_id="delete_prompt_set", responses={204: None})
    def delete(self, request: Request, set_id: UUID) -> Response:
        """Delete the prompts, and what models answered to them; figures stay."""
        set_services.delete_set(set_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _make(data: dict[str, Any], *, by: UUID | None) -> PromptSet:
    use_case_id: UUID | None = data.get("use_case")
    if "sample" in data and use_case_id is not None:
        return set_services.sample(
            use_case_id=use_case_id, size=data["sample"], name=data["name"], by=by
        )
    try:
        prompts = read_rows(data["prompts"])
    except UnreadableError as problem:
        raise ValidationError(str(problem), param="prompts") from problem
    wanted = NewSet(data["name"], PromptSet.Source.TYPED, prompts, use_case_id)
    return set_services.create_set(wanted, by=by)

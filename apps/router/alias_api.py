"""The control plane of aliases and the routing policy, below `/api/v1/`."""

from typing import Any, cast
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
from apps.catalog.models import AIModel
from apps.kit.errors import NotFoundError, ValidationError
from apps.router import alias_services
from apps.router.alias_queries import AliasLine, alias_line, alias_lines, get_policy
from apps.router.alias_rules import rules_of
from apps.router.alias_serializers import (
    AliasChangeSerializer,
    AliasListSerializer,
    AliasSerializer,
    NewAliasSerializer,
    PolicyChangeSerializer,
    PolicyPreviewRequestSerializer,
    PolicySerializer,
    PreviewRequestSerializer,
    PreviewSerializer,
)
from apps.router.engine.rules import Rules, read_rules
from apps.router.preview_queries import preview_alias, preview_policy

CONTROL_PLANE = (APIKeyAuthentication, MemberAuthentication)
SCOPE = "aliases:manage"


class AliasesView(APIView):
    """`/api/v1/aliases`: list and create."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {"GET": "aliases.read", "POST": "policy.manage"}

    @extend_schema(operation_id="list_aliases", responses=AliasListSerializer)
    def get(self, request: Request) -> Response:
        lines = [_shown(line) for line in alias_lines()]
        return Response({"data": AliasSerializer(lines, many=True).data})

    @extend_schema(
        operation_id="create_alias",
        request=NewAliasSerializer,
        responses={201: AliasSerializer},
    )
    def post(self, request: Request) -> Response:
        """Make an alias; requests may name it from then on."""
        asked = NewAliasSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        data = asked.validated_data
        wanted = alias_services.NewAlias(**{**data, "rules": _rules(data["rules"])})
        alias = alias_services.create_alias(wanted)
        return _answer(alias.id, status=status.HTTP_201_CREATED)


class AliasView(APIView):
    """`/api/v1/aliases/{id}`: read, change, delete."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {
        "GET": "aliases.read",
        "PATCH": "policy.manage",
        "DELETE": "policy.manage",
    }

    @extend_schema(operation_id="read_alias", responses=AliasSerializer)
    def get(self, request: Request, alias_id: UUID) -> Response:
        return _answer(alias_id)

    @extend_schema(
        operation_id="change_alias",
        request=AliasChangeSerializer,
        responses=AliasSerializer,
    )
    def patch(self, request: Request, alias_id: UUID) -> Response:
        """Change what is given; 409 when it changed since `version`."""
        asked = AliasChangeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        changes = dict(asked.validated_data)
        version = changes.pop("version")
        if "rules" in changes:
            changes["rules"] = _rules(changes["rules"])
        alias_services.change_alias(alias_id, changes, version=version)
        return _answer(alias_id)

    @extend_schema(operation_id="delete_alias", responses={204: None})
    def delete(self, request: Request, alias_id: UUID) -> Response:
        """End an alias with its budgets; requests that name it are refused."""
        alias_services.delete_alias(alias_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class AliasPreviewView(APIView):
    """`/api/v1/aliases/preview`: rules on past requests."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {"POST": "policy.manage"}

    @extend_schema(
        operation_id="preview_alias",
        request=PreviewRequestSerializer,
        responses=PreviewSerializer,
    )
    def post(self, request: Request) -> Response:
        """What would have changed, and what it would have cost; nobody is called."""
        asked = PreviewRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        data = asked.validated_data
        found = preview_alias(
            _rules(data["rules"]), alias=data["alias"], requests=data["requests"]
        )
        return Response(PreviewSerializer(found).data)


class PolicyView(APIView):
    """`/api/v1/policy`: what holds for every request of the organization."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {"GET": "aliases.read", "PATCH": "policy.manage"}

    @extend_schema(operation_id="read_policy", responses=PolicySerializer)
    def get(self, request: Request) -> Response:
        return _policy_answer()

    @extend_schema(
        operation_id="change_policy",
        request=PolicyChangeSerializer,
        responses=PolicySerializer,
    )
    def patch(self, request: Request) -> Response:
        """Set the rules as a whole; 409 when they changed since `version`."""
        asked = PolicyChangeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        data = asked.validated_data
        changes: dict[str, Any] = {}
        if "premium_model" in data:
            changes["premium_model"] = model_named(data["premium_model"])
        alias_services.change_policy(
            _rules(data["rules"]), version=data["version"], **changes
        )
        return _policy_answer()


class PolicyPreviewView(APIView):
    """`/api/v1/policy/preview`: another policy on past requests."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {"POST": "policy.manage"}

    @extend_schema(
        operation_id="preview_policy",
        request=PolicyPreviewRequestSerializer,
        responses=PreviewSerializer,
    )
    def post(self, request: Request) -> Response:
        """What would have changed, and what it would have cost; nobody is called."""
        asked = PolicyPreviewRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        data = asked.validated_data
        found = preview_policy(_rules(data["rules"]), requests=data["requests"])
        return Response(PreviewSerializer(found).data)


def model_named(slug: str | None) -> AIModel | None:
    """The model of this id, None for none; raises NotFoundError."""
    if not slug:
        return None
    model = AIModel.objects.filter(slug=slug).first()
    if model is None:
        raise NotFoundError(f"There is no model named {slug!r}.", param="premium_model")
    return model


def _rules(data: dict[str, Any]) -> Rules:
    """The rules of a body; what is wrong with them is named as it was sent."""
    try:
        rules = rules_of(data)
        alias_services.refuse_unknown(rules)
    except ValidationError as problem:
        raise ValidationError(
            problem.message, param=f"rules.{problem.param}"
        ) from problem
    return rules


def _shown(line: AliasLine) -> dict[str, Any]:
    alias, used = line.alias, line.used
    names = ("id", "name", "description", "is_active", "version")
    moments = ("created_at", "updated_at")
    return {
        **{name: getattr(alias, name) for name in (*names, *moments)},
        "rules": line.rules,
        "requests_30d": used.requests if used else 0,
        "cost_30d": (used.cost if used.has_price else None) if used else 0,
        "budgets": line.budgets,
    }


def _answer(alias_id: UUID, *, status: int = status.HTTP_200_OK) -> Response:
    shown = _shown(alias_line(alias_id))
    return Response(cast("Any", AliasSerializer(shown).data), status=status)


def _policy_answer() -> Response:
    policy = get_policy()
    premium = policy.premium_model
    shown = {
        "rules": read_rules(policy.rules),
        "premium_model": premium.slug if premium else None,
        "version": policy.version,
    }
    return Response(cast("Any", PolicySerializer(shown).data))

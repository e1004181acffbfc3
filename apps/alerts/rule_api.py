"""The control plane of custom rules, below `/api/v1/alerts/rules`."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.authentication import Allowed
from apps.alerts import queries, rule_services
from apps.alerts.api import CONTROL_PLANE, SCOPE
from apps.alerts.kinds import Severity
from apps.alerts.rule_models import Rule
from apps.alerts.rule_services import NewRule
from apps.alerts.serializers import (
    NewRuleSerializer,
    RuleChangeSerializer,
    RuleListSerializer,
    RulePreviewSerializer,
    RuleSerializer,
)


class RulesView(APIView):
    """`/api/v1/alerts/rules`: list and create."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {"GET": "alerts.read", "POST": "alerts.manage"}

    @extend_schema(operation_id="list_alert_rules", responses=RuleListSerializer)
    def get(self, request: Request) -> Response:
        found = [_facts(rule) for rule in queries.rules()]
        return Response({"data": RuleSerializer(found, many=True).data})

    @extend_schema(
        operation_id="create_alert_rule",
        request=NewRuleSerializer,
        responses={201: RuleSerializer},
    )
    def post(self, request: Request) -> Response:
        """Make a rule; it looks at what happens from now on."""
        rule = rule_services.create_rule(_wanted(request), by="API")
        return _answer(rule, status.HTTP_201_CREATED)


class RulePreviewView(APIView):
    """`/api/v1/alerts/rules/preview`: how often one would have fired."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {"POST": "alerts.manage"}

    @extend_schema(
        operation_id="preview_alert_rule",
        request=NewRuleSerializer,
        responses=RulePreviewSerializer,
    )
    def post(self, request: Request) -> Response:
        """How often it would have fired in the last 30 days, where that can be told."""
        found = rule_services.preview(_wanted(request))
        return Response(dict(RulePreviewSerializer(found).data))


class RuleView(APIView):
    """`/api/v1/alerts/rules/{id}`: read, change, delete."""

    authentication_classes = CONTROL_PLANE
    permission_classes = (Allowed,)
    key_scope = SCOPE
    actions = {
        "GET": "alerts.read",
        "PATCH": "alerts.manage",
        "DELETE": "alerts.manage",
    }

    @extend_schema(operation_id="read_alert_rule", responses=RuleSerializer)
    def get(self, request: Request, rule_id: UUID) -> Response:
        return _answer(queries.get_rule(rule_id))

    @extend_schema(
        operation_id="change_alert_rule",
        request=RuleChangeSerializer,
        responses=RuleSerializer,
    )
    def patch(self, request: Request, rule_id: UUID) -> Response:
        """Change what is given; its kind stays."""
        asked = RuleChangeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        changes = dict(asked.validated_data)
        if "severity" in changes:
            changes["severity"] = Severity.named(changes["severity"])
        return _answer(rule_services.change_rule(rule_id, changes))

    @extend_schema(operation_id="delete_alert_rule", responses={204: None})
    def delete(self, request: Request, rule_id: UUID) -> Response:
        """End a rule; what it told of stays in the inboxes."""
        rule_services.delete_rule(rule_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _wanted(request: Request) -> NewRule:
    asked = NewRuleSerializer(data=request.data)
    asked.is_valid(raise_exception=True)
    data = dict(asked.validated_data)
    return NewRule(**{**data, "severity": Severity.named(data["severity"])})


def _facts(rule: Rule) -> dict[str, Any]:
    names = (
        *("id", "about", "name", "params", "cooldown_h", "is_enabled"),
        *("fired_at", "error"),
    )
    facts = {name: getattr(rule, name) for name in names}
    return {**facts, "severity": Severity(rule.severity).code}


def _answer(rule: Rule, code: int = status.HTTP_200_OK) -> Response:
    return Response(dict(RuleSerializer(_facts(rule)).data), status=code)

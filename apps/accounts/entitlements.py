"""What an organization may do and how much of it: the one answer to "may they?".

An installation that sells no plans (no `STRIPE_SECRET_KEY`) runs with every limit
off. Otherwise the organization's plan decides, and without one the free plan.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final
from uuid import UUID

from django.conf import settings

from apps.accounts.models import OrganizationPlan, Plan
from apps.tenancy.scope import scope

FREE: Final = "free"
_CHAT: Final = frozenset({Plan.Alerts.CHAT, Plan.Alerts.ALL})

type _Rule = Callable[[Plan], bool]


def _has_chat(plan: Plan) -> bool:
    return plan.alerts in _CHAT


def _has_all_alerts(plan: Plan) -> bool:
    return plan.alerts == Plan.Alerts.ALL


FEATURES: Final[Mapping[str, _Rule]] = MappingProxyType(
    {
        "sso": lambda plan: plan.has_sso,
        "audit_export": lambda plan: plan.has_audit_export,
        "github_app": lambda plan: plan.github_repositories != 0,
        "alerts.email": _has_chat,
        "alerts.slack": _has_chat,
        "alerts.discord": _has_chat,
        "alerts.webhook": _has_all_alerts,
        "alerts.custom_rules": _has_all_alerts,
    }
)
LIMITS: Final = frozenset(
    {
        "products",
        "functions",
        "sanity_checks",  # a calendar month, UTC
        "panels",  # a calendar month, UTC
        "routed_requests",  # a calendar month, UTC
        "members",
        "history_days",
        "github_repositories",
    }
)


def allows(org_id: UUID, feature: str) -> bool:
    """Whether the organization's plan has the feature; an unknown one raises."""
    rule = FEATURES[feature]
    return not settings.STRIPE_SECRET_KEY or rule(plan_of(org_id))


def limit(org_id: UUID, name: str) -> int | None:
    """How many of something the plan has room for; None is no limit."""
    if name not in LIMITS:
        raise KeyError(name)
    if not settings.STRIPE_SECRET_KEY:
        return None
    number: int | None = getattr(plan_of(org_id), name)
    return number


def plan_of(org_id: UUID) -> Plan:
    """The plan an organization is on, whatever the installation sells."""
    with scope(org_id):
        held = OrganizationPlan.objects.select_related("plan").first()
    return held.plan if held else Plan.objects.get(code=FREE)

"""What each organization set, as the router's snapshot holds it."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import msgspec

from apps.router.alias_models import Alias
from apps.router.engine.rules import NO_RULES, NOTHING, Rules, Weights, read_rules
from apps.router.engine.trial import Trial
from apps.router.limits.rules import NO_LIMITS, OrgLimits
from apps.router.limits.stored import limits_by_org
from apps.router.models import Policy
from apps.router.standing import key_caches, running_trials

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AliasEntry:
    """One alias; its rules are those of its organization with its own."""

    id: UUID
    name: str
    is_active: bool
    rules: Rules
    # The slug of the model before the last switch, if there was one.
    baseline_model: str = ""


@dataclass(frozen=True, slots=True)
class OrgPolicy:
    """What one organization set; None leaves the default."""

    weights: Weights | None = None
    premium_model: str = ""
    limits: OrgLimits = NO_LIMITS
    rules: Rules = NO_RULES
    aliases: Mapping[str, AliasEntry] = field(default_factory=dict)
    # Keys whose answers may come from memory, and how old they may be, in seconds.
    key_caches: Mapping[UUID | None, int] = field(default_factory=dict)
    # Experiments that run, by alias.
    trials: Mapping[UUID, Trial] = field(default_factory=dict)


DEFAULT_POLICY = OrgPolicy()


def org_policies() -> dict[UUID, OrgPolicy]:
    """What every organization set, by its id."""
    rows = {row.org_id: row for row in Policy.objects.select_related("premium_model")}
    aliases: dict[UUID, list[Alias]] = defaultdict(list)
    for alias in Alias.objects.order_by("id"):
        aliases[alias.org_id].append(alias)
    limits = limits_by_org(rows.values())
    caches, trials = key_caches(), running_trials()
    return {
        org_id: replace(
            _policy(
                rows.get(org_id), limits.get(org_id, NO_LIMITS), aliases.get(org_id, [])
            ),
            key_caches=caches.get(org_id, {}),
            trials=trials.get(org_id, {}),
        )
        for org_id in limits.keys() | aliases.keys() | caches.keys()
    }


def _policy(
    row: Policy | None, limits: OrgLimits, aliases: Iterable[Alias]
) -> OrgPolicy:
    rules = _rules(row.rules, row) if row else NO_RULES
    entries = {
        alias.name: AliasEntry(
            alias.id,
            alias.name,
            alias.is_active,
            rules.narrowed_by(_rules(alias.rules, alias)),
            alias.baseline_model,
        )
        for alias in aliases
    }
    if row is None:
        return OrgPolicy(limits=limits, aliases=entries)
    return OrgPolicy(
        Weights(row.weight_cost, row.weight_latency, row.weight_task),
        row.premium_model.slug if row.premium_model else "",
        limits,
        rules,
        entries,
    )


def _rules(stored: dict[str, Any], owner: Policy | Alias) -> Rules:
    """Rules that cannot be read allow nothing: they may have kept data at home."""
    try:
        return read_rules(stored)
    except msgspec.ValidationError:
        logger.exception("The rules of %s cannot be read", owner.pk)
        return Rules(models=(NOTHING,))


def baseline_models(policies: Iterable[OrgPolicy]) -> set[str]:
    """Every model that some organization's savings are measured against."""
    found = set[str]()
    for policy in policies:
        found.add(policy.premium_model)
        found.update(alias.baseline_model for alias in policy.aliases.values())
    return found


def wishing_to_learn(policies: Mapping[UUID, OrgPolicy]) -> list[UUID]:
    """Organizations that ask somewhere to have models chosen by their outcomes."""
    return [
        org_id
        for org_id, policy in policies.items()
        if any(
            rules.strategy == "learned"
            for rules in (policy.rules, *(a.rules for a in policy.aliases.values()))
        )
    ]

"""Writes of custom rules, and looking whether they hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.urls import reverse

from apps.accounts import entitlements
from apps.alerts.cooling import let_through, still_cooling
from apps.alerts.kinds import Kind, Severity
from apps.alerts.rule_kinds import Finding, Preview, evaluator_of
from apps.alerts.rule_models import Rule
from apps.alerts.services import emit
from apps.audit.services import record
from apps.jobs.redact import describe
from apps.kit.clock import utc_now
from apps.kit.errors import (
    AppError,
    NotFoundError,
    PermissionDeniedError,
    UnprocessableError,
)
from apps.tenancy.scope import require_org_id

MOST_RULES: Final = 50
FEATURE: Final = "alerts.custom_rules"
CHANGEABLE: Final = ("name", "severity", "cooldown_h", "is_enabled")


@dataclass(frozen=True, slots=True)
class NewRule:
    """What somebody enters; the name may be left to us."""

    about: str
    params: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    severity: Severity = Severity.WARNING
    cooldown_h: int = 24


def create_rule(wanted: NewRule, *, by: str = "") -> Rule:
    """Add a rule; it looks at what happens from now on."""
    require_feature()
    evaluator = evaluator_of(wanted.about)
    params = evaluator.clean(wanted.params)
    if Rule.objects.count() >= MOST_RULES:
        raise UnprocessableError(f"There are {MOST_RULES} rules already.")
    with transaction.atomic():
        rule = Rule.objects.create(
            about=wanted.about,
            name=wanted.name or evaluator.words(params)[:120],
            params=params,
            severity=wanted.severity,
            cooldown_h=wanted.cooldown_h,
            created_by=by,
            looked_at=utc_now(),
        )
        _record("alert_rule.created", rule, after=_facts(rule))
    return rule


def require_feature() -> None:
    if not entitlements.allows(require_org_id(), FEATURE):
        raise PermissionDeniedError(
            "Rules of your own are not part of your organization's plan."
        )


def change_rule(rule_id: UUID, changes: Mapping[str, Any]) -> Rule:
    """Change what is given of CHANGEABLE and `params`."""
    with transaction.atomic():
        rule = _locked(rule_id)
        before = _facts(rule)
        if "params" in changes:
            rule.params = evaluator_of(rule.about).clean(changes["params"])
        if changes.get("is_enabled") and not rule.is_enabled:
            rule.looked_at = utc_now()
        for name in CHANGEABLE:
            if name in changes:
                setattr(rule, name, changes[name])
        rule.save()
        _record("alert_rule.changed", rule, before=before, after=_facts(rule))
    return rule


def delete_rule(rule_id: UUID) -> None:
    with transaction.atomic():
        rule = _locked(rule_id)
        _record("alert_rule.deleted", rule, before=_facts(rule))
        rule.delete()


def preview(wanted: NewRule) -> Preview:
    """How often it would have fired in the last days, where that can be told."""
    evaluator = evaluator_of(wanted.about)
    params = evaluator.clean(wanted.params)
    return evaluator.preview(params, until=utc_now(), cooldown_h=wanted.cooldown_h)


def watch() -> int:
    """Look at every rule of the organization in scope; returns how often one fired."""
    if not entitlements.allows(require_org_id(), FEATURE):
        return 0
    enabled = Rule.objects.filter(is_enabled=True)
    return sum(_watch_one(rule_id) for rule_id in enabled.values_list("id", flat=True))


def _watch_one(rule_id: UUID) -> int:
    """A rule's look and what it tells of, in one transaction: done once or not yet."""
    try:
        with transaction.atomic():
            rule = _locked(rule_id)
            return _look(rule, utc_now()) if rule.is_enabled else 0
    except AppError as problem:
        # Such as an alias that was deleted: the page says it, the others go on.
        Rule.objects.filter(id=rule_id).update(error=describe(problem)[:300])
        return 0


def _look(rule: Rule, now: datetime) -> int:
    since = rule.looked_at or now
    found = evaluator_of(rule.about).find(rule.params, since=since, until=now)
    cooldown = timedelta(hours=rule.cooldown_h)
    told = {s: datetime.fromisoformat(text) for s, text in rule.told.items()}
    moments = [(finding.subject, finding.at or now) for finding in found]
    places = let_through(moments, told, cooldown=cooldown)
    for place in places:
        _tell(rule, found[place])
        told[moments[place][0]] = moments[place][1]
    kept = still_cooling(told, now, cooldown=cooldown)
    rule.told = {subject: at.isoformat() for subject, at in kept.items()}
    rule.looked_at, rule.error = now, ""
    rule.fired_at = now if places else rule.fired_at
    rule.save(update_fields=["told", "looked_at", "error", "fired_at"])
    return len(places)


def _tell(rule: Rule, finding: Finding) -> None:
    emit(
        Kind.CUSTOM_RULE,
        severity=Severity(rule.severity),
        title=finding.title,
        body=f"{finding.body}\nRule: {rule.name}".strip(),
        url=finding.url or reverse("alerts:rules"),
        subject=finding.subject,
        data={**finding.data, "rule_id": str(rule.id), "rule": rule.name},
    )


def _locked(rule_id: UUID) -> Rule:
    rule = Rule.objects.select_for_update(of=("self",)).filter(id=rule_id).first()
    if rule is None:
        raise NotFoundError("There is no such rule.")
    return rule


def _facts(rule: Rule) -> dict[str, Any]:
    return {
        "name": rule.name,
        "about": rule.about,
        "params": rule.params,
        "severity": Severity(rule.severity).code,
        "cooldown_h": rule.cooldown_h,
        "is_enabled": rule.is_enabled,
    }


def _record(
    action: str,
    rule: Rule,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    record(action, subject="alert_rule", subject_id=rule.id, before=before, after=after)

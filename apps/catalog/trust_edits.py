"""What editors may say of trust: override a tier or a dimension, add a fact."""

from dataclasses import dataclass
from datetime import date, datetime

from apps.audit.services import record
from apps.catalog import approvals
from apps.catalog.assessing import assess_all
from apps.catalog.models import AIModel, Provider, TrustFact, TrustOverride
from apps.catalog.services import DATABASE, announce, lock_catalog
from apps.catalog.trust import DIMENSIONS
from apps.kit.clock import utc_now
from apps.kit.errors import ValidationError


@dataclass(frozen=True, slots=True)
class NewTrust:
    """An editor's word: a tier (of a provider), or the score of one dimension."""

    reason: str
    evidence_url: str
    evidence_on: date
    expires_at: datetime
    dimension: str = ""
    tier: str = ""
    score: int | None = None


def propose(subject: Provider | AIModel, new: NewTrust, *, by: str) -> TrustOverride:
    """Override trust, or put it before a second editor where two are needed."""
    _check(subject, new)
    with approvals.editing():
        lock_catalog()
        override = TrustOverride(
            provider=subject if isinstance(subject, Provider) else None,
            ai_model=subject if isinstance(subject, AIModel) else None,
            dimension=new.dimension,
            tier=new.tier,
            score=new.score,
            reason=new.reason.strip(),
            evidence_url=new.evidence_url.strip(),
            evidence_on=new.evidence_on,
            expires_at=new.expires_at,
            proposed_by=by.strip().lower(),
            **approvals.first_state(),
        )
        override.decided_at = None if override.needs_two else utc_now()
        override.save(using=DATABASE, force_insert=True)
        approvals.note("proposed", override, before=None)
        _apply()
    return override


def approve(override: TrustOverride, *, by: str) -> None:
    """Put a proposal in force; raises PermissionDeniedError for its proposer."""
    with approvals.editing():
        lock_catalog()
        approvals.decide(override, "approved", by=by)
        _apply()


def refuse(override: TrustOverride, *, by: str) -> None:
    """Turn a proposal down; its proposer may do that too."""
    with approvals.editing():
        approvals.decide(override, "refused", by=by)


def withdraw(override: TrustOverride, *, by: str) -> None:
    """Let the computed value count again."""
    with approvals.editing():
        lock_catalog()
        approvals.withdraw(override, by=by)
        _apply()


@dataclass(frozen=True, slots=True)
class NewFact:
    """A fact that no source states, such as an audit certificate, with its link."""

    company: str
    key: str
    value: object
    source: str
    url: str
    stated_on: date


def state_fact(new: NewFact, *, by: str) -> TrustFact:
    """Write a fact of an editor's; it outlives what is shipped."""
    if new.key not in TrustFact.Key.values or not new.url:
        raise ValidationError("A fact needs a known kind and a link.")
    with approvals.editing():
        lock_catalog()
        facts = TrustFact.objects.using(DATABASE)
        old = facts.filter(company=new.company, key=new.key).first()
        before = {"value": old.value, "url": old.url} if old else None
        fact, _ = facts.update_or_create(
            company=new.company,
            key=new.key,
            defaults={
                "value": new.value,
                "source": new.source,
                "url": new.url,
                "stated_on": new.stated_on,
                "by": by.strip().lower(),
            },
        )
        record(
            "trust_fact.stated",
            subject="trust_fact",
            subject_id=fact.pk,
            before=before,
            after={"name": f"{new.company} {new.key}", "value": new.value},
            org_id=None,
        )
        _apply()
    return fact


def _apply() -> None:
    if assess_all(using=DATABASE, on=utc_now().date()):
        announce("trust")


def _check(subject: Provider | AIModel, new: NewTrust) -> None:
    if not new.reason.strip() or not new.evidence_url.strip():
        raise ValidationError("An override needs a reason and a link.", param="reason")
    if new.expires_at <= utc_now():
        raise ValidationError("An override must end in the future.", param="expires_at")
    if new.dimension:
        is_score = new.score is not None and 0 <= new.score <= 100 and not new.tier
        if new.dimension not in DIMENSIONS or not is_score:
            raise ValidationError("A dimension is given 0 to 100.", param="score")
        return
    is_tier = new.tier in {"A", "B", "C"} and new.score is None
    if not is_tier or not isinstance(subject, Provider):
        raise ValidationError("A provider is given the tier A, B or C.", param="tier")

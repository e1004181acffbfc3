"""Gather the facts of trust, let `trust` judge them, and write what changed."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from apps.catalog import trust, trust_facts
from apps.catalog.models import (
    AIModel,
    ModelChange,
    Origin,
    Provider,
    TrustOverride,
    TrustScore,
)
from apps.catalog.provenance import said_of
from apps.kit.clock import utc_now

TIER_RULE: Final = "the stated rule of trust tiers"


def assess_all(*, using: str, on: date) -> int:
    """Assess every provider and model; how many rows changed."""
    facts = trust_facts.Gathered.read(using=using, on=on)
    wanted: list[TrustScore] = []
    changed = 0
    for provider in Provider.objects.using(using):
        known = facts.of_provider(provider)
        wanted += _rows(trust.assess_provider(known), provider_id=provider.pk)
        changed += _set_tier(provider, trust.tier_of(known), using=using)
    for model in AIModel.objects.using(using).exclude(kind=AIModel.Kind.OTHER):
        known_model = facts.of_model(model)
        wanted += _rows(trust.assess_model(known_model), ai_model_id=model.pk)
    return changed + _write(wanted, using=using)


def _rows(
    assessments: Iterable[trust.Assessment],
    *,
    provider_id: UUID | None = None,
    ai_model_id: UUID | None = None,
) -> Iterable[TrustScore]:
    """Only what something is known of: no row is "not assessed" too."""
    for one in assessments:
        if one.evidence:
            yield TrustScore(
                provider_id=provider_id,
                ai_model_id=ai_model_id,
                dimension=one.dimension,
                score=one.score,
                evidence=[
                    {"text": fact.text, "url": fact.url, "on": fact.on.isoformat()}
                    for fact in one.evidence
                ],
            )


def _place(row: TrustScore) -> tuple[UUID | None, UUID | None, str]:
    return row.provider_id, row.ai_model_id, row.dimension


def _write(wanted: Iterable[TrustScore], *, using: str) -> int:
    table = TrustScore.objects.using(using)
    held = {_place(row): row for row in table.all()}
    now = utc_now()
    new, moved = [], []
    for row in wanted:
        row.computed_at = now
        old = held.pop(_place(row), None)
        if old is None:
            new.append(row)
        elif (old.score, old.evidence) != (row.score, row.evidence):
            row.pk = old.pk
            moved.append(row)
    if held:
        table.filter(pk__in=[row.pk for row in held.values()]).delete()
    table.bulk_create(new, batch_size=1000)
    table.bulk_update(moved, ["score", "evidence", "computed_at"], batch_size=500)
    return len(new) + len(moved) + len(held)


def _set_tier(provider: Provider, decision: trust.TierDecision, *, using: str) -> int:
    """Put the tier in force: an editor's while it lasts, else the rule's."""
    override = tier_override(provider, using=using)
    tier = override.tier if override else decision.tier
    if provider.tier == tier:
        return 0
    origin = said_of(provider, "trains_on_prompts").origin
    ModelChange.objects.using(using).create(
        at=utc_now(),
        what=ModelChange.What.PROVIDER_CHANGED,
        provider=provider,
        field="tier",
        old=provider.tier or None,
        new=tier or None,
        origin=Origin.EDITOR if override else origin,
        source="an editor's override" if override else TIER_RULE,
        by=override.decided_by or override.proposed_by if override else "",
        # The first assessment is new to us, and no news about the provider.
        is_first_look=not provider.tier and not override,
    )
    provider.tier = tier
    provider.save(using=using, update_fields=["tier", "updated_at"])
    return 1


def in_force(now: datetime, *, using: str) -> Any:
    """The trust overrides that count at a moment, the latest decision last."""
    return (
        TrustOverride.objects.using(using)
        .filter(state=TrustOverride.State.APPROVED, expires_at__gt=now)
        .order_by("decided_at")
    )


def tier_override(provider: Provider, *, using: str) -> TrustOverride | None:
    found: TrustOverride | None = (
        in_force(utc_now(), using=using).filter(provider=provider, dimension="").last()
    )
    return found

"""Trust as pages and the advisor read it: computed scores under editors' overrides."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q

from apps.catalog import trust
from apps.catalog.assessing import in_force
from apps.catalog.models import AIModel, Provider, TrustOverride, TrustScore
from apps.catalog.trust_facts import Gathered
from apps.kit.clock import utc_now


@dataclass(frozen=True, slots=True)
class TrustOnPage:
    """One dimension: its score (None: not assessed), its facts, who overrode it."""

    slug: str
    label: str
    score: int | None
    computed: int | None
    evidence: tuple[Mapping[str, Any], ...]
    override: TrustOverride | None = None


def trust_of_provider(provider: Provider) -> list[TrustOnPage]:
    """The eight dimensions of who serves; those of models are not assessed here."""
    return _dimensions(Q(provider=provider), Q(provider=provider))


def trust_of_model(
    model: AIModel, *, provider: Provider | None = None
) -> list[TrustOnPage]:
    """The eight dimensions of a model, at one provider where one is named.

    What both have (price, transparency) is the model's own first.
    """
    subjects = Q(ai_model=model)
    if provider is not None:
        subjects |= Q(provider=provider)
    return _dimensions(subjects, subjects)


def _dimensions(scores: Q, overrides: Q) -> list[TrustOnPage]:
    # Rows of the provider first, so that the model's own word replaces them.
    rows = TrustScore.objects.filter(scores).order_by("ai_model_id")
    known: dict[str, TrustScore] = {}
    for row in sorted(rows, key=lambda row: row.ai_model_id is not None):
        if row.score is not None or row.dimension not in known:
            known[row.dimension] = row
    edited = {
        row.dimension: row
        for row in in_force(utc_now(), using="default").filter(overrides)
        if row.dimension
    }
    return [
        _on_page(dimension, known.get(slug), edited.get(slug))
        for slug, dimension in trust.DIMENSIONS.items()
    ]


def _on_page(
    dimension: trust.Dimension, row: TrustScore | None, override: TrustOverride | None
) -> TrustOnPage:
    computed = row.score if row else None
    return TrustOnPage(
        slug=dimension.slug,
        label=dimension.label,
        score=override.score if override else computed,
        computed=computed,
        evidence=tuple(row.evidence) if row else (),
        override=override,
    )


def combined(dimensions: Iterable[TrustOnPage]) -> float | None:
    """One figure of 0 to 100, or None where fewer than three are assessed."""
    return trust.combined(one.score for one in dimensions)


@dataclass(frozen=True, slots=True)
class TierOnPage:
    """The tier in force, what the rule says, why, and who overrode it."""

    tier: str
    computed: str
    reasons: tuple[str, ...]
    override: TrustOverride | None = None


def tier_of(provider: Provider, *, on: date | None = None) -> TierOnPage:
    """Why a provider has its tier."""
    facts = Gathered.of_one(provider, using="default", on=on or utc_now().date())
    decision = trust.tier_of(facts)
    override = (
        in_force(utc_now(), using="default")
        .filter(provider=provider, dimension="")
        .last()
    )
    tier = override.tier if override else decision.tier
    return TierOnPage(tier, decision.tier, decision.reasons, override)


def waiting() -> list[TrustOverride]:
    """Proposals that wait for a second editor, the oldest first."""
    return list(
        TrustOverride.objects.filter(
            state=TrustOverride.State.PROPOSED, expires_at__gt=utc_now()
        )
        .select_related("provider", "ai_model")
        .order_by("proposed_at")
    )

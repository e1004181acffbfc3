"""Editorial overrides: keep out, rank down or flag a model, a provider or an offer."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from apps.catalog import approvals
from apps.catalog.models import AIModel, EditorialOverride, Offer, Provider
from apps.catalog.services import DATABASE, announce
from apps.kit.clock import utc_now
from apps.kit.errors import ValidationError

Effect = EditorialOverride.Effect
type Subject = AIModel | Provider | Offer


@dataclass(frozen=True, slots=True)
class NewOverride:
    """What an editor asks for; `factor` belongs to a downrank alone."""

    effect: str
    reason: str
    expires_at: datetime
    severity: str = EditorialOverride.Severity.WARNING
    factor: float | None = None
    evidence_url: str = ""


def propose(subject: Subject, new: NewOverride, *, by: str) -> EditorialOverride:
    """Set an override, or put it before a second editor where two are needed."""
    _check(new)
    with approvals.editing():
        override = EditorialOverride(
            **_subject(subject),
            effect=new.effect,
            factor=new.factor,
            severity=new.severity,
            reason=new.reason.strip(),
            evidence_url=new.evidence_url.strip(),
            expires_at=new.expires_at,
            proposed_by=by.strip().lower(),
            **approvals.first_state(),
        )
        override.save(using=DATABASE, force_insert=True)
        approvals.note("proposed", override, before=None)
        _tell(override)
    return override


def approve(override: EditorialOverride, *, by: str) -> None:
    """Put a proposal in force; raises PermissionDeniedError for its proposer."""
    with approvals.editing():
        approvals.decide(override, "approved", by=by)
        _tell(override)


def refuse(override: EditorialOverride, *, by: str) -> None:
    """Turn a proposal down; its proposer may do that too."""
    with approvals.editing():
        approvals.decide(override, "refused", by=by)


def withdraw(override: EditorialOverride, *, by: str) -> None:
    """End an override before its day."""
    with approvals.editing():
        approvals.withdraw(override, by=by)
        announce("override")


def _tell(override: EditorialOverride) -> None:
    if override.state == EditorialOverride.State.APPROVED:
        announce("override")


def _check(new: NewOverride) -> None:
    if not new.reason.strip():
        raise ValidationError("An override needs a reason.", param="reason")
    if new.effect not in Effect.values:
        raise ValidationError("That effect is not known.", param="effect")
    if new.expires_at <= utc_now():
        raise ValidationError("An override must end in the future.", param="expires_at")
    is_factor = new.factor is not None and 0 < new.factor < 1
    if (new.effect == Effect.DOWNRANK) != is_factor:
        raise ValidationError(
            "A downrank, and only that, has a factor between 0 and 1.", param="factor"
        )


def _subject(subject: Subject) -> dict[str, Any]:
    names = {AIModel: "ai_model", Provider: "provider", Offer: "offer"}
    return {names[type(subject)]: subject}


@dataclass(frozen=True, slots=True)
class Judged:
    """What the overrides in force come to for one offer."""

    exclusion: str = ""  # the reason in words; empty: not excluded
    factor: float = 1.0
    flags: tuple[str, ...] = ()


NOTHING = Judged()


@dataclass(frozen=True, slots=True)
class InForce:
    """The overrides of one moment, looked up by model, provider or offer."""

    rows: tuple[EditorialOverride, ...]

    @classmethod
    def read(cls, now: datetime, *, using: str) -> "InForce":
        rows = EditorialOverride.objects.using(using).filter(
            state=EditorialOverride.State.APPROVED, expires_at__gt=now
        )
        return cls(tuple(rows.order_by("proposed_at", "id")))

    @property
    def ends_at(self) -> datetime | None:
        """When the first of them ends."""
        return min((row.expires_at for row in self.rows), default=None)

    def of(self, *, model_id: UUID, provider_id: UUID, offer_id: UUID) -> Judged:
        """Exclusion wins; of several downranks each counts."""
        if not self.rows:
            return NOTHING
        mine = [
            row
            for row in self.rows
            if model_id == row.ai_model_id
            or provider_id == row.provider_id
            or offer_id == row.offer_id
        ]
        factor = 1.0
        for row in mine:
            factor *= row.factor or 1.0
        reasons = [_words(row) for row in mine if row.effect == Effect.EXCLUDE]
        flags = tuple(_words(row) for row in mine if row.effect == Effect.FLAG)
        return Judged("; ".join(reasons), factor, flags)


def _words(row: EditorialOverride) -> str:
    return f"{row.reason} (until {row.expires_at:%Y-%m-%d})"

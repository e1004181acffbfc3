"""Opportunities as they are kept: one row for each use case and candidate, for good."""

from typing import Final

from django.db import models
from django.db.models import Q

from apps.kit.clock import utc_now
from apps.tenancy.models import TenantModel

KINDS: Final = (
    ("cost_saving", "Cost saving"),
    ("quality_upgrade", "Quality upgrade"),
    ("speed_improvement", "Speed improvement"),
    ("trust_upgrade", "Trust upgrade"),
    ("context_upgrade", "Context upgrade"),
)


STATES: Final = ("active", "accepted", "dismissed", "invalidated", "expired")


class Opportunity(TenantModel):
    """A better model for one use case, with everything that it rests on.

    A row is never deleted while its use case is there, so that a decision holds and an
    id in a mail still leads somewhere. `details` is what `stored.py` writes and reads.
    """

    class State(models.TextChoices):
        ACTIVE = "active", "Open"
        ACCEPTED = "accepted", "Switched"
        DISMISSED = "dismissed", "Dismissed"
        INVALIDATED = "invalidated", "No longer possible"
        EXPIRED = "expired", "No longer better"

    class Band(models.TextChoices):
        MINOR = "minor", "Minor"
        MODERATE = "moderate", "Moderate"
        MAJOR = "major", "Major"

    class Effort(models.TextChoices):
        VERY_LOW = "very_low", "very low"
        LOW = "low", "low"
        MEDIUM = "medium", "medium"
        HIGH = "high", "high"

    class Reason(models.TextChoices):
        QUALITY = "quality", "Its quality is not good enough"
        RISK = "risk", "Too risky"
        EFFORT = "effort", "Too much work"
        POLICY = "policy", "We may not use it"
        SAVING = "saving", "The gain is too small"
        LATER = "later", "Not now"
        OTHER = "other", "Another reason"

    use_case = models.ForeignKey(
        "portfolio.UseCase",
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    current_model = models.ForeignKey(
        "catalog.AIModel", on_delete=models.PROTECT, related_name="+"
    )
    candidate_model = models.ForeignKey(
        "catalog.AIModel", on_delete=models.PROTECT, related_name="+"
    )
    candidate_provider = models.ForeignKey(
        "catalog.Provider", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    kind = models.CharField(max_length=17, choices=KINDS)
    band = models.CharField(max_length=8, choices=Band)
    # Of the FitScore, as a share: 0.33 is a third better.
    fit_gain = models.FloatField()
    confidence = models.PositiveSmallIntegerField()
    risk = models.PositiveSmallIntegerField()
    effort = models.CharField(max_length=8, choices=Effort)
    # A month's; None: not assessed, because the volume is not known.
    savings_month_usd = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    savings_low_usd = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    savings_high_usd = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    # The volume is typed, not measured.
    is_estimate = models.BooleanField(default=True)
    details = models.JSONField(default=dict)
    state = models.CharField(max_length=11, choices=State, default=State.ACTIVE)
    # Why it is in a state that the finder put it in.
    state_reason = models.CharField(max_length=300, blank=True)
    # Until then it is out of the way; a dismissal also ends when its basis moves.
    dismissed_until = models.DateTimeField(null=True)
    snoozed_until = models.DateTimeField(null=True)
    dismiss_reason = models.CharField(max_length=8, choices=Reason, blank=True)
    dismiss_note = models.CharField(max_length=500, blank=True)
    # What prices and quality were when it was dismissed: see `returning.py`.
    dismiss_basis = models.JSONField(default=dict)
    switch_id = models.UUIDField(null=True)
    found_at = models.DateTimeField(default=utc_now)
    # When the finder last came to the same result.
    validated_at = models.DateTimeField(default=utc_now)
    # When a decision or the finder last moved it from one state to another.
    state_at = models.DateTimeField(default=utc_now)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["org", "use_case", "candidate_model"],
                name="opportunity_is_one_a_model",
            ),
            models.CheckConstraint(
                condition=Q(confidence__lte=100), name="opportunity_confidence_of_100"
            ),
            models.CheckConstraint(
                condition=Q(risk__lte=4), name="opportunity_risk_of_4"
            ),
            models.CheckConstraint(
                condition=Q(state__in=STATES), name="opportunity_state_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(kind="cost_saving") | Q(savings_month_usd__isnull=False),
                name="opportunity_saving_has_dollars",
            ),
        )
        indexes = (
            models.Index(
                fields=["org", "state", "-savings_month_usd"],
                name="opportunity_by_value",
            ),
            # What a change of one model touches.
            models.Index(fields=["candidate_model"], name="opportunity_by_candidate"),
        )

    def __str__(self) -> str:
        return f"{self.current_model_id} to {self.candidate_model_id}"


class OpportunityEvent(TenantModel):
    """What happened to an opportunity, oldest to newest: its history."""

    class What(models.TextChoices):
        FOUND = "found", "Found"
        CHANGED = "changed", "Figures changed"
        DISMISSED = "dismissed", "Dismissed"
        SNOOZED = "snoozed", "Put off"
        RESTORED = "restored", "Restored"
        RETURNED = "returned", "Came back"
        ACCEPTED = "accepted", "Switched"
        UNDONE = "undone", "Switch undone"
        INVALIDATED = "invalidated", "No longer possible"
        EXPIRED = "expired", "No longer better"

    opportunity = models.ForeignKey(
        Opportunity,
        on_delete=models.CASCADE,
        related_name="events",
        db_constraint=False,
        db_index=False,
    )
    what = models.CharField(max_length=11, choices=What)
    text = models.CharField(max_length=500, blank=True)
    savings_month_usd = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    confidence = models.PositiveSmallIntegerField(null=True)
    at = models.DateTimeField(default=utc_now)

    class Meta:
        indexes = (
            models.Index(
                fields=["org", "opportunity", "-at"], name="opportunity_event_of_one"
            ),
        )

    def __str__(self) -> str:
        return f"{self.what} {self.at:%Y-%m-%d}"


class MarketMark(models.Model):
    """Up to where the finder has followed the catalog's changes; one row, nobody's."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    change_id = models.UUIDField(null=True)
    # Editors' overrides that counted then: they come and go without a change.
    overrides = models.JSONField(default=list)
    moved_at = models.DateTimeField(default=utc_now)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(id=1), name="market_mark_is_one"),
        )

    def __str__(self) -> str:
        return str(self.change_id)

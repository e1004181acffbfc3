"""Editors' judgement over a model, a provider or one offer."""

from django.db import models
from django.db.models import F, Q

from apps.catalog.models.ai_models import AIModel
from apps.catalog.models.offers import Offer
from apps.catalog.models.providers import Provider
from apps.kit.clock import utc_now
from apps.kit.ids import uuid7


class EditorialOverride(models.Model):
    """Keep something out, rank it down or mark it: for a reason, until a day.

    Whoever names an excluded model still gets it: the override is about what we choose
    and recommend, not about what a customer may use.
    """

    class Effect(models.TextChoices):
        EXCLUDE = "exclude", "Exclude: never chosen nor recommended"
        DOWNRANK = "downrank", "Downrank: its score is multiplied"
        FLAG = "flag", "Flag: shown"

    class Severity(models.TextChoices):
        INFO = "info", "Info"
        WARNING = "warning", "Warning"
        URGENT = "urgent", "Urgent"
        CRITICAL = "critical", "Critical"

    class State(models.TextChoices):
        PROPOSED = "proposed", "Waits for a second editor"
        APPROVED = "approved", "Approved"
        REFUSED = "refused", "Refused"
        WITHDRAWN = "withdrawn", "Withdrawn"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    ai_model = models.ForeignKey(
        AIModel, on_delete=models.CASCADE, null=True, related_name="overrides"
    )
    provider = models.ForeignKey(
        Provider, on_delete=models.CASCADE, null=True, related_name="overrides"
    )
    offer = models.ForeignKey(
        Offer, on_delete=models.CASCADE, null=True, related_name="overrides"
    )
    effect = models.CharField(max_length=10, choices=Effect.choices)
    # What a downranked score is multiplied by.
    factor = models.FloatField(null=True)
    severity = models.CharField(
        max_length=10, choices=Severity.choices, default=Severity.WARNING
    )
    reason = models.TextField()
    evidence_url = models.CharField(max_length=300, blank=True)
    expires_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State.choices)
    # Whether a second person had to agree when it was proposed.
    needs_two = models.BooleanField()
    proposed_by = models.CharField(max_length=254)
    proposed_at = models.DateTimeField(default=utc_now)
    decided_by = models.CharField(max_length=254, blank=True)
    decided_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = (models.Index(fields=["state", "expires_at"]),)
        constraints = (
            models.CheckConstraint(
                condition=(
                    Q(ai_model__isnull=False, provider__isnull=True, offer__isnull=True)
                    | Q(
                        ai_model__isnull=True,
                        provider__isnull=False,
                        offer__isnull=True,
                    )
                    | Q(
                        ai_model__isnull=True,
                        provider__isnull=True,
                        offer__isnull=False,
                    )
                ),
                name="override_has_one_subject",
            ),
            models.CheckConstraint(
                condition=Q(effect="downrank", factor__gt=0, factor__lt=1)
                | (~Q(effect="downrank") & Q(factor__isnull=True)),
                name="override_factor_is_of_a_downrank",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("proposed_at")), name="override_expires"
            ),
            models.CheckConstraint(
                condition=~Q(reason=""), name="override_has_a_reason"
            ),
            models.CheckConstraint(
                condition=~Q(state="approved")
                | Q(needs_two=False)
                | (~Q(decided_by="") & ~Q(decided_by=F("proposed_by"))),
                name="override_has_two_people",
            ),
        )

    def __str__(self) -> str:
        return f"{self.effect}, until {self.expires_at:%Y-%m-%d}"

"""How far providers and models can be relied upon; see `apps.catalog.trust`."""

from django.db import models
from django.db.models import F, Q

from apps.catalog.models.ai_models import AIModel
from apps.catalog.models.providers import Provider
from apps.catalog.trust import DIMENSIONS
from apps.kit.clock import utc_now
from apps.kit.ids import uuid7

DIMENSION_CHOICES = [(d.slug, d.label) for d in DIMENSIONS.values()]


class TrustFact(models.Model):
    """One fact about a company that no other table has, with where it is written.

    The company is a provider's slug or a model's author. An editor's fact has `by`.
    """

    class Key(models.TextChoices):
        FMTI = "fmti", "Foundation Model Transparency Index, of 100"
        NOTICES = "notices", "Days of notice before each shutdown"
        CERTIFICATION = "certification", "SOC 2 or ISO 27001"
        DPA = "dpa", "Data processing agreement"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    company = models.CharField(max_length=64)
    key = models.CharField(max_length=20, choices=Key.choices)
    value = models.JSONField()
    source = models.CharField(max_length=200)
    url = models.CharField(max_length=300)
    licence = models.CharField(max_length=80, blank=True)
    stated_on = models.DateField()
    by = models.CharField(max_length=254, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["company", "key"], name="trust_fact_is_unique"
            ),
        )

    def __str__(self) -> str:
        return f"{self.company} {self.key}"


class TrustScore(models.Model):
    """One dimension of a provider's or a model's trust, computed from facts.

    `score` is None where nothing is known: not assessed is not zero. `evidence` is a
    list of {"text", "url", "on"}.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    provider = models.ForeignKey(
        Provider, on_delete=models.CASCADE, null=True, related_name="trust_scores"
    )
    ai_model = models.ForeignKey(
        AIModel, on_delete=models.CASCADE, null=True, related_name="trust_scores"
    )
    dimension = models.CharField(max_length=20, choices=DIMENSION_CHOICES)
    score = models.PositiveSmallIntegerField(null=True)
    evidence = models.JSONField(default=list)
    computed_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(score__isnull=True) | Q(score__lte=100),
                name="trust_score_is_of_100",
            ),
            models.CheckConstraint(
                condition=Q(score__isnull=True) | ~Q(evidence=[]),
                name="trust_score_has_evidence",
            ),
            models.CheckConstraint(
                condition=Q(provider__isnull=True) ^ Q(ai_model__isnull=True),
                name="trust_score_has_one_subject",
            ),
            models.UniqueConstraint(
                fields=["provider", "ai_model", "dimension"],
                nulls_distinct=False,
                name="trust_score_is_unique",
            ),
        )

    def __str__(self) -> str:
        return f"{self.dimension} {self.score}"


class TrustOverride(models.Model):
    """An editor's word against the computed tier or score, for a time and a reason."""

    class State(models.TextChoices):
        PROPOSED = "proposed", "Waits for a second editor"
        APPROVED = "approved", "Approved"
        REFUSED = "refused", "Refused"
        WITHDRAWN = "withdrawn", "Withdrawn"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    provider = models.ForeignKey(
        Provider, on_delete=models.CASCADE, null=True, related_name="trust_overrides"
    )
    ai_model = models.ForeignKey(
        AIModel, on_delete=models.CASCADE, null=True, related_name="trust_overrides"
    )
    # Empty: the tier is set, otherwise the score of this dimension.
    dimension = models.CharField(max_length=20, choices=DIMENSION_CHOICES, blank=True)
    tier = models.CharField(max_length=1, choices=Provider.Tier.choices, blank=True)
    score = models.PositiveSmallIntegerField(null=True)
    reason = models.TextField()
    evidence_url = models.CharField(max_length=300)
    evidence_on = models.DateField()
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
                condition=Q(provider__isnull=True) ^ Q(ai_model__isnull=True),
                name="trust_override_has_one_subject",
            ),
            models.CheckConstraint(
                condition=Q(dimension="", score__isnull=True, provider__isnull=False)
                | (~Q(dimension="") & Q(score__lte=100, tier="")),
                name="trust_override_sets_tier_or_score",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("proposed_at")),
                name="trust_override_expires",
            ),
            models.CheckConstraint(
                condition=~Q(reason="") & ~Q(evidence_url=""),
                name="trust_override_has_a_reason",
            ),
            models.CheckConstraint(
                condition=~Q(state="approved")
                | Q(needs_two=False)
                | (~Q(decided_by="") & ~Q(decided_by=F("proposed_by"))),
                name="trust_override_has_two_people",
            ),
        )

    def __str__(self) -> str:
        return f"{self.dimension or 'tier'} {self.tier or self.score}"

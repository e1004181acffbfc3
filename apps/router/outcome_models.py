"""Graded answers, and the prompts' vectors that wait for a grade."""

from typing import Final

from django.db import models

from apps.tenancy.models import TenantModel

VECTOR_BYTES: Final = 256


class PromptVector(TenantModel):
    """What one request's prompt was like, for as long as a grade may still come.

    A vector, not the prompt: it is made of some hundred words' hashes and says what a
    text is about, never what it says. Written only for organizations that learn.
    """

    request_id = models.UUIDField()
    # A digest of the text: equal prompts share their grades.
    prompt = models.BinaryField(max_length=16)
    vector = models.BinaryField(max_length=VECTOR_BYTES)
    model = models.TextField()
    cost_usd = models.DecimalField(max_digits=20, decimal_places=9, null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["org", "request_id"], name="prompt_vector_is_one_a_request"
            ),
        )
        indexes = (models.Index(fields=["created_at"], name="router_vector_by_age"),)

    def __str__(self) -> str:
        return f"The prompt of {self.request_id}"


class Outcome(TenantModel):
    """How good one answer was, by one who judged it."""

    class Source(models.TextChoices):
        FEEDBACK = "feedback", "Feedback"
        EXPERIMENT = "experiment", "Experiment"
        CHECK = "check", "Sanity check"
        PANEL = "panel", "Panel"

    request_id = models.UUIDField(null=True)
    source = models.CharField(max_length=10, choices=Source.choices)
    # Who judged: a key's id, or empty for a member or a judge of ours.
    grader = models.CharField(max_length=36, blank=True, default="")
    # None: a label or a comment alone, which no choice is made by.
    quality = models.FloatField(null=True)
    label = models.CharField(max_length=100, blank=True, default="")
    comment = models.CharField(max_length=2000, blank=True, default="")
    model = models.TextField(blank=True, default="")
    cost_usd = models.DecimalField(max_digits=20, decimal_places=9, null=True)
    # None: the prompt's vector was not kept, so nothing can be learned from this.
    prompt = models.BinaryField(max_length=16, null=True)
    vector = models.BinaryField(max_length=VECTOR_BYTES, null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["org", "request_id", "source", "grader"],
                name="outcome_is_one_a_grader",
            ),
            models.CheckConstraint(
                condition=models.Q(quality=None)
                | models.Q(quality__gte=0, quality__lte=1),
                name="outcome_quality_is_a_share",
            ),
        )
        indexes = (
            models.Index(fields=["org", "-created_at"], name="router_outcome_newest"),
        )

    def __str__(self) -> str:
        return f"{self.model}: {self.quality} by {self.source}"


class Learner(TenantModel):
    """That an organization's requests are learned from, and what came of it so far."""

    # The rates of money by target, of the targets that may be used; empty: none may.
    rates = models.JSONField(default=dict, blank=True)
    usual_weight = models.FloatField(default=0.0)
    grades = models.PositiveIntegerField(default=0)
    # Why not (yet), in words, and the figures of the replay by target.
    why = models.CharField(max_length=300, blank=True, default="")
    report = models.JSONField(default=dict, blank=True)
    judged_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["org"], name="learner_is_one_an_org"),
        )

    def __str__(self) -> str:
        return f"Learner of {self.org_id}"

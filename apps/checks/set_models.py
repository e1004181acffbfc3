"""Sets of prompts: what a check asks, kept until somebody deletes it."""

from django.conf import settings
from django.db import models

from apps.tenancy.models import TenantModel


class PromptSet(TenantModel):
    """Prompts that are asked together; never changed once a set is made."""

    class Source(models.TextChoices):
        TYPED = "typed", "Typed"
        UPLOAD = "upload", "Uploaded"
        SAMPLED = "sampled", "Sampled from traffic"

    name = models.CharField(max_length=120)
    source = models.CharField(max_length=8, choices=Source)
    use_case = models.ForeignKey(
        "portfolio.UseCase",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    size = models.PositiveSmallIntegerField()
    # What was sampled from kept traffic goes when the traffic itself would; None:
    # what members wrote themselves stays until they delete it.
    expires_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = (
            models.Index(fields=["org", "-created_at"], name="prompt_set_newest"),
            models.Index(fields=["expires_at"], name="prompt_set_by_end"),
        )
        constraints = (
            models.CheckConstraint(
                condition=models.Q(source__in=["typed", "upload", "sampled"]),
                name="prompt_set_source_is_known",
            ),
        )

    def __str__(self) -> str:
        return self.name


class Prompt(TenantModel):
    """One prompt of a set: the customer's own words, for members who may read them."""

    prompt_set = models.ForeignKey(
        PromptSet,
        on_delete=models.CASCADE,
        related_name="prompts",
        db_constraint=False,
        db_index=False,
    )
    # From 0, in the order they were given.
    position = models.PositiveSmallIntegerField()
    # A list of {"role", "content"}: mostly one message of the user.
    messages = models.JSONField()
    # What the right answer is or holds, for checks that compare with it.
    expected = models.TextField(blank=True)

    class Meta:
        ordering = ("position",)
        constraints = (
            models.UniqueConstraint(
                fields=["org", "prompt_set", "position"],
                name="prompt_is_one_a_position",
            ),
        )

    def __str__(self) -> str:
        return f"Prompt {self.position} of {self.prompt_set_id}"

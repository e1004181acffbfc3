"""The first answers to requests that carried an `Idempotency-Key`, kept for a day."""

from django.db import models

from apps.accounts.models import APIKey
from apps.tenancy.models import TenantModel


class IdempotentAnswer(TenantModel):
    """One key of one API key: who is working on it, or what was answered.

    Written by the web processes in SQL (`idempotency_store`). A row whose lease is over
    belongs to a process that died; a retry of the same body takes it over.
    """

    class State(models.TextChoices):
        RUNNING = "running", "Under way"
        ANSWERED = "answered", "Answered"
        # Answered and billed, but longer than is kept.
        TOO_LARGE = "too_large", "Answered, not kept"

    key = models.ForeignKey(
        APIKey,
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    # The header as it came: visible ASCII.
    name = models.CharField(max_length=255)
    # A keyed hash of address and body.
    digest = models.BinaryField()
    state = models.CharField(max_length=9, choices=State, default=State.RUNNING)
    holder = models.UUIDField()
    lease_until = models.DateTimeField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    # The request that was billed.
    request_id = models.UUIDField(null=True)
    sealed = models.BinaryField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=["expires_at"], name="router_idempotent_by_end"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["org", "key", "name"], name="idempotent_answer_is_one_a_key"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["running", "answered", "too_large"]),
                name="idempotent_state_is_known",
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.state}"

"""People who asked to be told when they may sign up."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from apps.kit.ids import uuid7


class WaitlistEntry(models.Model):
    """One address, on the list once whoever reads its mail has said so."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(unique=True)  # in lower case
    # Of the newest mail's link, which is kept nowhere and works once.
    digest = models.BinaryField(max_length=32, null=True, unique=True)
    expires_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    # Since when this address may open an account.
    admitted_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "waitlist entries"
        ordering = ("id",)
        constraints = (
            models.CheckConstraint(
                condition=Q(email=Lower(F("email"))), name="waitlist_is_lower_case"
            ),
            models.CheckConstraint(
                condition=Q(admitted_at=None) | Q(confirmed_at__isnull=False),
                name="waitlist_admits_the_confirmed",
            ),
        )

    def __str__(self) -> str:
        return self.email

"""Conditions that customers want to be told of, and marks of what was looked at."""

from django.db import models

from apps.alerts.kinds import SEVERITIES, Severity
from apps.tenancy.models import TenantModel


class Rule(TenantModel):
    """A condition that somebody wants to be told of."""

    class About(models.TextChoices):
        PRICE_MOVE = "price_move", "The price of a model I use moves"
        BETTER_MODEL = "better_model", "A model beats mine at a lower price"
        SPEND = "spend", "The spend of an alias in a day"

    about = models.CharField(max_length=16, choices=About.choices)
    name = models.CharField(max_length=120)
    params = models.JSONField(default=dict)
    severity = models.PositiveSmallIntegerField(
        choices=SEVERITIES, default=Severity.WARNING
    )
    # Told again of the same subject only after so many hours.
    cooldown_h = models.PositiveSmallIntegerField(default=24)
    is_enabled = models.BooleanField(default=True)
    created_by = models.CharField(max_length=254, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    # Up to where what happens in the catalog has been looked at.
    looked_at = models.DateTimeField(null=True)
    fired_at = models.DateTimeField(null=True)
    # When each subject was last told of, within the cool-down.
    told = models.JSONField(default=dict)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("name", "id")
        indexes = (models.Index(fields=["org", "about"], name="rule_by_about"),)

    def __str__(self) -> str:
        return self.name


class Watermark(models.Model):
    """Up to where a reader of the catalog's changes has come; it is nobody's."""

    name = models.CharField(primary_key=True, max_length=40)
    at = models.DateTimeField()
    last_id = models.UUIDField(null=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "alert_watermarks"

    def __str__(self) -> str:
        return f"{self.name} {self.at}"
